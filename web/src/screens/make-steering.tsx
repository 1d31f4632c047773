/** Steering: each descriptor free, at a percentile, or along a curve. */

import { effect, type Signal, signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo } from "preact/hooks";
import { Axis } from "../lanes/axis";
import { CurveLane } from "../lanes/curve";
import { cutAt, type Point, simplify, tidy } from "../lanes/curve-points";
import { CurveTable } from "../lanes/curve-table";
import { useLanes } from "../lanes/lane";
import { Ruler } from "../lanes/ruler";
import { liveState, steerLive } from "../player/live";
import { current } from "../player/player";
import { get, query } from "../state/api";
import {
  DESCRIPTORS,
  type Descriptor,
  GUIDANCE,
  isSteered,
  type MakeDraft,
  type Steer,
  TOKENS,
} from "../state/make";
import type { MeasuredCurves, ModelView } from "../state/records";
import { useRender } from "../state/renders";
import { useResource } from "../state/resource";
import { place } from "../state/route";
import { stored } from "../state/stored";
import { toastError } from "../state/toasts";
import { Slider } from "./make-knobs";
import { Tags } from "./make-tags";

const HEIGHT = 88;

interface SteeringProps {
  draft: Signal<MakeDraft>;
  model: ModelView;
}

/** Whether the section is unfolded: it stays as it was left. */
const isOpen = stored("steerOpen", false);

export function Steering({ draft, model }: SteeringProps) {
  return (
    <details
      class="panel steering"
      open={isOpen.value}
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}
    >
      <summary>
        <h2>Steer</h2>
        <span class="muted small">{sumOf(draft.value)}</span>
      </summary>
      {isOpen.value && <Lanes draft={draft} model={model} />}
    </details>
  );
}

/** What steers, in a few words. */
function sumOf(draft: MakeDraft): string {
  if (!isSteered(draft)) return "loudness, brightness, noisiness, pitch, onsets and tags: all free";
  const parts: string[] = DESCRIPTORS.filter((name) => draft.steer[name].kind !== "free").map(
    (name) => {
      const { kind, value } = draft.steer[name];
      return kind === "value" ? `${name} ${value} %` : `${name} along a curve`;
    },
  );
  for (const [tag, weight] of Object.entries(draft.tags)) {
    if (weight > 0) parts.push(`${tag} ${weight}`);
  }
  return parts.join(", ");
}

function Lanes({ draft, model }: SteeringProps) {
  const axis = useMemo(() => new Axis(draft.peek().duration), []);
  const lanes = useLanes(axis);
  const { duration, steer } = draft.value;
  useEffect(() => {
    axis.length.value = duration;
    axis.fit();
  }, [duration]);
  const measured = useMeasured(model.id);
  const hasCurve = DESCRIPTORS.some((name) => steer[name].kind === "curve");
  return (
    <div class="steer-lanes">
      <Tags draft={draft} tags={model.tags} />
      <div class="steer-row steer-axis">
        <span class="muted small">as percentiles of your sounds</span>
        <div ref={lanes}>{hasCurve && <Ruler axis={axis} />}</div>
      </div>
      {DESCRIPTORS.map((name) => (
        <Lane
          key={name}
          name={name}
          draft={draft}
          axis={axis}
          model={model.id}
          measured={measured}
        />
      ))}
      <Slider knob={GUIDANCE} draft={draft} />
    </div>
  );
}

interface LaneProps {
  name: Descriptor;
  draft: Signal<MakeDraft>;
  axis: Axis;
  model: string;
  measured: MeasuredCurves | null;
}

/** What the selected take really does; null until it is measured. */
function useMeasured(model: string): MeasuredCurves | null {
  const hash = useRender(place.value.query.get("take") ?? "")?.hash;
  const path = hash ? query(`/sounds/${hash}/descriptors`, { model }) : "";
  return useResource<MeasuredCurves>(path).value.value;
}

