/** The knobs of Make: numbers with locks, and dice for those that are not locked. */

import type { Signal } from "@preact/signals";
import { AsCommand } from "../parts/commands";
import { Icon } from "../parts/icon";
import { percent } from "../state/format";
import { KNOBS, type Knob, type MakeDraft, MORE_KNOBS, takesOf, WAYS } from "../state/make";
import type { ModelView } from "../state/records";

const COUNTS = [1, 4, 8];

/** Share of a second model that is chosen first. */
const USUAL_SHARE = 0.4;

interface KnobsProps {
  draft: Signal<MakeDraft>;
  model: ModelView;
  /** Models that can generate. */
  models: ModelView[];
  onRoll: () => void;
}

export function Knobs({ draft, model, models, onRoll }: KnobsProps) {
  const now = draft.value;
  const set = (changes: Partial<MakeDraft>) => {
    draft.value = { ...draft.peek(), ...changes };
  };
  return (
    <section class="panel knobs" aria-label="Settings">
      <div class="knob-row">
        {!WAYS[now.way].lastsAsSource && (
          <label class="field">
            <span>length</span>
            <input
              type="number"
              class="short-number"
              min="0.1"
              max="3600"
              step="any"
              value={now.duration}
              onChange={(event) => set({ duration: Number(event.currentTarget.value) })}
            />
            s
          </label>
        )}
        <fieldset class="segments">
          <legend class="hidden-text">Takes</legend>
          {COUNTS.map((count) => (
            <label key={count}>
              <input
                type="radio"
                name="count"
                checked={now.count === count}
                onChange={() => set({ count })}
              />
              <span>
                {count} {count === 1 ? "take" : ""}
              </span>
            </label>
          ))}
        </fieldset>
        <span class="field">
          <label class="field">
            <span>seed</span>
            <input
              type="number"
              class="short-number"
              min="0"
              step="1"
              value={now.seed}
              onChange={(event) => set({ seed: Math.floor(Number(event.currentTarget.value)) })}
            />
          </label>
          <Lock draft={draft} name="seed" label="seed" />
        </span>
        <button type="button" title="Roll what is not locked (D)" onClick={onRoll}>
          <Icon name="dices" /> Roll
        </button>
      </div>
      <div class="knob-row">
        {KNOBS.map((knob) => (
          <Slider key={knob.name} knob={knob} draft={draft} />
        ))}
      </div>
      <details>
        <summary class="small muted">more</summary>
        <div class="knob-row">
          {MORE_KNOBS.filter((knob) => knob.name !== "amount" || now.way === "variation").map(
            (knob) => (
              <Slider key={knob.name} knob={knob} draft={draft} />
            ),
          )}
          <Text draft={draft} name="tempo" label="tempo" placeholder="of the sounds" unit="BPM" />
          <Text draft={draft} name="form" label="form" placeholder="AABA" />
          <Text draft={draft} name="like" label="like" placeholder="a name or folder" />
          <Text draft={draft} name="max_copy" label="repeats at most" placeholder="any" unit="%" />
        </div>
        <Blend draft={draft} model={model} models={models} />
      </details>
      <AsCommand path="/takes/command" body={takesOf(model.id, now)} />
    </section>
  );
}

interface SliderProps {
  knob: Knob;
  draft: Signal<MakeDraft>;
}

export function Slider({ knob, draft }: SliderProps) {
  const value = draft.value.knobs[knob.name] ?? knob.usual;
  return (
    <span class="dial">
      <label>
        <span class="muted">{knob.label}</span>
        <input
          type="range"
          min={knob.least}
          max={knob.most}
          step={knob.step}
          value={value}
          onInput={(event) => {
            const now = draft.peek();
            const number = Number(event.currentTarget.value);
            draft.value = { ...now, knobs: { ...now.knobs, [knob.name]: number } };
          }}
        />
        <output>
          {value}
          {knob.unit ? ` ${knob.unit}` : ""}
        </output>
      </label>
      <Lock draft={draft} name={knob.name} label={knob.label} />
    </span>
  );
}

export function Lock({
  draft,
  name,
  label,
}: {
  draft: Signal<MakeDraft>;
  name: string;
  label: string;
}) {
  const isOn = draft.value.locked.includes(name);
  return (
    <button
      type="button"
      class="quiet icon-only small-button"
      aria-pressed={isOn}
      aria-label={`Lock ${label}`}
      title={isOn ? `${label} is locked: dice leave it` : `Lock ${label}`}
      onClick={() => {
        const now = draft.peek();
        const others = now.locked.filter((entry) => entry !== name);
        draft.value = { ...now, locked: isOn ? others : [...others, name] };
      }}
    >
      <Icon name={isOn ? "lock" : "unlock"} />
    </button>
  );
}

/** A second model: the sound lies between the two. */
function Blend({ draft, model, models }: Omit<KnobsProps, "onRoll">) {
  const others = models.filter((entry) => entry.id !== model.id);
  const { blend } = draft.value;
  const set = (next: MakeDraft["blend"]) => {
    draft.value = { ...draft.peek(), blend: next };
  };
  if (!others.length && !blend) return null;
  return (
    <div class="knob-row">
      <label class="field">
        <span>blend with</span>
        <select
          value={blend?.model ?? ""}
          onChange={(event) => {
            const id = event.currentTarget.value;
            set(id ? { model: id, share: blend?.share ?? USUAL_SHARE } : null);
          }}
        >
          <option value="">no other model</option>
          {others.map((entry) => (
            <option key={entry.id} value={entry.id}>
              {entry.name} v{entry.version}
            </option>
          ))}
        </select>
      </label>
      {blend && (
        <span class="dial">
          <label>
            <span class="muted">share of it</span>
            <input
              type="range"
              min={0}
              max={1}
              step={0.05}
              value={blend.share}
              onInput={(event) => set({ ...blend, share: Number(event.currentTarget.value) })}
            />
            <output>{percent(blend.share)}</output>
          </label>
        </span>
      )}
    </div>
  );
}

interface TextProps {
  draft: Signal<MakeDraft>;
  name: string;
  label: string;
  placeholder: string;
  unit?: string;
}

function Text({ draft, name, label, placeholder, unit }: TextProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="text"
        class="short-text"
        placeholder={placeholder}
        value={draft.value.texts[name] ?? ""}
        onChange={(event) => {
          const now = draft.peek();
          draft.value = { ...now, texts: { ...now.texts, [name]: event.currentTarget.value } };
        }}
      />
      {unit}
    </label>
  );
}
