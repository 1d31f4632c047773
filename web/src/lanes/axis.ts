/** The time axis that all lanes of a screen share. */

import { computed, type Signal, signal } from "@preact/signals";

/** The closest view, in seconds a pixel: a code frame is 64 pixels wide. */
const CLOSEST = 1024 / 48_000 / 64;

export class Axis {
  /** Time at the left edge, in seconds. */
  readonly start = signal(0);
  /** Seconds a CSS pixel. */
  readonly perPixel = signal(0.01);
  /** Width of the lanes in CSS pixels. */
  readonly width = signal(0);
  readonly length: Signal<number>;
  readonly end = computed(() => this.start.value + this.width.value * this.perPixel.value);

  constructor(length: number) {
    this.length = signal(length);
  }

  /** Time at a place, in seconds. */
  timeAt(x: number): number {
    return this.start.value + x * this.perPixel.value;
  }

  /** Place of a time, in CSS pixels. */
  xOf(seconds: number): number {
    return (seconds - this.start.value) / this.perPixel.value;
  }

  resize(width: number): void {
    const isFirst = this.width.value === 0;
    this.width.value = width;
    if (isFirst && this.pending) this.show(this.pending[0], this.pending[1]);
    else if (isFirst) this.fit();
    else this.place(this.start.value, this.perPixel.value);
  }

  private pending: [number, number] | null = null;

  fit(): void {
    this.show(0, this.length.value);
  }

  /** Shows the stretch from `from` to `to` seconds. */
  show(from: number, to: number): void {
    if (this.width.value === 0) this.pending = [from, to];
    else this.place(from, (to - from) / this.width.value);
  }

  /** Zooms by `factor` (under 1: closer) about the place `x`, which stays where it is. */
  zoom(factor: number, x: number): void {
    const time = this.timeAt(x);
    const widest = this.length.value / Math.max(1, this.width.value);
    const next = Math.min(
      widest,
      Math.max(Math.min(CLOSEST, widest), this.perPixel.value * factor),
    );
    this.place(time - x * next, next);
  }

  pan(pixels: number): void {
    this.place(this.start.value + pixels * this.perPixel.value, this.perPixel.value);
  }

  /** Turns the page when `seconds` is out of sight. */
  reveal(seconds: number, share = 0.1): void {
    if (seconds >= this.start.value && seconds <= this.end.value) return;
    const shown = this.width.value * this.perPixel.value;
    this.place(seconds - share * shown, this.perPixel.value);
  }

  private place(start: number, perPixel: number): void {
    const latest = Math.max(0, this.length.value - this.width.value * perPixel);
    this.perPixel.value = perPixel;
    this.start.value = Math.min(latest, Math.max(0, start));
  }
}

/** Pixels of the wheel that double what is seen. */
const WHEEL_DOUBLES = 240;

/** Wheel: zooms at the pointer; with Shift, or sideways, it pans. */
export function onWheel(axis: Axis, event: WheelEvent): void {
  const target = event.currentTarget as HTMLElement;
  const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
  event.preventDefault();
  if (event.shiftKey || isSideways) axis.pan(event.deltaX || event.deltaY);
  else {
    const x = event.clientX - target.getBoundingClientRect().left;
    axis.zoom(2 ** (event.deltaY / WHEEL_DOUBLES), x);
  }
}
