/** Drawing of the grid: codes below, what a person points at above. */

import { penOf } from "../lanes/canvas";
import { type Codes, codeAt, isLocked } from "./codes";
import { takesBlack } from "./colours";
import type { Row } from "./rows";
import type { Cell, Region } from "./selection";
import type { Tiles } from "./tiles";

/** Width of a column from which on numbers are printed in the cells, in CSS pixels. */
const NUMBERS_FROM = 22;

/** Least height of a cell that a number is printed in. */
const NUMBER_HEIGHT = 12;

/** Columns are outlined as equal where they are as wide as this at least; else they are underlined. */
const OUTLINE_FROM = 5;

/** What of the time axis a drawing needs, in frames and CSS pixels. */
export interface View {
  start: number;
  perFrame: number;
  width: number;
  height: number;
}

const xOf = (view: View, frame: number) => (frame - view.start) * view.perFrame;

export function paintCodes(
  canvas: HTMLCanvasElement,
  view: View,
  rows: readonly Row[],
  codes: Codes,
  tiles: Tiles,
  silent: ReadonlySet<number>,
): void {
  const pen = penOf(canvas, view.width, view.height);
  if (!pen) return;
  // Levels that are not heard stand back, so that what is heard is seen.
  for (const level of [0, 1]) {
    pen.globalAlpha = level ? SILENT_ALPHA : 1;
    const shown = (_: Row, n: number) => silent.has(n) === (level === 1);
    tiles.draw(pen, rows, view.start, view.perFrame, view.width, shown);
  }
  pen.globalAlpha = 1;
  paintLocks(pen, view, rows, codes);
  if (view.perFrame >= NUMBERS_FROM) paintNumbers(pen, view, rows, codes, tiles);
}

/** How much of the colours of a level that is not heard is left. */
const SILENT_ALPHA = 0.22;

function inSight(view: View, codes: Codes): [number, number] {
  const first = Math.max(0, Math.floor(view.start));
  return [first, Math.min(codes.frames, Math.ceil(view.start + view.width / view.perFrame))];
}

/** Locked codes are hatched, run by run. */
function paintLocks(pen: CanvasRenderingContext2D, view: View, rows: readonly Row[], codes: Codes) {
  const [first, last] = inSight(view, codes);
  const step = Math.max(1, Math.floor(1 / view.perFrame));
  pen.fillStyle = hatching(pen);
  rows.forEach((row, level) => {
    let begin = -1;
    for (let frame = first; frame <= last; frame += step) {
      const locked = frame < last && isLocked(codes, frame, level);
      if (locked && begin < 0) begin = frame;
      if (locked || begin < 0) continue;
      pen.fillRect(xOf(view, begin), row.top, (frame - begin) * view.perFrame, row.height - 1);
      begin = -1;
    }
    if (begin >= 0) {
      pen.fillRect(xOf(view, begin), row.top, (last - begin) * view.perFrame, row.height - 1);
    }
  });
}

let hatch: CanvasPattern | null = null;

function hatching(pen: CanvasRenderingContext2D): CanvasPattern | string {
  if (hatch) return hatch;
  const tile = document.createElement("canvas");
  tile.width = 6;
  tile.height = 6;
  const stroke = tile.getContext("2d");
  if (stroke) {
    stroke.strokeStyle = "rgb(0 0 0 / 0.7)";
    stroke.lineWidth = 1.5;
    for (const shift of [-6, 0, 6]) {
      stroke.moveTo(shift, 6);
      stroke.lineTo(shift + 6, 0);
    }
    stroke.stroke();
  }
  hatch = pen.createPattern(tile, "repeat");
  return hatch ?? "rgb(0 0 0 / 0.4)";
}

function paintNumbers(
  pen: CanvasRenderingContext2D,
  view: View,
  rows: readonly Row[],
  c: Codes,
  tiles: Tiles,
) {
  const [first, last] = inSight(view, c);
  pen.font = "11px Inter, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  rows.forEach((row, level) => {
    if (row.height < NUMBER_HEIGHT) return;
    for (let frame = first; frame < last; frame++) {
      const x = xOf(view, frame + 0.5);
      const code = codeAt(c, frame, level);
      pen.fillStyle = takesBlack(tiles.colour(level, code)) ? "#000" : "#fff";
      pen.fillText(String(code), x, row.top + row.height / 2);
    }
  });
}

