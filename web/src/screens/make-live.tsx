/** The codes of the sound that is drawn, as it plays. */

import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { CodeGrid } from "../grid/code-grid";
import { type Codes, levelNames } from "../grid/codes";
import type { Cell, Region } from "../grid/selection";
import { Axis } from "../lanes/axis";
import { useLanes } from "../lanes/lane";
import { liveCodes, livePlayed, liveState } from "../player/live";
import { clock } from "../state/format";

/** Code frames a second: 48,000 samples of 1,024 a frame. */
const FRAME_RATE = 46.875;

/** Seconds in sight. */
const SHOWN_S = 20;

export function LiveLane({ levels }: { levels: number }) {
  if (liveState.value === "off") return null;
  return (
    <section class="panel stack" aria-label="Sound without end">
      <div class="row">
        <h2>{liveState.value === "waiting" ? "Warming up …" : "As it is drawn"}</h2>
        <span class="muted spread">{clock(livePlayed.value)}</span>
      </div>
      <LiveGrid levels={levels} />
    </section>
  );
}

function LiveGrid({ levels }: { levels: number }) {
  const axis = useMemo(() => new Axis(SHOWN_S), []);
  const lanes = useLanes(axis);
  const codes = useMemo(() => signal(codesOf([], levels)), []);
  const changed = useMemo(() => signal<[number, number] | null | undefined>(undefined), []);
  const selection = useMemo(() => signal<Region | null>(null), []);
  const cell = useMemo(() => signal<Cell>({ frame: 0, level: 0 }), []);
  const blocks = liveCodes.value;
  useEffect(() => {
    codes.value = codesOf(blocks, levels);
    axis.length.value = Math.max(SHOWN_S, codes.value.frames / FRAME_RATE);
  }, [blocks]);
  useEffect(() => axis.reveal(livePlayed.value), [livePlayed.value]);
  return (
    <div ref={lanes} class="lanes">
      <CodeGrid
        axis={axis}
        codes={codes}
        changed={changed}
        selection={selection}
        cell={cell}
        playhead={livePlayed}
        height={112}
      />
    </div>
  );
}

function codesOf(blocks: readonly (readonly number[])[], levels: number): Codes {
  const frames = Math.max(1, blocks.length);
  const codes = new Uint16Array(frames * levels);
  blocks.forEach((frame, n) => {
    codes.set(frame, n * levels);
  });
  return {
    frames,
    levels,
    codes,
    locked: new Uint8Array(codes.length),
    seams: [],
    frameRate: FRAME_RATE,
    names: levelNames(levels),
  };
}
