/** The waveform in the dock: seek by click, loop by drag, both by key. */

import { useEffect, useRef } from "preact/hooks";
import { drawPeaks, levelFor, loadPeaks } from "../lanes/peaks";
import { clock } from "../state/format";
import { colourOf, isLight } from "../state/theme";
import { current, isLoading, position, seek, select, selection } from "./player";
import { decodedPeaks } from "./sounds";

/** A drag shorter than this is a click, in pixels. */
const LEAST_DRAG = 4;

/** Steps of the arrow keys, in seconds. */
const STEP_S = 1;
const SHIFT_STEP_S = 0.1;

export function Wave() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const sound = current.value;
  const light = isLight.value;
  const length = sound?.duration_s ?? 0;

  useEffect(() => {
    const element = canvas.current;
    if (!element || !sound?.duration_s) return;
    if (!sound.peaks && isLoading.value) return;
    let isGone = false;
    const draw = async () => {
      const peaks = sound.peaks
        ? await loadPeaks(
            sound.peaks,
            sound.duration_s,
            levelFor(sound.duration_s, element.clientWidth * 2),
          )
        : await decodedPeaks(sound.key);
      if (!peaks) clear(element);
      if (peaks && !isGone) drawPeaks(element, peaks, 0, sound.duration_s, colourOf("muted"));
    };
    const redraw = () => void draw().catch(() => {});
    redraw();
    const observer = new ResizeObserver(redraw);
    observer.observe(element);
    return () => {
      isGone = true;
      observer.disconnect();
    };
  }, [sound?.key, sound?.duration_s, light, !sound?.peaks && isLoading.value]);

  const timeAt = (x: number): number => {
    const box = frame.current?.getBoundingClientRect();
    if (!box) return 0;
    return Math.min(1, Math.max(0, (x - box.left) / box.width)) * length;
  };

  const onPointerDown = (down: PointerEvent) => {
    if (down.button !== 0 || !sound) return;
    const target = down.currentTarget as HTMLElement;
    target.setPointerCapture(down.pointerId);
    const from = timeAt(down.clientX);
    const move = (event: PointerEvent) => {
      if (Math.abs(event.clientX - down.clientX) < LEAST_DRAG) return;
      const to = timeAt(event.clientX);
      select({ from: Math.min(from, to), to: Math.max(from, to) });
    };
    const up = (event: PointerEvent) => {
      target.removeEventListener("pointermove", move);
      target.removeEventListener("pointerup", up);
      if (Math.abs(event.clientX - down.clientX) >= LEAST_DRAG) return;
      select(null);
      seek(from);
    };
    target.addEventListener("pointermove", move);
    target.addEventListener("pointerup", up);
  };

  const share = (seconds: number) => `${length ? (100 * seconds) / length : 0}%`;
  const stretch = selection.value;
  const now = Math.min(position.value, length);
  return (
    <div
      ref={frame}
      class="wave"
      role="slider"
      tabIndex={0}
      aria-label="Place in the sound"
      aria-valuemin={0}
      aria-valuemax={Math.round(length * 10) / 10}
      aria-valuenow={Math.round(now * 10) / 10}
      aria-valuetext={`${now.toFixed(1)} of ${length.toFixed(1)} seconds`}
      aria-disabled={!sound}
      onPointerDown={onPointerDown}
      onKeyDown={(event) => onKey(event, length)}
    >
      <canvas ref={canvas} />
      {stretch && (
        <span
          class="wave-selection"
          style={{ left: share(stretch.from), width: share(stretch.to - stretch.from) }}
        />
      )}
      {sound && <span class="playhead" style={{ left: share(now) }} />}
    </div>
  );
}

function clear(canvas: HTMLCanvasElement): void {
  canvas.getContext("2d")?.clearRect(0, 0, canvas.width, canvas.height);
}

function onKey(event: KeyboardEvent, length: number): void {
  const back = event.key === "ArrowLeft";
  if (event.key === "Home") seek(0);
  else if (event.key === "End") seek(length);
  else if (!back && event.key !== "ArrowRight") return;
  else if (event.shiftKey) extend(back ? -SHIFT_STEP_S : SHIFT_STEP_S, length);
  else seek(position.value + (back ? -STEP_S : STEP_S));
  event.preventDefault();
}

/** Moves the end of the selection, which begins at the playhead. */
function extend(step: number, length: number): void {
  const { from, to } = selection.value ?? { from: position.value, to: position.value };
  select({ from, to: Math.min(length, Math.max(from, to + step)) });
}

export function timeText(): string {
  const sound = current.value;
  if (!sound) return "";
  const digits = sound.duration_s < 600 ? 1 : 0;
  return `${clock(position.value, digits)} / ${clock(sound.duration_s, digits)}`;
}