// --- above the codes -----------------------------------------------------------------------------

export interface Marks {
  selection: Region | null;
  /** A region that is being moved, as it would lie. */
  ghost: Region | null;
  cell: Cell;
  hasFocus: boolean;
  /** A cell that is pressed: equal codes of its row are outlined. */
  pressed: Cell | null;
  /** Frame of the playhead; negative: none. */
  playhead: number;
  accent: string;
}

export function paintMarks(
  canvas: HTMLCanvasElement,
  view: View,
  rows: readonly Row[],
  codes: Codes,
  marks: Marks,
): void {
  const pen = penOf(canvas, view.width, view.height);
  if (!pen) return;
  if (marks.pressed) paintEqual(pen, view, rows, codes, marks.pressed);
  paintSeams(pen, view, codes, marks.accent);
  if (marks.selection) frame(pen, view, rows, marks.selection);
  if (marks.ghost) {
    pen.setLineDash([4, 3]);
    frame(pen, view, rows, marks.ghost);
    pen.setLineDash([]);
  }
  if (marks.hasFocus) {
    const { frame: at, level } = marks.cell;
    frame(pen, view, rows, { from: at, to: at + 1, top: level, bottom: level + 1 });
  }
  if (marks.playhead >= 0) {
    const x = Math.round(xOf(view, marks.playhead));
    pen.fillStyle = marks.accent;
    pen.fillRect(x - 1, 0, 2, view.height);
  }
}

/** A white frame with a black line inside it: seen on every colour. */
function frame(pen: CanvasRenderingContext2D, view: View, rows: readonly Row[], region: Region) {
  const first = rows[region.top];
  const last = rows[region.bottom - 1];
  if (!first || !last) return;
  const x = xOf(view, region.from);
  const width = Math.max(4, (region.to - region.from) * view.perFrame);
  const height = last.top + last.height - first.top - 1;
  pen.lineWidth = 2;
  pen.strokeStyle = "#fff";
  pen.strokeRect(x + 1, first.top + 1, width - 2, height - 2);
  if (width < 8 || height < 8) return;
  pen.lineWidth = 1;
  pen.strokeStyle = "#000";
  pen.strokeRect(x + 2.5, first.top + 2.5, width - 5, height - 5);
}

function paintEqual(
  pen: CanvasRenderingContext2D,
  view: View,
  rows: readonly Row[],
  codes: Codes,
  { frame: at, level }: Cell,
) {
  const row = rows[level];
  if (!row) return;
  const code = codeAt(codes, at, level);
  const [first, last] = inSight(view, codes);
  pen.lineWidth = 2;
  pen.strokeStyle = "#fff";
  pen.fillStyle = "#fff";
  for (let each = first; each < last; each++) {
    if (codeAt(codes, each, level) !== code) continue;
    if (view.perFrame < OUTLINE_FROM) {
      pen.fillRect(xOf(view, each), row.top + row.height - 5, Math.max(1, view.perFrame), 4);
      continue;
    }
    pen.strokeRect(xOf(view, each) + 1, row.top + 1, view.perFrame - 2, row.height - 3);
  }
}

/** A seam is a notch above the rows. */
function paintSeams(pen: CanvasRenderingContext2D, view: View, codes: Codes, colour: string) {
  pen.fillStyle = colour;
  // A light edge, so that it is seen on every code.
  pen.strokeStyle = "#fff";
  pen.lineWidth = 1;
  for (const seam of codes.seams) {
    const x = xOf(view, seam);
    if (x < -4 || x > view.width + 4) continue;
    pen.beginPath();
    pen.moveTo(x - 4, 0);
    pen.lineTo(x + 4, 0);
    pen.lineTo(x, 7);
    pen.closePath();
    pen.stroke();
    pen.fill();
  }
}
