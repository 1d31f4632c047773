/** The points of a curve as numbers. */

import type { Signal } from "@preact/signals";
import { type Point, tidy } from "./curve-points";

interface Props {
  label: string;
  points: Signal<Point[]>;
  length: number;
}

export function CurveTable({ label, points, length }: Props) {
  const change = (at: number, next: Point | null) => {
    const rest = points.peek().filter((_, n) => n !== at);
    points.value = tidy(next ? [...rest, next] : rest, length);
  };
  return (
    <details class="curve-table">
      <summary class="small muted">points</summary>
      <table class="figures" aria-label={`Points of ${label}`}>
        <thead>
          <tr>
            <th scope="col">seconds</th>
            <th scope="col">percentile</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {points.value.map(([seconds, percentile], n) => (
            <tr key={`${n}-${seconds}`}>
              <td>
                <Figure
                  label={`Seconds of point ${n + 1}`}
                  value={seconds}
                  most={length}
                  onChange={(value) => change(n, [value, percentile])}
                />
              </td>
              <td>
                <Figure
                  label={`Percentile of point ${n + 1}`}
                  value={percentile}
                  most={100}
                  onChange={(value) => change(n, [seconds, value])}
                />
              </td>
              <td>
                <button
                  type="button"
                  class="quiet small-button"
                  aria-label={`Remove point ${n + 1}`}
                  onClick={() => change(n, null)}
                >
                  Remove
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

interface FigureProps {
  label: string;
  value: number;
  most: number;
  onChange: (value: number) => void;
}

function Figure({ label, value, most, onChange }: FigureProps) {
  return (
    <input
      type="number"
      aria-label={label}
      min={0}
      max={most}
      step="any"
      value={value}
      onChange={(event) => onChange(Number(event.currentTarget.value))}
    />
  );
}
