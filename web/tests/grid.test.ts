import assert from "node:assert/strict";
import { test } from "node:test";
import { type Codes, levelNames } from "../src/grid/codes";
import { codeColours, srgb, takesBlack } from "../src/grid/colours";
import { moveCell } from "../src/grid/cursor";
import { lineOf, lineText, OPERATIONS } from "../src/grid/operations";
import { heightOf, levelAt, rowsOf } from "../src/grid/rows";
import { regionOf } from "../src/grid/selection";
import { parseGrid } from "../src/state/grid-bytes";

const codes: Codes = {
  frames: 6,
  levels: 4,
  codes: Uint16Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]),
  locked: new Uint8Array(24),
  seams: [],
  frameRate: 46.875,
  names: levelNames(4),
};

const operation = (name: string) => {
  const found = OPERATIONS.find((each) => each.name === name);
  assert.ok(found);
  return found;
};

test("lines are those of `distill edit run`, with regions in frames and levels from 1", () => {
  const region = { from: 1, to: 4, top: 1, bottom: 3 };
  assert.equal(
    lineOf(operation("reverse"), region, codes),
    "reverse --from 1f --to 4f --levels 2-3",
  );
  assert.equal(
    lineOf(operation("stretch"), { ...region, top: 0, bottom: 4 }, codes, { "--factor": "1.5" }),
    "stretch --factor 1.5 --from 1f --to 4f",
  );
  assert.equal(lineOf(operation("reverse"), null, codes), "reverse");
  assert.equal(lineOf(operation("crop"), region, codes), "crop --from 1f --to 4f");
  assert.equal(
    lineOf(operation("transplant"), null, codes, {}, { id: "other", codes, region: null }),
    "transplant other --levels 1-4",
  );
  assert.equal(lineOf(operation("heal"), region, codes).startsWith("heal --seams"), true);
  assert.equal(
    lineOf(operation("heal"), null, codes, { "--seams": "false", "--seed": "3" }),
    "heal --temperature 1 --seed 3",
  );
});

test("what is pasted is named by times in the other sound, and goes to a time in this one", () => {
  const other = { id: "other", codes, region: { from: 2, to: 5, top: 0, bottom: 4 } };
  const values = { "--at": "1.5", "--until": "2" };
  const here = { from: 0, to: 1, top: 1, bottom: 2 };
  assert.equal(
    lineOf(operation("paste"), null, codes, values, other),
    "paste other --at 1.5 --mode insert --from 2f --to 5f",
  );
  assert.equal(
    lineOf(operation("paste"), here, codes, { ...values, "--mode": "repeat" }, other),
    "paste other --at 1.5 --mode repeat --until 2 --from 2f --to 5f --levels 2",
  );
  const part = { ...other, region: { from: 0, to: 6, top: 2, bottom: 4 } };
  assert.equal(
    lineOf(operation("paste"), here, codes, values, part),
    "paste other --at 1.5 --mode insert --levels 3-4",
  );
  assert.equal(
    lineOf(operation("swap"), here, codes, {}, other),
    "swap other --from 0f --to 1f --levels 2",
  );
});

test("another sound in a line has its name, or none", () => {
  const key = "70f8396a778617c6d9823f632a8e1591";
  assert.equal(lineText(`swap others/${key}.json.gz --levels 2`), "swap another sound --levels 2");
  assert.equal(lineText("swap 20261129-231246-72763525f7", "amen"), "swap amen");
  assert.equal(lineText("reverse --from 1f"), "reverse --from 1f");
});

test("the finest row has room for controls of 24 pixels", () => {
  for (const levels of [1, 2, 4, 8, 16]) {
    const rows = rowsOf(levels, heightOf(levels));
    assert.ok(Math.min(...rows.map(({ height }) => height)) >= 24);
  }
});

