/** A steering curve: drawn by hand, moved point by point by pointer or keys, or typed. */

import type { Signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { keyName } from "../state/keys";
import { colourOf, isLight } from "../state/theme";
import type { Axis } from "./axis";
import {
  drawCurve,
  drawMeasured,
  drawScale,
  type Measured,
  percentileOf,
  yOf,
} from "./curve-drawing";
import { drawOver, type Point, tidy, valueAt } from "./curve-points";
import { LaneCanvas } from "./lane";

interface Props {
  axis: Axis;
  label: string;
  token: string;
  points: Signal<Point[]>;
  /** What the sound really does, by frame; null where it cannot be told. */
  measured?: Measured | null;
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
