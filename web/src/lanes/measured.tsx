/** Curves that a sound has, as percentiles of the corpus of a model: to be read, not to be drawn. */

import { colourOf, isLight } from "../state/theme";
import type { Axis } from "./axis";
import { LaneCanvas, type Pen } from "./lane";

/** Colour and dashes of each descriptor: colour is never alone. */
export const LINES: Record<string, { token: string; dash: number[] }> = {
  loudness: { token: "level-1", dash: [] },
  brightness: { token: "level-2", dash: [6, 3] },
  noisiness: { token: "level-4", dash: [2, 3] },
  pitch: { token: "level-6", dash: [10, 3, 2, 3] },
  onsets: { token: "level-8", dash: [1, 4] },
};

interface Props {
  axis: Axis;
  curves: Record<string, readonly (number | null)[]>;
  /** Values a second. */
  rate: number;
  /** Descriptors that are drawn. */
  shown: readonly string[];
  height: number;
}

export function MeasuredLane({ axis, curves, rate, shown, height }: Props) {
  const light = isLight.value;
  return (
    <div class="lane">
      <LaneCanvas
        axis={axis}
        height={height}
        deps={[curves, shown, light]}
        draw={(pen) => {
          drawScale(pen);
          for (const name of shown) {
            const line = LINES[name];
            const values = curves[name];
            if (line && values) drawLine(axis, pen, values, rate, line);
          }
        }}
      />
    </div>
  );
}

const MARGIN = 4;

const yOf = (percentile: number, height: number) =>
  height - MARGIN - (percentile / 100) * (height - 2 * MARGIN);

function drawScale({ pen, width, height }: Pen): void {
  pen.fillStyle = colourOf("line");
  for (const percentile of [0, 50, 100]) {
    pen.fillRect(0, Math.round(yOf(percentile, height)), width, 1);
  }
}

function drawLine(
  axis: Axis,
  { pen, width, height }: Pen,
  values: readonly (number | null)[],
  rate: number,
  { token, dash }: { token: string; dash: number[] },
): void {
  pen.strokeStyle = colourOf(token);
  pen.lineWidth = 1.5;
  pen.setLineDash(dash);
  pen.beginPath();
  let isDown = false;
  for (let x = 0; x < width; x++) {
    const value = mean(values, axis.timeAt(x) * rate, axis.timeAt(x + 1) * rate);
    if (value === null) isDown = false;
    else {
      if (isDown) pen.lineTo(x, yOf(value, height));
      else pen.moveTo(x, yOf(value, height));
      isDown = true;
    }
  }
  pen.stroke();
  pen.setLineDash([]);
}

/** Mean of the values from `first` to `last`, of one at least; null where there is none. */
function mean(values: readonly (number | null)[], first: number, last: number): number | null {
  const begin = Math.floor(first);
  const end = Math.max(begin + 1, Math.floor(last));
  let sum = 0;
  let count = 0;
  for (let n = begin; n < end; n++) {
    const value = values[n];
    if (value === null || value === undefined) continue;
    sum += value;
    count++;
  }
  return count ? sum / count : null;
}