test("rarer codes are darker, and numbers are read on all of them", () => {
  const counts = Array.from({ length: 64 }, (_, code) => code * code);
  for (const light of [false, true]) {
    const colours = codeColours(64, light, counts);
    const brightness = [...colours].map(luminance);
    assert.ok((brightness[1] ?? 1) < (brightness[63] ?? 0));
    for (const [code, pixel] of colours.entries()) {
      const ground = (brightness[code] ?? 0) + 0.05;
      const contrast = takesBlack(pixel) ? ground / 0.05 : 1.05 / ground;
      assert.ok(contrast >= 4.5, `code ${code}: ${contrast}`);
    }
  }
});

test("all operations of `distill edit` are there", () => {
  assert.equal(OPERATIONS.length, 19);
  assert.equal(new Set(OPERATIONS.map(({ name }) => name)).size, 19);
});

test("keys stay within the grid, and Ctrl jumps to the next other code", () => {
  const at = (frame: number, level: number) => ({ frame, level });
  assert.deepEqual(moveCell(codes, at(0, 0), "ArrowLeft"), at(0, 0));
  assert.deepEqual(moveCell(codes, at(5, 3), "ArrowDown"), at(5, 3));
  assert.deepEqual(moveCell(codes, at(0, 0), "Ctrl+ArrowRight"), at(3, 0));
  assert.deepEqual(moveCell(codes, at(4, 0), "Ctrl+ArrowLeft"), at(2, 0));
  assert.deepEqual(moveCell(codes, at(1, 0), "End"), at(5, 0));
  assert.equal(moveCell(codes, at(1, 0), "q"), null);
});

test("a region holds both of its corners, whichever comes first", () => {
  const region = { from: 2, to: 6, top: 1, bottom: 4 };
  assert.deepEqual(regionOf({ frame: 5, level: 1 }, { frame: 2, level: 3 }), region);
});

test("rows fill the height, the coarsest 1.6 times as high as the finest", () => {
  for (const levels of [1, 2, 4, 8]) {
    const rows = rowsOf(levels, 256);
    assert.equal(rows.at(-1)?.top ?? 0, 256 - (rows.at(-1)?.height ?? 0));
    rows.forEach((row, n) => {
      assert.equal(levelAt(rows, row.top), n);
      assert.equal(levelAt(rows, row.top + row.height - 1), n);
    });
  }
  const [first, , , last] = rowsOf(4, 1000);
  assert.ok(Math.abs((first?.height ?? 0) / (last?.height ?? 1) - 1.6) < 0.02);
});

/** Relative luminance. Source: WCAG 2.2. */
function luminance(pixel: number): number {
  const [red, green, blue] = [0, 8, 16].map((shift) => {
    const value = ((pixel >> shift) & 255) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test("no code looks louder than another, and black is read on each", () => {
  const lights = [...codeColours(256, false)].map(luminance);
  assert.ok(Math.max(...lights) / Math.min(...lights) < 1.35);
  for (const light of lights) assert.ok((light + 0.05) / 0.05 >= 6.6);
});

test("rarer codes are darker", () => {
  const [often, never] = codeColours(2, false, [100, 0]);
  assert.ok(luminance(never ?? 0) < luminance(often ?? 0) / 4);
});

test("white and black of OKLCH are those of sRGB", () => {
  assert.deepEqual(srgb(1, 0, 0), [255, 255, 255]);
  assert.deepEqual(srgb(0, 0, 0), [0, 0, 0]);
});

test("a packed grid gives codes, locks and seams", () => {
  const bytes = new Uint8Array([1, 0, 2, 1, 3, 0, 4, 0, 5, 0, 6, 0, 0b100001]);
  const headers = new Headers({ "X-Frames": "3", "X-Levels": "2", "X-Seams": "1,2" });
  const grid = parseGrid(bytes.buffer, headers, 46.875);
  assert.deepEqual([...grid.codes], [1, 258, 3, 4, 5, 6]);
  assert.deepEqual([...grid.locked], [1, 0, 0, 0, 0, 1]);
  assert.deepEqual(grid.seams, [1, 2]);
});
