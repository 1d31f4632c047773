/** A region of the grid: frames and levels. */

import type { Codes } from "./codes";

export interface Region {
  /** First frame, and the frame after the last. */
  from: number;
  to: number;
  /** First level, and the level after the last. */
  top: number;
  bottom: number;
}

export interface Cell {
  frame: number;
  level: number;
}

export function regionOf(a: Cell, b: Cell): Region {
  return {
    from: Math.min(a.frame, b.frame),
    to: Math.max(a.frame, b.frame) + 1,
    top: Math.min(a.level, b.level),
    bottom: Math.max(a.level, b.level) + 1,
  };
}

export function holds(region: Region, cell: Cell): boolean {
  const isInTime = cell.frame >= region.from && cell.frame < region.to;
  return isInTime && cell.level >= region.top && cell.level < region.bottom;
}

/** Levels as the library counts them, from 1: `2` or `2-3`. */
export function levelsText({ top, bottom }: Region): string {
  return bottom - top === 1 ? String(bottom) : `${top + 1}-${bottom}`;
}

export function regionText(region: Region, codes: Codes): string {
  const seconds = (frame: number) => (frame / codes.frameRate).toFixed(2);
  const count = region.bottom - region.top;
  const levels =
    count === codes.levels
      ? "all levels"
      : count === 1
        ? codes.names[region.top]
        : `${count} levels`;
  return `${seconds(region.from)}–${seconds(region.to)} s · ${levels}`;
}
