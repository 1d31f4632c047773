import assert from "node:assert/strict";
import { test } from "node:test";
import { cutAt, drawOver, type Point, simplify, tidy, valueAt } from "../src/lanes/curve-points";

test("a curve is in order and within bounds, and of two points at one time the later stays", () => {
  const points: Point[] = [
    [4, 120],
    [-1, 10],
    [2, 30],
    [2.001, 40],
  ];
  assert.deepEqual(tidy(points, 3), [
    [0, 10],
    [2.001, 40],
    [3, 100],
  ]);
});

test("between points a curve is a line, outside of them it stays", () => {
  const points: Point[] = [
    [1, 0],
    [3, 100],
  ];
  assert.equal(valueAt(points, 2), 50);
  assert.equal(valueAt(points, 0), 0);
  assert.equal(valueAt(points, 9), 100);
  assert.equal(valueAt([], 1), 50);
});

test("a drawn stroke replaces what it passes over, and lies within the tolerance", () => {
  const before: Point[] = [
    [0, 50],
    [5, 50],
    [10, 50],
  ];
  const stroke = Array.from({ length: 400 }, (_, n): Point => {
    const t = 2 + (6 * n) / 399;
    return [t, 50 + 40 * Math.sin(t * 2)];
  });
  const drawn = drawOver(before, stroke, 10);
  assert.ok(drawn.length <= 160);
  assert.deepEqual(drawn[0], [0, 50]);
  assert.deepEqual(drawn.at(-1), [10, 50]);
  for (const [t, p] of stroke) assert.ok(Math.abs(valueAt(drawn, t) - p) < 2);
});

test("a straight line needs two points", () => {
  const line = Array.from({ length: 50 }, (_, n): Point => [n, n]);
  assert.deepEqual(simplify(line, 1), [
    [0, 0],
    [49, 49],
  ]);
});

test("a curve that is cut ends at its value there", () => {
  const points: Point[] = [
    [0, 0],
    [10, 100],
  ];
  assert.deepEqual(cutAt(points, 4), [
    [0, 0],
    [4, 40],
  ]);
  assert.deepEqual(cutAt(points, 20), points);
});
