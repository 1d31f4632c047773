/** Stretches of time, chosen by a drag on a lane. */

import type { Axis } from "./axis";

export interface Span {
  from: number;
  to: number;
}

/** Pixels that a press may move and still be a click. */
const STILL = 3;

/** A drag selects, a click seeks. */
export function dragSpan(
  axis: Axis,
  down: PointerEvent,
  onSelect?: (span: Span | null) => void,
  onSeek?: (seconds: number) => void,
): void {
  if (down.button !== 0) return;
  const target = down.currentTarget as HTMLElement;
  const left = target.getBoundingClientRect().left;
  const timeAt = (event: PointerEvent) =>
    Math.min(axis.length.peek(), Math.max(0, axis.timeAt(event.clientX - left)));
  const from = timeAt(down);
  target.setPointerCapture(down.pointerId);
  const isStill = (event: PointerEvent) => Math.abs(event.clientX - down.clientX) < STILL;
  const move = (event: PointerEvent) => {
    if (isStill(event)) return;
    const to = timeAt(event);
    onSelect?.({ from: Math.min(from, to), to: Math.max(from, to) });
  };
  const up = (event: PointerEvent) => {
    target.removeEventListener("pointermove", move);
    target.removeEventListener("pointerup", up);
    if (!isStill(event)) return;
    onSelect?.(null);
    onSeek?.(from);
  };
  target.addEventListener("pointermove", move);
  target.addEventListener("pointerup", up);
}
