/** Peaks of sounds, as the server measures them: least and greatest of each stretch. */

import { ApiError } from "../state/api";
import { gently } from "../state/gently";

/** Samples of a stretch at the finest level, steps between levels, and their number. */
const BASE = 256;
const ZOOM = 4;
const LEVELS = 6;

export interface Peaks {
  /** Least and greatest in turn, −127 to 127. */
  values: Int8Array;
  seconds: number;
}

const kept = new Map<string, Int8Array>();
const MOST_KEPT = 400;

/** Samples a stretch of the coarsest level that has `columns` stretches in `seconds` of sound. */
export function levelFor(seconds: number, columns: number): number {
  const samples = (seconds * 48_000) / Math.max(1, columns);
  const level = Math.floor(Math.log(Math.max(1, samples / BASE)) / Math.log(ZOOM));
  return BASE * ZOOM ** Math.min(LEVELS - 1, Math.max(0, level));
}

/** Peaks of stretches of `level` samples; null where no one wants them any more at their turn. */
export async function loadPeaks(
  url: string,
  seconds: number,
  level: number,
  isWanted = () => true,
): Promise<Peaks | null> {
  const full = `${url}?per=${level}`;
  const values = kept.get(full) ?? (await gently(() => fetchPeaks(full), isWanted));
  return values && { values, seconds };
}

async function fetchPeaks(url: string): Promise<Int8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new ApiError("", response.status);
  const values = new Int8Array(await response.arrayBuffer());
  kept.set(url, values);
  const oldest = kept.keys().next().value;
  if (kept.size > MOST_KEPT && oldest) kept.delete(oldest);
  return values;
}

/** Draws the stretch from `from` to `to` seconds over a whole canvas. */
export function drawPeaks(
  canvas: HTMLCanvasElement,
  peaks: Peaks,
  from: number,
  to: number,
  colour: string,
): void {
  const scale = devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * scale);
  const height = Math.round(canvas.clientHeight * scale);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = colour;
  const pairs = peaks.values.length / 2;
  const perColumn = ((to - from) / peaks.seconds) * (pairs / Math.max(1, width));
  const first = (from / peaks.seconds) * pairs;
  for (let x = 0; x < width; x++) {
    const [least, greatest] = extremes(peaks.values, first + x * perColumn, perColumn);
    const top = ((1 - greatest / 127) / 2) * height;
    const bottom = ((1 - least / 127) / 2) * height;
    pen.fillRect(x, top, 1, Math.max(scale, bottom - top));
  }
}

export function extremes(values: Int8Array, first: number, count: number): [number, number] {
  const begin = Math.max(0, Math.floor(first));
  const end = Math.min(values.length / 2, Math.max(begin + 1, Math.floor(first + count)));
  let least = 0;
  let greatest = 0;
  for (let i = begin; i < end; i++) {
    least = Math.min(least, values[2 * i] ?? 0);
    greatest = Math.max(greatest, values[2 * i + 1] ?? 0);
  }
  return [least, greatest];
}
