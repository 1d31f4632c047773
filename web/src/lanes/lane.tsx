/** A canvas under the shared time axis, which is drawn again when something changes. */

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Axis } from "./axis";
import { penOf } from "./canvas";

export interface Pen {
  pen: CanvasRenderingContext2D;
  width: number;
  height: number;
}

interface Props {
  axis: Axis;
  height: number;
  /** Draws; signals that it reads make it draw again. */
  draw: (pen: Pen) => void;
  /** Other things that make it draw again. */
  deps?: readonly unknown[];
}

export function LaneCanvas({ axis, height, draw, deps = [] }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    let wanted = 0;
    const paint = () => {
      wanted = 0;
      const pen = penOf(element, axis.width.peek(), height);
      if (pen) draw({ pen, width: axis.width.peek(), height });
    };
    const end = effect(() => {
      void [axis.start.value, axis.perPixel.value, axis.width.value];
      wanted ||= requestAnimationFrame(paint);
    });
    return () => {
      end();
      cancelAnimationFrame(wanted);
    };
  }, [axis, height, ...deps]);
  return <canvas ref={canvas} class="lane-canvas" style={{ height: `${height}px` }} />;
}

/** Measures the width of the lanes, and lets the wheel zoom and pan them. */
export function useLanes(axis: Axis) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const lanes = element.current;
    if (!lanes) return;
    const measure = () => axis.resize(lanes.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(lanes);
    return () => observer.disconnect();
  }, [axis]);
  return element;
}
