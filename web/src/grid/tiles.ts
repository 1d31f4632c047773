/** The codes as pictures, a pixel a code: scaled to any zoom, repainted only where they change. */

import type { Codes } from "./codes";
import { codeColours } from "./colours";
import type { Row } from "./rows";

/** Columns of a tile: canvases of this width are kept by the graphics card of any machine. */
const COLUMNS = 4096;

/** Frames that a column of the coarse pictures stands for: an hour at once takes three tiles. */
const COARSE = 16;

export class Tiles {
  private readonly fine = new Layer(1);
  private readonly coarse = new Layer(COARSE);
  /** Colours of each level; of all alike where nothing is known of their use. */
  private colours: Uint32Array[] = [];
  private codes: Codes | null = null;

  /** How many columns were painted since the start: tests count them. */
  painted = 0;

  /**
   * Takes other codes. Only frames in `changed` are painted anew, where the length is the same.
   *
   * @param counts - How often the corpus uses each code, level by level: rarer ones are darker.
   */
  set(
    codes: Codes,
    isLight: boolean,
    changed?: [number, number] | null,
    counts: readonly Counts[] = [],
  ): void {
    const before = this.codes;
    this.codes = codes;
    const isSame = before?.frames === codes.frames && before.levels === codes.levels;
    if (!isSame || changed === undefined) {
      const size = tableSize(codes);
      this.colours = Array.from({ length: codes.levels }, (_, level) =>
        codeColours(size, isLight, counts[level] ?? undefined),
      );
      for (const layer of [this.fine, this.coarse]) layer.resize(codes);
      this.paint(0, codes.frames);
    } else if (changed) this.paint(changed[0], changed[1]);
  }

  /** Colour of a code of a level, as a pixel. */
  colour(level: number, code: number): number {
    return this.colours[level]?.[code] ?? 0;
  }

  private paint(from: number, to: number): void {
    if (!this.codes || to <= from) return;
    this.painted += to - from;
    for (const layer of [this.fine, this.coarse]) layer.paint(this.codes, this.colours, from, to);
  }

  /**
   * Draws what is in sight.
   *
   * @param start - First frame in sight; may lie within a frame.
   * @param perFrame - Pixels a frame.
   * @param isShown - Which rows are drawn.
   */
  draw(
    pen: CanvasRenderingContext2D,
    rows: readonly Row[],
    start: number,
    perFrame: number,
    width: number,
    isShown: (row: Row, level: number) => boolean = () => true,
  ): void {
    pen.imageSmoothingEnabled = false;
    const layer = perFrame * COARSE > 1 ? this.fine : this.coarse;
    layer.draw(pen, rows, start, perFrame, width, isShown);
  }
}

/** How often each code of a level occurs; null where that is not told. */
export type Counts = readonly number[] | null;

/** Colours that are made at once: those of any usual codebook, and of all codes that occur. */
const USUAL_SIZE = 1024;

function tableSize({ codes }: Codes): number {
  let largest = 0;
  for (const code of codes) if (code > largest) largest = code;
  return Math.max(USUAL_SIZE, largest + 1);
}

/** Pictures in which a column stands for `step` frames, and shows the first of them. */
class Layer {
  private tiles: HTMLCanvasElement[] = [];

  constructor(private readonly step: number) {}

  resize(codes: Codes): void {
    const columns = Math.ceil(codes.frames / this.step);
    this.tiles = Array.from({ length: Math.ceil(columns / COLUMNS) }, () => {
      const tile = document.createElement("canvas");
      tile.width = Math.min(COLUMNS, columns);
      tile.height = codes.levels;
      return tile;
    });
  }

  /** Paints what stands for the frames from `from` to `to`. */
  paint(codes: Codes, colours: readonly Uint32Array[], from: number, to: number): void {
    const begin = Math.floor(from / this.step);
    const end = Math.ceil(to / this.step);
    for (let n = Math.floor(begin / COLUMNS); n * COLUMNS < end; n++) {
      const first = Math.max(begin, n * COLUMNS);
      const last = Math.min(end, (n + 1) * COLUMNS);
      const pen = this.tiles[n]?.getContext("2d");
      pen?.putImageData(this.image(codes, colours, first, last), first - n * COLUMNS, 0);
    }
  }

  private image(
    codes: Codes,
    colours: readonly Uint32Array[],
    first: number,
    last: number,
  ): ImageData {
    const width = last - first;
    const image = new ImageData(width, codes.levels);
    const pixels = new Uint32Array(image.data.buffer);
    for (let level = 0; level < codes.levels; level++) {
      const table = colours[level];
      for (let x = 0; x < width; x++) {
        const frame = (first + x) * this.step;
        pixels[level * width + x] = table?.[codes.codes[frame * codes.levels + level] ?? 0] ?? 0;
      }
    }
    return image;
  }

  draw(
    pen: CanvasRenderingContext2D,
    rows: readonly Row[],
    startFrame: number,
    perFrame: number,
    width: number,
    isShown: (row: Row, level: number) => boolean,
  ): void {
    const start = startFrame / this.step;
    const perColumn = perFrame * this.step;
    const end = start + width / perColumn;
    for (let n = Math.floor(start / COLUMNS); n * COLUMNS < end; n++) {
      const tile = this.tiles[n];
      if (!tile) continue;
      const first = Math.max(0, Math.floor(start) - n * COLUMNS);
      const last = Math.min(tile.width, Math.ceil(end) - n * COLUMNS);
      const x = (n * COLUMNS + first - start) * perColumn;
      const wide = (last - first) * perColumn;
      rows.forEach((row, level) => {
        if (!isShown(row, level)) return;
        pen.drawImage(tile, first, level, last - first, 1, x, row.top, wide, row.height - 1);
      });
    }
  }
}
