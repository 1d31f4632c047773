/** Colours of codes: the hue is the code, so that equal codes look equal; rarer ones are darker. */

/** Hues a golden ratio of the circle apart are never close for long. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/** Lightness and chroma of OKLCH: no code looks louder than another. */
const LIGHTNESS = { dark: 0.72, light: 0.62 };
const CHROMA = 0.11;

/** Lightness of a code that the corpus never uses, as a share of the full one. */
const DARKEST = 0.25;

/**
 * Colours of the codes of a level, as pixels of an `ImageData` take them.
 *
 * @param size - Entries of the codebook.
 * @param counts - How often the corpus uses each entry; without it all are equally light.
 */
export function codeColours(size: number, isLight: boolean, counts?: readonly number[]) {
  const colours = new Uint32Array(size);
  const lightness = isLight ? LIGHTNESS.light : LIGHTNESS.dark;
  const most = Math.log1p(Math.max(1, ...(counts ?? [])));
  for (let code = 0; code < size; code++) {
    const share = counts ? DARKEST + ((1 - DARKEST) * Math.log1p(counts[code] ?? 0)) / most : 1;
    const hue = (code * GOLDEN_RATIO) % 1;
    const [red, green, blue] = srgb(lightness * share, CHROMA * share, 2 * Math.PI * hue);
    colours[code] = (255 << 24) | (blue << 16) | (green << 8) | red;
  }
  return colours;
}

/** Lightness from which on black is read better on a colour than white. */
const BLACK_FROM = 0.18;

/** Whether black is read better on a pixel than white. Source: relative luminance of WCAG. */
export function takesBlack(pixel: number): boolean {
  const [red, green, blue] = [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255].map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue >= BLACK_FROM;
}

/** A pixel as CSS has it. */
export function cssOf(pixel: number): string {
  return `rgb(${pixel & 255} ${(pixel >> 8) & 255} ${(pixel >> 16) & 255})`;
}

/** OKLCH as red, green, blue from 0 to 255. Source: https://bottosson.github.io/posts/oklab. */
export function srgb(lightness: number, chroma: number, hue: number): [number, number, number] {
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    byte(4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short),
    byte(-1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short),
    byte(-0.0041960863 * long - 0.7034186147 * middle + 1.707614701 * short),
  ];
}

/** The gamma curve of sRGB. Source: IEC 61966-2-1. */
function byte(linear: number): number {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(1, Math.max(0, value)));
}
