/** A steering curve: drawn by hand, moved point by point by pointer or keys, or typed. */

import type { Signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { keyName } from "../state/keys";
import { colourOf, isLight } from "../state/theme";
import type { Axis } from "./axis";
import { drawOver, type Point, tidy, valueAt } from "./curve-points";
import { LaneCanvas, type Pen } from "./lane";

interface Props {
  axis: Axis;
  label: string;
  token: string;
  points: Signal<Point[]>;
  /** What the sound really does, by frame; null where it cannot be told. */
  measured?: { values: readonly (number | null)[]; rate: number } | null;
  height: number;
}

/** Distance at which a point is taken hold of, in pixels. */
const GRAB = 8;

export function CurveLane({ axis, label, token, points, measured, height }: Props) {
  const [chosen, choose] = useState(0);
  const light = isLight.value;
  const list = points.value;
  const at = Math.min(chosen, Math.max(0, list.length - 1));
  const point = list[at];
  const text = point ? `${point[0].toFixed(2)} s, ${Math.round(point[1])} %` : "no points";
  return (
    <div
      class="lane curve-lane"
      role="slider"
      tabIndex={0}
      aria-label={`Curve of ${label}: point ${at + 1} of ${list.length}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(point?.[1] ?? 0)}
      aria-valuetext={text}
      aria-orientation="vertical"
      onPointerDown={(event) => onPointerDown(axis, points, height, event, choose)}
      onKeyDown={(event) => {
        const next = onKey(points, axis.length.peek(), at, keyName(event));
        if (next === null) return;
        choose(next);
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <LaneCanvas
        axis={axis}
        height={height}
        deps={[list, measured, light, at, token]}
        draw={(pen) => {
          drawScale(pen);
          if (measured) drawMeasured(axis, pen, measured);
          drawCurve(axis, pen, list, colourOf(token), at);
        }}
      />
    </div>
  );
}

const yOf = (percentile: number, height: number) => height - 6 - (percentile / 100) * (height - 12);
const percentileOf = (y: number, height: number) => (100 * (height - 6 - y)) / (height - 12);

function drawScale({ pen, width, height }: Pen): void {
  pen.fillStyle = colourOf("line");
  for (const percentile of [0, 50, 100]) {
    pen.fillRect(0, Math.round(yOf(percentile, height)), width, 1);
  }
}

type Measured = NonNullable<Props["measured"]>;

/** Faint, behind the curve: so that what was asked and what came can be compared. */
function drawMeasured(axis: Axis, { pen, width, height }: Pen, measured: Measured): void {
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

function drawCurve(
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

// --- hands ---------------------------------------------------------------------------------------

/** A press on a point moves it; anywhere else a stroke is drawn. */
function onPointerDown(
  axis: Axis,
  points: Signal<Point[]>,
  height: number,
  down: PointerEvent,
  choose: (n: number) => void,
): void {
  if (down.button !== 0) return;
  const target = down.currentTarget as HTMLElement;
  const box = target.getBoundingClientRect();
  const length = axis.length.peek();
  const placeOf = (event: PointerEvent): Point => [
    axis.timeAt(event.clientX - box.left),
    percentileOf(event.clientY - box.top, height),
  ];
  const before = points.peek();
  const held = before.findIndex(
    ([t, p]) =>
      Math.hypot(
        axis.xOf(t) - (down.clientX - box.left),
        yOf(p, height) - (down.clientY - box.top),
      ) < GRAB,
  );
  if (held >= 0) choose(held);
  const stroke: Point[] = [placeOf(down)];
  const move = (event: PointerEvent) => {
    if (held >= 0) {
      points.value = tidy(
        before.map((point, n) => (n === held ? placeOf(event) : point)),
        length,
      );
      return;
    }
    stroke.push(placeOf(event));
    points.value = drawOver(before, stroke, length);
  };
  const up = () => {
    target.removeEventListener("pointermove", move);
    target.removeEventListener("pointerup", up);
    if (held < 0 && stroke.length === 1) points.value = tidy([...before, ...stroke], length);
  };
  target.setPointerCapture(down.pointerId);
  target.addEventListener("pointermove", move);
  target.addEventListener("pointerup", up);
}

/** Steps of the keys: percentiles, and seconds. */
const STEP = 1;
const LONG_STEP = 10;
const STEP_S = 0.1;

/** Changes points by a key; gives the number of the point that has the focus then. */
function onKey(points: Signal<Point[]>, length: number, at: number, key: string): number | null {
  const list = points.peek();
  const put = (change: (point: Point) => Point) => {
    points.value = tidy(
      list.map((point, n) => (n === at ? change(point) : point)),
      length,
    );
    return at;
  };
  switch (key) {
    case "ArrowLeft":
      return Math.max(0, at - 1);
    case "ArrowRight":
      return Math.min(list.length - 1, at + 1);
    case "ArrowUp":
      return put(([t, p]) => [t, p + STEP]);
    case "ArrowDown":
      return put(([t, p]) => [t, p - STEP]);
    case "Shift+ArrowUp":
      return put(([t, p]) => [t, p + LONG_STEP]);
    case "Shift+ArrowDown":
      return put(([t, p]) => [t, p - LONG_STEP]);
    case "Ctrl+ArrowLeft":
      return put(([t, p]) => [t - STEP_S, p]);
    case "Ctrl+ArrowRight":
      return put(([t, p]) => [t + STEP_S, p]);
    case "Insert":
      return insert(points, length, at);
    case "Delete":
      points.value = list.filter((_, n) => n !== at);
      return Math.max(0, at - 1);
    default:
      return null;
  }
}

/** A new point between the focused one and the next. */
function insert(points: Signal<Point[]>, length: number, at: number): number {
  const list = points.peek();
  const here = list[at]?.[0] ?? 0;
  const next = list[at + 1]?.[0] ?? length;
  const seconds = (here + next) / 2;
  points.value = tidy([...list, [seconds, valueAt(list, seconds)]], length);
  return at + 1;
}
