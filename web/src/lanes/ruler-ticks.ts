/** Places of the numbers of the ruler. */

/** Pixels between two numbers, at least. */
const LEAST_GAP = 72;

/** The least of 1, 2, 5, 10, … tenths and hundredths that leaves room for the numbers. */
export function tickStep(perPixel: number): number {
  const least = LEAST_GAP * perPixel;
  const unit = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((each) => each * unit >= least) ?? 10;
  return factor * unit;
}
