/** The waveform of a sound under the shared axis. */

import { type Signal, useComputed } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { colourOf, isLight } from "../state/theme";
import type { Axis } from "./axis";
import { LaneCanvas, type Pen } from "./lane";
import { extremes, levelFor, loadPeaks, type Peaks } from "./peaks";
import { dragSpan, type Span } from "./span";

interface Props {
  axis: Axis;
  /** Peaks that are there already, or the URL that gives them. */
  peaks: Peaks | string | null;
  /** Stretch that is marked. */
  span?: Signal<Span | null>;
  height: number;
  /** Place of the sound that plays, in seconds; with it, keys seek and select. */
  position?: Signal<number>;
  onSeek?: (seconds: number) => void;
}

export function Waveform({ axis, peaks, span, height, position, onSeek }: Props) {
  const loaded = usePeaks(axis, peaks);
  const light = isLight.value;
  const marked = span?.value ?? null;
  return (
    <div
      class="lane"
      {...(position && slider(axis, position, span, onSeek))}
      onPointerDown={(event) =>
        dragSpan(
          axis,
          event,
          (next) => {
            if (span) span.value = next;
          },
          onSeek,
        )
      }
    >
      <LaneCanvas
        axis={axis}
        height={height}
        deps={[loaded, light, marked]}
        draw={(pen) => {
          if (marked) drawSpan(axis, pen, marked);
          if (loaded) drawWave(axis, pen, loaded);
        }}
      />
    </div>
  );
}

/** Steps of the arrow keys, in seconds: alone, and with Shift, which selects. */
const STEP_S = 1;
const SHIFT_STEP_S = 0.1;

/** What makes the lane a slider for keys and screen readers. */
function slider(
  axis: Axis,
  position: Signal<number>,
  span: Props["span"],
  onSeek: Props["onSeek"],
) {
  const length = axis.length.value;
  // Asked for once it is needed: a lane that follows the sound would be drawn 60 times a second.
  const now = () => Math.max(0, position.peek());
  const text = () => `${now().toFixed(1)} of ${length.toFixed(1)} seconds`;
  return {
    role: "slider" as const,
    tabIndex: 0,
    "aria-label": "Place in the sound",
    "aria-valuemin": 0,
    "aria-valuemax": Math.round(length * 10) / 10,
    "aria-valuenow": Math.round(now() * 10) / 10,
    "aria-valuetext": text(),
    onFocus: (event: FocusEvent) => {
      (event.currentTarget as HTMLElement).setAttribute("aria-valuetext", text());
    },
    onKeyDown: (event: KeyboardEvent) => {
      const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      if (event.key === "Home") onSeek?.(0);
      else if (event.key === "End") onSeek?.(Math.max(0, length - STEP_S));
      else if (!step) return;
      else if (event.shiftKey && span) {
        const { from, to } = span.peek() ?? { from: now(), to: now() };
        const end = Math.min(length, Math.max(from, to + step * SHIFT_STEP_S));
        span.value = end > from ? { from, to: end } : null;
      } else onSeek?.(Math.min(length, Math.max(0, now() + step * STEP_S)));
      event.preventDefault();
      event.stopPropagation();
    },
  };
}

/** Peaks as fine as the zoom can show. */
function usePeaks(axis: Axis, peaks: Peaks | string | null): Peaks | null {
  const [loaded, setLoaded] = useState<Peaks | null>(null);
  const length = axis.length.value;
  // A signal of its own: the lane is not made anew at each step of a zoom, but where other peaks are due.
  const level = useComputed(() =>
    levelFor(axis.length.value, axis.length.value / axis.perPixel.value),
  );
  useEffect(() => {
    if (typeof peaks !== "string") return;
    let isGone = false;
    loadPeaks(peaks, length, level.value, () => !isGone).then(
      (next) => {
        if (next && !isGone) setLoaded(next);
      },
      () => {
        // A sound without a waveform is still played.
      },
    );
    return () => {
      isGone = true;
    };
  }, [peaks, length, level.value]);
  return typeof peaks === "string" ? loaded : peaks;
}

function drawWave(axis: Axis, { pen, width, height }: Pen, peaks: Peaks): void {
  pen.fillStyle = colourOf("text");
  const pairs = peaks.values.length / 2;
  const perSecond = pairs / peaks.seconds;
  const perColumn = axis.perPixel.peek() * perSecond;
  const first = axis.start.peek() * perSecond;
  for (let x = 0; x < width; x++) {
    const at = first + x * perColumn;
    if (at >= pairs) return;
    const [least, greatest] = extremes(peaks.values, at, perColumn);
    const top = ((1 - greatest / 127) / 2) * height;
    const bottom = ((1 - least / 127) / 2) * height;
    pen.fillRect(x, top, 1, Math.max(1, bottom - top));
  }
}

export function drawSpan(axis: Axis, { pen, height }: Pen, span: Span): void {
  const x = axis.xOf(span.from);
  pen.fillStyle = colourOf("raised");
  pen.fillRect(x, 0, axis.xOf(span.to) - x, height);
  pen.fillStyle = colourOf("accent");
  pen.fillRect(x, 0, 1, height);
  pen.fillRect(axis.xOf(span.to) - 1, 0, 1, height);
}
