/** Heights of the rows: Structure is 1.6 times as high as the finest level. */

const TALLEST = 1.6;

export interface Row {
  top: number;
  height: number;
}

/** Least height of the finest row: its label holds controls of 24 pixels. */
const LEAST_ROW = 25;

/** Height at which the finest row has its least height. */
export function heightOf(levels: number): number {
  return Math.max(160, Math.ceil(((TALLEST + 1) / 2) * LEAST_ROW * levels));
}

export function rowsOf(levels: number, height: number): Row[] {
  const shares = Array.from({ length: levels }, (_, level) =>
    levels > 1 ? TALLEST - ((TALLEST - 1) * level) / (levels - 1) : 1,
  );
  const total = shares.reduce((sum, share) => sum + share, 0);
  let top = 0;
  return shares.map((share) => {
    const bottom = top + (share / total) * height;
    const row = { top: Math.round(top), height: Math.round(bottom) - Math.round(top) };
    top = bottom;
    return row;
  });
}

export function levelAt(rows: readonly Row[], y: number): number {
  const found = rows.findIndex((row) => y < row.top + row.height);
  return found < 0 ? rows.length - 1 : found;
}
