/** Points of a steering curve: seconds and percentiles, in their order. */

export type Point = [seconds: number, percentile: number];

/** Points of a lane, at most: 800 in all are the most of the library. */
const MOST_POINTS = 160;

/** Least distance in time between two points, in seconds. */
const LEAST_STEP = 0.01;

/** How far a simplified curve may lie from what was drawn, in percentiles. */
const TOLERANCE = 1;

const round = (value: number, scale: number) => Math.round(value * scale) / scale;

/** Rounded, within bounds, in order; of two at one time the later stays. */
export function tidy(points: readonly Point[], length: number): Point[] {
  const sorted = points
    .map(
      ([t, p]): Point => [
        round(Math.min(length, Math.max(0, t)), 1000),
        round(Math.min(100, Math.max(0, p)), 10),
      ],
    )
    .sort((a, b) => a[0] - b[0]);
  const kept: Point[] = [];
  for (const point of sorted) {
    const last = kept.at(-1);
    if (last && point[0] - last[0] < LEAST_STEP) kept.pop();
    kept.push(point);
  }
  return kept;
}

/** The percentile at a time; the first and the last value go on outwards. */
export function valueAt(points: readonly Point[], seconds: number): number {
  const after = points.findIndex(([t]) => t >= seconds);
  const next = points[after < 0 ? points.length - 1 : after];
  const before = points[after - 1];
  if (!next) return 50;
  if (after <= 0 || !before) return next[1];
  const share = (seconds - before[0]) / (next[0] - before[0]);
  return before[1] + share * (next[1] - before[1]);
}

/** The part of a curve up to `seconds`. */
export function cutAt(points: readonly Point[], seconds: number): Point[] {
  const inside = points.filter(([t]) => t <= seconds);
  if (inside.length === points.length) return inside;
  return tidy([...inside, [seconds, valueAt(points, seconds)]], seconds);
}

/** Puts a drawn stroke in place of the points that it passes over, with as few points as do. */
export function drawOver(points: readonly Point[], stroke: readonly Point[], length: number) {
  const times = stroke.map(([t]) => t);
  const first = Math.min(...times);
  const last = Math.max(...times);
  const around = points.filter(([t]) => t < first || t > last);
  let tolerance = TOLERANCE;
  let result = tidy([...around, ...simplify(tidy(stroke, length), tolerance)], length);
  while (result.length > MOST_POINTS) {
    tolerance *= 2;
    result = tidy(simplify(result, tolerance), length);
  }
  return result;
}

/** Fewer points within `tolerance` percentiles. Source: Ramer 1972, Douglas and Peucker 1973. */
export function simplify(points: readonly Point[], tolerance: number): Point[] {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last || points.length < 3) return [...points];
  let farthest = 0;
  let at = 0;
  points.forEach((point, n) => {
    const distance = Math.abs(point[1] - valueAt([first, last], point[0]));
    if (distance > farthest) {
      farthest = distance;
      at = n;
    }
  });
  if (farthest <= tolerance) return [first, last];
  const left = simplify(points.slice(0, at + 1), tolerance);
  return [...left.slice(0, -1), ...simplify(points.slice(at), tolerance)];
}
