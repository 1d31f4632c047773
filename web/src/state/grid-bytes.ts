/** The binary form of a grid, as the server sends it. */

import { type Codes, levelNames } from "../grid/codes";

/** Codes as the server packs them: uint16 `[T, Q]`, then a bit a code for locks. */
export function parseGrid(bytes: ArrayBuffer, headers: Headers, frameRate: number): Codes {
  const frames = Number(headers.get("X-Frames"));
  const levels = Number(headers.get("X-Levels"));
  const count = frames * levels;
  const bits = new Uint8Array(bytes, 2 * count);
  const locked = new Uint8Array(count);
  for (let i = 0; i < count; i++) locked[i] = ((bits[i >> 3] ?? 0) >> (i & 7)) & 1;
  return {
    frames,
    levels,
    codes: new Uint16Array(bytes.slice(0, 2 * count)),
    locked,
    seams: (headers.get("X-Seams") ?? "").split(",").filter(Boolean).map(Number),
    frameRate,
    names: levelNames(levels),
  };
}
