import assert from "node:assert/strict";
import { test } from "node:test";
import { Axis } from "../src/lanes/axis";
import { levelFor } from "../src/lanes/peaks";
import { tickStep } from "../src/lanes/ruler-ticks";
import { wrap } from "../src/player/deck";
import { clock } from "../src/state/format";

test("a loop goes round from its end to its begin", () => {
  const loop = { from: 1, to: 3 };
  assert.equal(wrap(2, 0.5, loop), 2.5);
  assert.equal(wrap(2, 1, loop), 1);
  assert.equal(wrap(2, 5.5, loop), 1.5);
  assert.equal(wrap(2, 5, null), 7);
});

test("zoom keeps the time under the pointer, and the view stays within the sound", () => {
  const axis = new Axis(100);
  axis.resize(1000);
  const before = axis.timeAt(400);
  axis.zoom(0.5, 400);
  assert.ok(Math.abs(axis.timeAt(400) - before) < 1e-9);
  axis.pan(-1e6);
  assert.equal(axis.start.value, 0);
  axis.pan(1e6);
  assert.ok(Math.abs(axis.end.value - 100) < 1e-9);
  axis.zoom(1e9, 0);
  assert.equal(axis.start.value, 0);
  assert.ok(Math.abs(axis.end.value - 100) < 1e-9);
});

test("peaks are as fine as the columns need, within the levels of the library", () => {
  assert.equal(levelFor(1, 1000), 256);
  assert.equal(levelFor(3600, 1000), 65_536);
  assert.equal(levelFor(1e9, 10), 262_144);
});

test("times are written as clocks", () => {
  assert.equal(clock(3.21), "0:03.2");
  assert.equal(clock(59.96), "1:00.0");
  assert.equal(clock(3725, 0), "1:02:05");
});

test("ticks leave room for their numbers", () => {
  assert.equal(tickStep(0.01), 1);
  assert.equal(tickStep(0.001), 0.1);
});
