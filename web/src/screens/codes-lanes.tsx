/** Lanes of a document beside the grid: labels with mute and solo, and the measured curves. */

import { useMemo } from "preact/hooks";
import type { Row } from "../grid/rows";
import type { Axis } from "../lanes/axis";
import { LINES, MeasuredLane } from "../lanes/measured";
import { Icon } from "../parts/icon";
import type { MeasuredCurves } from "../state/records";
import { stored } from "../state/stored";
import { playOnWithLevels } from "./codes-heard";
import type { EditorState } from "./codes-state";

/** Names of the levels, each with mute and solo. */
export function LevelLabels({ state, rows }: { state: EditorState; rows: readonly Row[] }) {
  const { names } = state.document.codes.value;
  return (
    <div class="level-labels">
      {names.map((name, level) => (
        <LevelLabel key={name} state={state} name={name} level={level} row={rows[level]} />
      ))}
    </div>
  );
}

interface LabelProps {
  state: EditorState;
  name: string;
  level: number;
  row: Row | undefined;
}

function LevelLabel({ state, name, level, row }: LabelProps) {
  const isMuted = state.muted.value.has(level);
  const isSolo = state.soloed.value.has(level);
  return (
    <div
      class={state.silent.value.has(level) ? "level-label silent" : "level-label"}
      style={{ height: `${row?.height}px`, color: `var(--level-${(level % 8) + 1})` }}
    >
      <span class="cut">{name}</span>
      <button
        type="button"
        class="quiet level-button"
        aria-pressed={isMuted}
        aria-label={`Mute ${name}`}
        title={`Mute ${name} (M on the grid)`}
        onClick={() => switchLevel(state, "muted", level)}
      >
        <Icon name={isMuted ? "volumeOff" : "volume"} />
      </button>
      <button
        type="button"
        class="quiet level-button"
        aria-pressed={isSolo}
        aria-label={`Solo ${name}`}
        title={`${name} alone (S on the grid)`}
        onClick={() => switchLevel(state, "soloed", level)}
      >
        S
      </button>
    </div>
  );
}

/** Mutes or solos a level; what plays goes on with the levels that are left. */
export function switchLevel(state: EditorState, kind: "muted" | "soloed", level: number): void {
  state.toggle(state[kind], level);
  playOnWithLevels(state);
}

const shownCurves = stored<string[]>("documentCurves", ["loudness", "brightness"]);

/** Which curves are drawn. */
export function CurveChoice() {
  const toggle = (name: string) => {
    const now = shownCurves.peek();
    shownCurves.value = now.includes(name) ? now.filter((each) => each !== name) : [...now, name];
  };
  return (
    <fieldset class="curve-choice row">
      <legend class="hidden-text">Curves that are drawn</legend>
      {Object.entries(LINES).map(([name, { token, dash }]) => (
        <button
          key={name}
          type="button"
          class="quiet small-button"
          aria-pressed={shownCurves.value.includes(name)}
          onClick={() => toggle(name)}
        >
          <svg width="24" height="8" aria-hidden="true">
            <title>line</title>
            <line
              x1="0"
              y1="4"
              x2="24"
              y2="4"
              stroke={`var(--${token})`}
              stroke-width="2"
              stroke-dasharray={dash.join(" ")}
            />
          </svg>
          {name}
        </button>
      ))}
    </fieldset>
  );
}

/** Seconds between two rows of the table of a curve. */
const TABLE_STEP_S = 0.5;

interface CurvesProps {
  axis: Axis;
  measured: MeasuredCurves | null;
  height: number;
}

export function Curves({ axis, measured, height }: CurvesProps) {
  return (
    <MeasuredLane
      axis={axis}
      curves={measured?.curves ?? NONE}
      rate={measured?.frame_rate ?? 1}
      shown={shownCurves.value}
      height={height}
    />
  );
}

const NONE = {};

/** The curves as figures. */
export function CurveFigures({ measured }: { measured: MeasuredCurves | null }) {
  const rows = useMemo(() => (measured ? figuresOf(measured) : []), [measured]);
  if (!measured) return null;
  const names = Object.keys(measured.curves);
  return (
    <details class="curve-table">
      <summary class="small muted">show figures</summary>
      <table class="figures" aria-label="Curves as percentiles of the corpus">
        <thead>
          <tr>
            <th scope="col">s</th>
            {names.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([seconds, ...values]) => (
            <tr key={seconds}>
              <td>{seconds}</td>
              {values.map((value, n) => (
                <td key={names[n]}>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function figuresOf({ curves, frame_rate }: MeasuredCurves): string[][] {
  const all = Object.values(curves);
  const length = (all[0]?.length ?? 0) / frame_rate;
  const count = Math.floor(length / TABLE_STEP_S) + 1;
  return Array.from({ length: count }, (_, n) => {
    const seconds = n * TABLE_STEP_S;
    const values = all.map((curve) => curve[Math.round(seconds * frame_rate)]);
    return [
      seconds.toFixed(1),
      ...values.map((value) => (value == null ? "–" : String(Math.round(value)))),
    ];
  });
}
