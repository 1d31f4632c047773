/** Where a sound repeats recordings: marks under its waveform, each heard beside its source. */

import { useMemo } from "preact/hooks";
import type { Axis } from "../lanes/axis";
import { Icon } from "../parts/icon";
import { audition, current, isPlaying, select, toggle } from "../player/player";
import { get, query } from "../state/api";
import { useKeys } from "../state/keys";
import type { ModelView, RenderView } from "../state/records";
import { soundOfRender } from "../state/renders";
import { useResource } from "../state/resource";
import { levelUrl, soundUrl } from "../state/sounds";
import { toastError } from "../state/toasts";

/** A passage of a sound that repeats a recording; times in seconds. */
export interface Passage {
  seconds: number;
  output_s: number;
  source: string;
  source_s: number;
}

interface Sources {
  repeats: Passage[];
}

/** All passages of a render that repeat recordings; those of earlier sounds are measured now. */
export function useRepeats(view: RenderView | null): Passage[] {
  const known = (view?.copy as Sources | null)?.repeats;
  const isAsked = view?.exists && !known && (view.copy?.passage_percent as number) > 0;
  const path = isAsked ? query(`/sounds/${view.hash}/sources`, { model: view.model_id }) : "";
  const found = useResource<Sources>(path).value.value?.repeats;
  return useMemo(() => known ?? found ?? [], [view?.id, known, found]);
}

const keyOf = (view: RenderView, passage: Passage) => `render-${view.id}@${passage.output_s}`;

/** Plays a passage of a render, with the recording that it repeats as B. */
export async function playBesideSource(view: RenderView, passage: Passage): Promise<void> {
  if (current.peek()?.key === keyOf(view, passage)) return toggle();
  try {
    const model = await get<ModelView>(`/models/${view.model_id}`);
    const file = model.corpus.find((entry) => entry.name === passage.source);
    if (!file) throw new Error(`${passage.source} is not among the sounds of ${model.name}.`);
    const level = (hash: string, from: number) => levelUrl(hash, from, from + passage.seconds);
    const here = { ...soundOfRender(view), peaks: "", duration_s: 0, start_s: passage.output_s };
    audition(
      {
        ...here,
        key: keyOf(view, passage),
        title: `${view.title} from ${timeOf(passage.output_s)}`,
        loudness: null,
        level: level(view.hash, passage.output_s),
      },
      {
        key: `${file.hash}@${passage.source_s}`,
        title: `${passage.source} from ${timeOf(passage.source_s)}`,
        audio: soundUrl(file.hash, "audio"),
        peaks: "",
        duration_s: 0,
        loudness: null,
        level: level(file.hash, passage.source_s),
        start_s: passage.source_s,
      },
    );
    // Marked, so that L loops it alone.
    select({ from: 0, to: passage.seconds });
  } catch (error) {
    toastError(error);
  }
}

const timeOf = (seconds: number) => `${seconds.toFixed(2)} s`;

interface MarksProps {
  axis: Axis;
  view: RenderView;
  repeats: readonly Passage[];
}

/** The marks, under the shared time axis. The list below it is for keys and readers. */
export function RepeatMarks({ axis, view, repeats }: MarksProps) {
  if (!repeats.length) return null;
  // Read, so that the marks follow zoom and pan.
  void [axis.start.value, axis.perPixel.value, axis.width.value];
  return (
    <div class="repeat-marks" aria-hidden="true">
      {repeats.map((passage) => {
        const left = Math.max(0, axis.xOf(passage.output_s));
        const right = Math.min(axis.width.value, axis.xOf(passage.output_s + passage.seconds));
        if (right <= left) return null;
        return (
          <button
            key={passage.output_s}
            type="button"
            tabIndex={-1}
            title={`Repeats ${passage.source} from ${timeOf(passage.source_s)}`}
            style={{ left: `${left}px`, width: `${right - left}px` }}
            onClick={() => void playBesideSource(view, passage)}
          />
        );
      })}
    </div>
  );
}

/** The same as a list; `r` plays one after the other. */
export function RepeatList({ view, repeats }: Omit<MarksProps, "axis">) {
  const at = repeats.findIndex((passage) => current.value?.key === keyOf(view, passage));
  useKeys("Repeated passages", [
    {
      key: "r",
      does: "The next passage that repeats a recording, with the recording as B",
      run: () => {
        const next = repeats[(at + 1) % repeats.length];
        if (next) void playBesideSource(view, next);
      },
    },
  ]);
  if (!repeats.length) return null;
  return (
    <section class="repeats">
      <h3>
        Repeats <span class="muted small">R plays the next, B swaps to the recording</span>
      </h3>
      <ul>
        {repeats.map((passage, n) => (
          <li key={passage.output_s}>
            <button
              type="button"
              class="quiet small-button repeat"
              aria-pressed={n === at}
              onClick={() => void playBesideSource(view, passage)}
            >
              <Icon name={n === at && isPlaying.value ? "pause" : "play"} filled />
              <span class="number">{timeOf(passage.output_s)}</span>
              <span class="cut">
                {passage.source} <span class="muted">from {timeOf(passage.source_s)}</span>
              </span>
              <span class="muted small">{timeOf(passage.seconds)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
