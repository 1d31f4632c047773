/**
 * Frames a second of the code grid, while it plays, follows, zooms, is dragged and is edited.
 *
 * `node build.mjs FOLDER`, serve FOLDER, open `grid.html?columns=168750`: the result is JSON in the
 * page and in `window.result`.
 */

import { signal } from "@preact/signals";
import { h, render } from "preact";
import { CodeGrid } from "../src/grid/code-grid";
import { type Codes, levelNames } from "../src/grid/codes";
import type { Cell, Region } from "../src/grid/selection";
import { Axis } from "../src/lanes/axis";

const FRAME_RATE = 46.875;
const LEVELS = 8;
const WIDTH = 1200;
const SECONDS_EACH = 3;

const columns = Number(new URLSearchParams(location.search).get("columns") ?? 2813);

function makeCodes(): Codes {
  const codes = new Uint16Array(columns * LEVELS);
  for (let i = 0; i < codes.length; i++) codes[i] = Math.floor(Math.random() * 256);
  const locked = new Uint8Array(codes.length);
  locked.fill(1, 200 * LEVELS, 400 * LEVELS);
  return {
    frames: columns,
    levels: LEVELS,
    codes,
    locked,
    seams: [100, 500],
    frameRate: FRAME_RATE,
    names: levelNames(LEVELS),
  };
}

const axis = new Axis(columns / FRAME_RATE);
const begun = performance.now();
const codes = signal(makeCodes());
const changed = signal<[number, number] | null | undefined>(undefined);
const selection = signal<Region | null>(null);
const cell = signal<Cell>({ frame: 0, level: 0 });
const playhead = signal(0);
const lane = document.getElementById("lane") as HTMLElement;
lane.style.width = `${WIDTH}px`;
axis.resize(WIDTH);
render(h(CodeGrid, { axis, codes, changed, selection, cell, playhead, height: 200 }), lane);

const nextFrame = () => new Promise<number>((done) => requestAnimationFrame(done));

/** Frames a second, 95th percentile of gaps and of time in script, in ms. */
async function measure(step: (n: number) => void) {
  const gaps: number[] = [];
  const scripts: number[] = [];
  let last = await nextFrame();
  const end = last + 1000 * SECONDS_EACH;
  for (let n = 0; last < end; n++) {
    const start = performance.now();
    step(n);
    scripts.push(performance.now() - start);
    const now = await nextFrame();
    gaps.push(now - last);
    last = now;
  }
  const p95 = (values: number[]) =>
    values.sort((a, b) => a - b)[Math.floor(0.95 * values.length)]?.toFixed(1);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  return { fps: (1000 / mean).toFixed(1), gap95: p95(gaps), step95: p95(scripts) };
}

function edit(n: number): void {
  const now = codes.peek();
  const from = Math.min(now.frames - 300, (n * 37) % now.frames);
  for (let i = from * LEVELS; i < (from + 300) * LEVELS; i++) now.codes[i] = (i + n) % 256;
  changed.value = [from, from + 300];
  codes.value = { ...now };
}

async function run() {
  await nextFrame();
  await nextFrame();
  const built = performance.now() - begun;
  const result: Record<string, unknown> = { columns, built_ms: built.toFixed(0) };
  axis.show(0, Math.min(20, axis.length.value));
  result.play = await measure((n) => {
    playhead.value = n / 60;
  });
  result.follow = await measure((n) => {
    playhead.value = n / 60;
    axis.pan(2);
  });
  axis.fit();
  result.zoom = await measure((n) => axis.zoom(n % 200 < 100 ? 0.96 : 1 / 0.96, 600));
  axis.show(0, Math.min(20, axis.length.value));
  result.drag = await measure((n) => {
    selection.value = { from: 10, to: 20 + (n % 600), top: 1, bottom: 5 };
  });
  result.edit = await measure(edit);
  axis.fit();
  result.whole = await measure((n) => {
    playhead.value = n;
    axis.zoom(n % 2 ? 0.999 : 1 / 0.999, 600);
  });
  Object.assign(window, { result });
  (document.getElementById("result") as HTMLElement).textContent = JSON.stringify(result, null, 1);
}

void run();
