/** A render: its picture, its recipe in plain words, and what can be done with it. */

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { Axis } from "../lanes/axis";
import { useLanes } from "../lanes/lane";
import { Playhead } from "../lanes/playhead";
import { Ruler } from "../lanes/ruler";
import { SpectrogramLane } from "../lanes/spectrogram";
import { Waveform } from "../lanes/waveform";
import { current, position, seek } from "../player/player";
import { clock, signed } from "../state/format";
import type { RenderView } from "../state/records";
import { keyOfRender, noteRender, playRender, useRender } from "../state/renders";
import { soundUrl } from "../state/sounds";
import { RenderActions } from "./render-actions";
import { RenderCurves } from "./render-curves";
import { type Passage, RepeatList, RepeatMarks, useRepeats } from "./repeats";

interface Props {
  id: string;
  /** Further controls of the screen that shows it. */
  extra?: (view: RenderView) => ComponentChildren;
}

export function RenderDetails({ id, extra }: Props) {
  const view = useRender(id);
  const repeats = useRepeats(view);
  const axis = useMemo(() => new Axis(view?.duration_s ?? 1), [view?.id, view?.duration_s]);
  if (!view) return <aside class="panel details" aria-label="The selected sound" />;
  return (
    <aside class="panel details" aria-label="The selected sound">
      <h2 class="whole-name">{view.title}</h2>
      {view.exists ? (
        <Lanes axis={axis} view={view} repeats={repeats} />
      ) : (
        <p class="bad">Its file {view.file} is not there.</p>
      )}
      {view.exists && <RepeatList view={view} repeats={repeats} />}
      {extra?.(view)}
      <RenderActions view={view} />
      <Facts view={view} />
      {view.exists && <RenderCurves axis={axis} view={view} />}
      <Settings view={view} />
      <Notes view={view} />
    </aside>
  );
}

interface LanesProps {
  axis: Axis;
  view: RenderView;
  repeats: readonly Passage[];
}

function Lanes({ axis, view, repeats }: LanesProps) {
  const lanes = useLanes(axis);
  const isHere = current.value?.key === keyOfRender(view.id);
  const play = (seconds: number) => {
    if (isHere) seek(seconds);
    else playRender(view, seconds);
  };
  return (
    <div ref={lanes} class="lanes">
      <Ruler axis={axis} onSeek={play} />
      <Waveform axis={axis} peaks={soundUrl(view.hash, "peaks")} height={56} onSeek={play} />
      <RepeatMarks axis={axis} view={view} repeats={repeats} />
      <SpectrogramLane axis={axis} url={soundUrl(view.hash, "spectrogram")} height={96} />
      {isHere && <Playhead axis={axis} at={position} />}
    </div>
  );
}

function Facts({ view }: { view: RenderView }) {
  const percent = view.copy?.passage_percent;
  const facts: [string, string][] = [
    ["Model", view.model_name],
    ["Way", view.way],
    ["Seed", String(view.seed)],
    ["Length", clock(view.duration_s, 2)],
  ];
  if (view.loudness_lufs !== null) facts.push(["Loudness", `${signed(view.loudness_lufs)} LUFS`]);
  if (typeof percent === "number") facts.push(["Repeats", `${percent.toFixed(0)} %`]);
  if (view.heard.length) facts.push(["Heard", view.heard.join(", ")]);
  return (
    <>
      <dl class="facts">
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt class="muted">{name}</dt>
            <dd class="whole-name">{text}</dd>
          </div>
        ))}
      </dl>
      {view.remarks.map((remark) => (
        <p key={remark} class="small muted">
          {remark}
        </p>
      ))}
    </>
  );
}

function Settings({ view }: { view: RenderView }) {
  const sampling = (view.recipe.sampling ?? {}) as Record<string, unknown>;
  const set = Object.entries(sampling).filter(([, value]) => value !== null && value !== "");
  return (
    <details>
      <summary class="small muted">all settings</summary>
      <dl class="facts small">
        {set.map(([name, value]) => (
          <div key={name}>
            <dt class="muted">{name.replaceAll("_", " ")}</dt>
            <dd>{String(value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Notes({ view }: { view: RenderView }) {
  return (
    <div class="stack choices">
      <label class="choice">
        <span class="muted">Name</span>
        <input
          type="text"
          value={view.name}
          placeholder={view.title}
          onChange={(event) => noteRender(view.id, { name: event.currentTarget.value })}
        />
      </label>
      <label class="choice">
        <span class="muted">Notes</span>
        <textarea
          rows={2}
          value={view.notes}
          onChange={(event) => noteRender(view.id, { notes: event.currentTarget.value })}
        />
      </label>
    </div>
  );
}
