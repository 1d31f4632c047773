/** A sound as codes: what the grid draws. */

export interface Codes {
  /** Code frames. */
  frames: number;
  levels: number;
  /** Codes `[T, Q]`, frame by frame. */
  codes: Uint16Array;
  /** 1 where a code is locked, `[T, Q]`. */
  locked: Uint8Array;
  /** Frames before which two pieces were joined. */
  seams: readonly number[];
  /** Code frames a second. */
  frameRate: number;
  names: readonly string[];
}

export function codeAt(codes: Codes, frame: number, level: number): number {
  return codes.codes[frame * codes.levels + level] ?? 0;
}

export function isLocked(codes: Codes, frame: number, level: number): boolean {
  return codes.locked[frame * codes.levels + level] === 1;
}

/** Names of the quantiser levels, coarsest first, as the library has them. */
export function levelNames(count: number): string[] {
  if (count <= 4) {
    const detail = count > 1 ? ["Detail"] : [];
    return [...["Structure", "Timbre", "Texture"].slice(0, Math.max(1, count - 1)), ...detail];
  }
  const details = Array.from({ length: count - 3 }, (_, n) => `Detail ${n + 1}`);
  return ["Structure", "Timbre", "Texture", ...details];
}

/** The next frame after `frame`, in steps of `step` (1 or −1), whose code on `level` is another. */
export function nextChange(codes: Codes, frame: number, level: number, step: 1 | -1): number {
  const here = codeAt(codes, frame, level);
  let at = frame;
  while (at + step >= 0 && at + step < codes.frames) {
    at += step;
    if (codeAt(codes, at, level) !== here) return at;
  }
  return at;
}
