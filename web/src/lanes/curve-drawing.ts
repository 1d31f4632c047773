/** Drawing of curves in percentiles: scale, asked curve, measured curve. */

import { colourOf } from "../state/theme";
import type { Axis } from "./axis";
import { type Point, valueAt } from "./curve-points";
import type { Pen } from "./lane";

/** What a sound does, by frame; null where it cannot be told. */
export interface Measured {
  values: readonly (number | null)[];
  /** Values a second (Hz). */
  rate: number;
}

export const yOf = (percentile: number, height: number) =>
  height - 6 - (percentile / 100) * (height - 12);
export const percentileOf = (y: number, height: number) => (100 * (height - 6 - y)) / (height - 12);

export function drawScale({ pen, width, height }: Pen): void {
  pen.fillStyle = colourOf("line");
  for (const percentile of [0, 50, 100]) {
    pen.fillRect(0, Math.round(yOf(percentile, height)), width, 1);
  }
}

/** Faint, behind the curve: so that what was asked and what came can be compared. */
export function drawMeasured(axis: Axis, { pen, width, height }: Pen, measured: Measured): void {
  pen.strokeStyle = colourOf("muted");
  pen.setLineDash([2, 3]);
  pen.beginPath();
  let isDown = false;
  for (let x = 0; x < width; x++) {
    const value = measured.values[Math.floor(axis.timeAt(x) * measured.rate)];
    if (value === null || value === undefined) isDown = false;
    else {
      if (isDown) pen.lineTo(x, yOf(value, height));
      else pen.moveTo(x, yOf(value, height));
      isDown = true;
    }
  }
  pen.stroke();
  pen.setLineDash([]);
}

export function drawCurve(
  axis: Axis,
  { pen, width, height }: Pen,
  points: readonly Point[],
  colour: string,
  chosen: number,
): void {
  if (!points.length) return;
  pen.strokeStyle = colour;
  pen.fillStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(0, yOf(valueAt(points, axis.start.peek()), height));
  for (const [t, p] of points) {
    const x = axis.xOf(t);
    if (x > 0 && x < width) pen.lineTo(x, yOf(p, height));
  }
  pen.lineTo(width, yOf(valueAt(points, axis.timeAt(width)), height));
  pen.stroke();
  points.forEach(([t, p], n) => {
    pen.beginPath();
    pen.arc(axis.xOf(t), yOf(p, height), n === chosen ? 5 : 3, 0, 2 * Math.PI);
    pen.fill();
  });
}
