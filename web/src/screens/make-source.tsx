/** The sound that a take starts from, and the part of it that is drawn anew. */

import { effect, type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { Axis } from "../lanes/axis";
import { useLanes } from "../lanes/lane";
import { Ruler } from "../lanes/ruler";
import type { Span } from "../lanes/span";
import { Waveform } from "../lanes/waveform";
import { latest, type load } from "../player/player";
import { type MakeDraft, type Source, WAYS } from "../state/make";
import { soundUrl } from "../state/sounds";

type Sound = Parameters<typeof load>[0];

export function SourceLane({ draft }: { draft: Signal<MakeDraft> }) {
  const { way, source } = draft.value;
  if (!WAYS[way].takesSource) return null;
  // Also one that was heard on another screen, and is in the dock no more.
  const playing = latest.value && sourceOf(latest.value);
  return (
    <section class="panel stack">
      <div class="row">
        <h2>Starts from</h2>
        <span class="cut">{source ? source.title : "a sound: play one, then take it"}</span>
        <button
          type="button"
          class="small-button spread"
          disabled={!playing}
          onClick={() => {
            draft.value = { ...draft.peek(), source: playing, span: null };
          }}
        >
          {playing ? `Take ${playing.title}` : "Take the sound in the player"}
        </button>
      </div>
      {source && way === "infill" && <Stretch key={source.id} draft={draft} source={source} />}
    </section>
  );
}

/** The sound in the player as a source; null for one that no request can name. */
function sourceOf(sound: Sound): Source | null {
  const { title, duration_s } = sound;
  const render = /^render-(.+)$/.exec(sound.key)?.[1];
  if (render) return { kind: "render", id: render, title, duration_s };
  const hash = /\/sounds\/([0-9a-f]+)\/audio$/.exec(sound.audio)?.[1];
  return hash ? { kind: "sound", id: hash, title, duration_s } : null;
}

function Stretch({ draft, source }: { draft: Signal<MakeDraft>; source: Source }) {
  const axis = useMemo(() => new Axis(source.duration_s), []);
  const lanes = useLanes(axis);
  const span = useMemo(() => signal<Span | null>(spanOf(draft.peek())), []);
  useEffect(
    () =>
      effect(() => {
        const next = span.value;
        draft.value = { ...draft.peek(), span: next ? [next.from, next.to] : null };
      }),
    [],
  );
  const now = span.value;
  const set = (changes: Partial<Span>) => {
    const next = { from: 0, to: source.duration_s, ...span.peek(), ...changes };
    span.value = next.to > next.from ? next : null;
  };
  const peaks = source.kind === "sound" ? soundUrl(source.id, "peaks") : null;
  return (
    <>
      <div ref={lanes} class="lanes">
        <Ruler axis={axis} />
        <Waveform axis={axis} peaks={peaks} span={span} height={64} />
      </div>
      <div class="row">
        <span class="muted">drawn anew</span>
        {(["from", "to"] as const).map((edge) => (
          <label key={edge} class="field">
            <span>{edge}</span>
            <input
              type="number"
              class="short-number"
              min="0"
              max={source.duration_s}
              step="any"
              value={now ? Number(now[edge].toFixed(3)) : ""}
              onChange={(event) => set({ [edge]: Number(event.currentTarget.value) })}
            />
          </label>
        ))}
        s
      </div>
    </>
  );
}

const spanOf = ({ span }: MakeDraft): Span | null => (span ? { from: span[0], to: span[1] } : null);
