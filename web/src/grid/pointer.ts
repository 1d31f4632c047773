/** The pointer on the grid: drags that select, move and stretch. */

import type { Codes } from "./codes";
import { type Cell, holds, type Region, regionOf } from "./selection";

/** Pixels from an edge of the selection within which a drag stretches it. */
const EDGE = 5;

/** Pixels that a press may move and still be a press. */
const STILL = 3;

/** What the pointer does to the grid. */
export interface Hands {
  codes(): Codes;
  cellAt(x: number, y: number): Cell;
  frameAt(x: number): number;
  xOf(frame: number): number;
  selection(): Region | null;
  select(region: Region | null): void;
  focus(cell: Cell): void;
  press(cell: Cell | null): void;
  ghost(region: Region | null): void;
  move(region: Region, to: number, isCopy: boolean): void;
  stretch(region: Region, factor: number): void;
  /** The selection is held over a place outside of the grid, or dropped there. */
  carry(region: Region, event: PointerEvent, isDrop: boolean): void;
  /** Level that is painted instead of selected; null: none. */
  brush(): number | null;
  paint(region: Region): void;
  /** Whether nothing is moved or stretched here. */
  isFixed(): boolean;
}

type Drag = (event: PointerEvent, x: number, y: number) => void;

export function onPointerDown(hands: Hands, down: PointerEvent): void {
  if (down.button !== 0) return;
  const target = down.currentTarget as HTMLElement;
  const box = target.getBoundingClientRect();
  const x = down.clientX - box.left;
  const y = down.clientY - box.top;
  const cell = hands.cellAt(x, y);
  const { drag, drop } = beginDrag(hands, down, cell, x);
  target.setPointerCapture(down.pointerId);
  hands.focus(cell);
  let isStill = true;
  const move = (event: PointerEvent) => {
    const dx = event.clientX - box.left;
    const dy = event.clientY - box.top;
    if (isStill && Math.hypot(dx - x, dy - y) < STILL) return;
    isStill = false;
    hands.press(null);
    drag(event, dx, dy);
  };
  const up = (event: PointerEvent) => {
    target.removeEventListener("pointermove", move);
    target.removeEventListener("pointerup", up);
    target.removeEventListener("pointercancel", up);
    hands.press(null);
    hands.ghost(null);
    if (event.type !== "pointerup") return;
    if (hands.brush() === cell.level && isStill) hands.paint(regionOf(cell, cell));
    else if (!isStill) drop(event, event.clientX - box.left, event.clientY - box.top);
    else if (!down.shiftKey) hands.select(whole(hands, regionOf(cell, cell), down));
  };
  target.addEventListener("pointermove", move);
  target.addEventListener("pointerup", up);
  target.addEventListener("pointercancel", up);
}

function beginDrag(hands: Hands, down: PointerEvent, cell: Cell, x: number) {
  const selected = hands.selection();
  if (hands.brush() === cell.level) return painting(hands, cell);
  if (selected && !down.shiftKey && !isWhole(down)) {
    const edge = hands.isFixed() ? null : edgeAt(hands, selected, cell, x);
    if (edge) return stretching(hands, selected, edge);
    if (holds(selected, cell)) return moving(hands, selected, cell.frame, down);
  }
  hands.press(cell);
  return selecting(hands, anchorOf(selected, cell, down), down);
}

const isWhole = (event: PointerEvent) => event.ctrlKey || event.metaKey;

/** With Ctrl a region has whole levels: all of their frames. */
function whole(hands: Hands, region: Region, event: PointerEvent): Region {
  return isWhole(event) ? { ...region, from: 0, to: hands.codes().frames } : region;
}

/** With Shift the selection grows from its far corner. */
function anchorOf(selected: Region | null, cell: Cell, down: PointerEvent): Cell {
  if (!selected || !down.shiftKey) return cell;
  const isLeft = cell.frame < (selected.from + selected.to) / 2;
  const isAbove = cell.level < (selected.top + selected.bottom) / 2;
  return {
    frame: isLeft ? selected.to - 1 : selected.from,
    level: isAbove ? selected.bottom - 1 : selected.top,
  };
}

function selecting(hands: Hands, anchor: Cell, down: PointerEvent): { drag: Drag; drop: Drag } {
  const drag: Drag = (_, x, y) => {
    hands.select(whole(hands, regionOf(anchor, hands.cellAt(x, y)), down));
  };
  if (down.shiftKey) hands.select(regionOf(anchor, hands.cellAt(...placeOf(down))));
  return { drag, drop: () => {} };
}

function placeOf(event: PointerEvent): [number, number] {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

/** A stroke of the brush: it stays on its level. */
function painting(hands: Hands, cell: Cell): { drag: Drag; drop: Drag } {
  const stroke = (x: number) =>
    regionOf(cell, { frame: hands.cellAt(x, 0).frame, level: cell.level });
  return {
    drag: (_, x) => hands.ghost(stroke(x)),
    drop: (_, x) => hands.paint(stroke(x)),
  };
}

function moving(
  hands: Hands,
  region: Region,
  grabbed: number,
  down: PointerEvent,
): { drag: Drag; drop: Drag } {
  const { height } = (down.currentTarget as HTMLElement).getBoundingClientRect();
  const isOutside = (y: number) => y < 0 || y > height;
  const length = region.to - region.from;
  const placeAt = (x: number) => {
    const latest = hands.codes().frames - length;
    return Math.min(latest, Math.max(0, region.from + Math.round(hands.frameAt(x) - grabbed)));
  };
  return {
    drag: (event, x, y) => {
      const from = placeAt(x);
      const stays = isOutside(y) || hands.isFixed();
      hands.ghost(stays ? null : { ...region, from, to: from + length });
      if (isOutside(y)) hands.carry(region, event, false);
    },
    drop: (event, x, y) => {
      const to = placeAt(x);
      if (isOutside(y)) hands.carry(region, event, true);
      else if (to !== region.from && !hands.isFixed()) hands.move(region, to, event.altKey);
    },
  };
}

function edgeAt(hands: Hands, region: Region, cell: Cell, x: number): "left" | "right" | null {
  if (cell.level < region.top || cell.level >= region.bottom) return null;
  if (Math.abs(x - hands.xOf(region.to)) <= EDGE) return "right";
  if (Math.abs(x - hands.xOf(region.from)) <= EDGE) return "left";
  return null;
}

function stretching(hands: Hands, region: Region, edge: "left" | "right") {
  const length = region.to - region.from;
  const stretched = (x: number): Region => {
    const at = Math.round(hands.frameAt(x));
    if (edge === "right") return { ...region, to: Math.max(region.from + 1, at) };
    return { ...region, from: Math.min(region.to - 1, at) };
  };
  const drag: Drag = (_, x) => hands.ghost(stretched(x));
  const drop: Drag = (_, x) => {
    const next = stretched(x);
    if (next.to - next.from !== length) hands.stretch(region, (next.to - next.from) / length);
  };
  return { drag, drop };
}
