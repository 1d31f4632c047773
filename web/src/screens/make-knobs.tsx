/** The knobs of Make: numbers with locks, and dice for those that are not locked. */

import type { Signal } from "@preact/signals";
import { Icon } from "../parts/icon";
import { KNOBS, type Knob, type MakeDraft, MORE_KNOBS, roll, WAYS } from "../state/make";

const COUNTS = [1, 4, 8];

export function Knobs({ draft }: { draft: Signal<MakeDraft> }) {
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
        <button type="button" onClick={() => set(roll(draft.peek()))}>
          <Icon name="dices" /> Roll
        </button>
      </div>
      <div class="knob-row">
        {KNOBS.map((knob) => (
          <Slider key={knob.name} knob={knob} draft={draft} hasLock />
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
      </details>
    </section>
  );
}

interface SliderProps {
  knob: Knob;
  draft: Signal<MakeDraft>;
  hasLock?: boolean;
}

function Slider({ knob, draft, hasLock = false }: SliderProps) {
  const value = draft.value.knobs[knob.name] ?? knob.usual;
  return (
    <span class="knob">
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
      {hasLock && <Lock draft={draft} name={knob.name} label={knob.label} />}
    </span>
  );
}

function Lock({ draft, name, label }: { draft: Signal<MakeDraft>; name: string; label: string }) {
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