function Lane({ name, draft, axis, model, measured }: LaneProps) {
  const steer = draft.value.steer[name];
  const set = (changes: Partial<Steer>) => {
    const now = draft.peek();
    const next = { ...now.steer[name], ...changes };
    draft.value = { ...now, steer: { ...now.steer, [name]: next } };
    if (liveState.peek() !== "off" && next.kind !== "curve") {
      steerLive({ [name]: next.kind === "value" ? next.value : null });
    }
  };
  const points = usePoints(draft, name, set);
  const values = measured?.curves[name];
  const own = useMemo(
    () => (measured && values ? { values, rate: measured.frame_rate } : null),
    [values],
  );
  const begin = (kind: Steer["kind"]) => {
    const flat: Point[] = [
      [0, steer.value],
      [axis.length.peek(), steer.value],
    ];
    set(kind === "curve" && !steer.points.length ? { kind, points: flat } : { kind });
  };
  return (
    <div class="steer-row">
      <div class="steer-name">
        <label>
          <span>{name}</span>
          <select
            value={steer.kind}
            onChange={(event) => begin(event.currentTarget.value as Steer["kind"])}
          >
            <option value="free">free</option>
            <option value="value">one value</option>
            <option value="curve">curve</option>
          </select>
        </label>
      </div>
      {steer.kind === "value" && (
        <label class="steer-value">
          <input
            type="range"
            min={0}
            max={100}
            aria-label={`${name}, percentile`}
            value={steer.value}
            onInput={(event) => set({ value: Number(event.currentTarget.value) })}
          />
          <output>{steer.value} %</output>
        </label>
      )}
      {steer.kind === "curve" && (
        <div class="steer-curve">
          <CurveLane
            axis={axis}
            label={name}
            token={TOKENS[name]}
            points={points}
            measured={own}
            height={HEIGHT}
          />
          <div class="row">
            <CurveTable label={name} points={points} length={axis.length.value} />
            <FromSound name={name} model={model} points={points} axis={axis} />
            <button type="button" class="quiet small-button" onClick={() => set({ points: [] })}>
              Clear
            </button>
          </div>
        </div>
      )}
    </div>
  );
}

/** The points of a curve as a signal of their own, which the draft follows. */
function usePoints(draft: Signal<MakeDraft>, name: Descriptor, set: (c: Partial<Steer>) => void) {
  const points = useMemo(() => signal<Point[]>(draft.peek().steer[name].points), []);
  useEffect(
    () =>
      effect(() => {
        const next = points.value;
        if (next !== draft.peek().steer[name].points) set({ points: next });
      }),
    [],
  );
  const kept = draft.value.steer[name].points;
  // With the render, not after it: a key that came meanwhile would be lost.
  useLayoutEffect(() => {
    points.value = kept;
  }, [kept]);
  return points;
}

interface FromSoundProps {
  name: Descriptor;
  model: string;
  points: Signal<Point[]>;
  axis: Axis;
}

/** Percentiles by which the curve of a sound may be simplified. */
const TOLERANCE = 3;

/** Takes the curve of the sound in the player, as the model's corpus sees it. */
function FromSound({ name, model, points, axis }: FromSoundProps) {
  const sound = current.value;
  const hash = sound ? /\/sounds\/([0-9a-f]+)\//.exec(sound.peaks)?.[1] : undefined;
  const take = async () => {
    try {
      const path = query(`/sounds/${hash}/descriptors`, { model });
      const measured = await get<MeasuredCurves>(path);
      const values = measured.curves[name] ?? [];
      const all = values
        .map((value, n): [number, number | null] => [n / measured.frame_rate, value])
        .filter((entry): entry is Point => entry[1] !== null);
      const length = axis.length.peek();
      points.value = tidy(cutAt(simplify(all, TOLERANCE), length), length);
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <button type="button" class="quiet small-button" disabled={!hash} onClick={take}>
      {sound ? `From ${sound.title}` : "From the sound in the player"}
    </button>
  );
}
