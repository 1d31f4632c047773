/** A render: its picture, its recipe in plain words, and what can be done with it. */

import { useMemo, useState } from "preact/hooks";
import { Axis } from "../lanes/axis";
import { useLanes } from "../lanes/lane";
import { Playhead } from "../lanes/playhead";
import { Ruler } from "../lanes/ruler";
import { SpectrogramLane } from "../lanes/spectrogram";
import { Waveform } from "../lanes/waveform";
import { Icon } from "../parts/icon";
import { audition, current, position, seek } from "../player/player";
import { BASE, get, post } from "../state/api";
import { clock, signed } from "../state/format";
import type { DocumentView, ModelView, RenderView } from "../state/records";
import { binRender, makeAgain, noteRender, useRender, varyRender } from "../state/renders";
import { go, hrefOf } from "../state/route";
import { session } from "../state/session";
import { soundUrl } from "../state/sounds";
import { toastError } from "../state/toasts";

export function RenderDetails({ id }: { id: string }) {
  const view = useRender(id);
  if (!view) return <aside class="panel details" aria-label="The selected sound" />;
  return (
    <aside class="panel details" aria-label="The selected sound">
      <h2 class="whole-name">{view.title}</h2>
      {view.exists ? <Lanes view={view} /> : <p class="bad">Its file {view.file} is not there.</p>}
      <Actions view={view} />
      <Facts view={view} />
      <Notes view={view} />
    </aside>
  );
}

function Lanes({ view }: { view: RenderView }) {
  const axis = useMemo(() => new Axis(view.duration_s), [view.id]);
  const lanes = useLanes(axis);
  const play = (seconds: number) => {
    if (current.peek()?.key === `render-${view.id}`) seek(seconds);
    else audition(soundOfView(view), null, seconds);
  };
  return (
    <div ref={lanes} class="lanes">
      <Ruler axis={axis} onSeek={play} />
      <Waveform axis={axis} peaks={soundUrl(view.hash, "peaks")} height={56} onSeek={play} />
      <SpectrogramLane axis={axis} url={soundUrl(view.hash, "spectrogram")} height={96} />
      {current.value?.key === `render-${view.id}` && <Playhead axis={axis} at={position} />}
    </div>
  );
}

const soundOfView = (view: RenderView) => ({
  key: `render-${view.id}`,
  title: view.title,
  audio: `${BASE}/renders/${view.id}/audio`,
  peaks: soundUrl(view.hash, "peaks"),
  duration_s: view.duration_s,
  loudness: view.loudness_lufs,
});

function Actions({ view }: { view: RenderView }) {
  const [isBusy, setBusy] = useState(false);
  const openCodes = async () => {
    setBusy(true);
    try {
      const body = { kind: "render", id: view.id };
      go(hrefOf("codes", (await post<DocumentView>("/documents", body)).id));
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };
  const reveal = () => post(`/renders/${view.id}/reveal`).catch(toastError);
  return (
    <div class="row actions">
      <button type="button" class="small-button" onClick={() => makeAgain(view.id)}>
        again
      </button>
      <button
        type="button"
        class="small-button"
        onClick={() => makeAgain(view.id, 2 * view.duration_s)}
      >
        twice as long
      </button>
      <button type="button" class="small-button" onClick={() => varyRender(view.id)}>
        vary
      </button>
      <button type="button" class="small-button" disabled={isBusy} onClick={openCodes}>
        as codes
      </button>
      <button type="button" class="small-button" popovertarget={`export-${view.id}`}>
        <Icon name="download" /> download
      </button>
      <div id={`export-${view.id}`} popover="auto" class="popover menu">
        {["wav", "flac", "ogg", "codes"].map((format) => (
          <a
            key={format}
            class="button quiet"
            href={`${BASE}/renders/${view.id}/export?format=${format}`}
            download
          >
            {format.toUpperCase()}
          </a>
        ))}
      </div>
      {session.value?.is_local && (
        <button type="button" class="small-button" onClick={reveal}>
          show in folder
        </button>
      )}
      <button type="button" class="small-button" onClick={() => binRender(view.id)}>
        <Icon name="trash" /> to the bin
      </button>
    </div>
  );
}

interface Passage {
  source: string;
  source_s: number;
  output_s: number;
}

/** Plays the passage of a render, with the recording that it is nearest to as B. */
async function playBesideSource(view: RenderView, passage: Passage): Promise<void> {
  try {
    const model = await get<ModelView>(`/models/${view.model_id}`);
    const file = model.corpus.find((entry) => entry.name === passage.source);
    if (!file) throw new Error(`${passage.source} is not among the sounds of ${model.name}.`);
    const here = { ...soundOfView(view), peaks: "", duration_s: 0, start_s: passage.output_s };
    here.key = `${here.key}@${passage.output_s}`;
    audition(here, {
      key: `${file.hash}@${passage.source_s}`,
      title: `${passage.source} from ${passage.source_s.toFixed(2)} s`,
      audio: soundUrl(file.hash, "audio"),
      peaks: "",
      duration_s: 0,
      loudness: null,
      start_s: passage.source_s,
    });
  } catch (error) {
    toastError(error);
  }
}

function Facts({ view }: { view: RenderView }) {
  const sampling = (view.recipe.sampling ?? {}) as Record<string, unknown>;
  const set = Object.entries(sampling).filter(([, value]) => value !== null && value !== "");
  const percent = view.copy?.passage_percent;
  const passage = view.copy?.passage as Passage | null | undefined;
  const facts: [string, string][] = [
    ["Model", view.model_name],
    ["Way", view.way],
    ["Seed", String(view.seed)],
    ["Length", clock(view.duration_s, 2)],
  ];
  if (view.loudness_lufs !== null) facts.push(["Loudness", `${signed(view.loudness_lufs)} LUFS`]);
  if (typeof percent === "number") facts.push(["Repeats", `${percent.toFixed(0)} %`]);
  if (passage) {
    const here = passage.output_s.toFixed(2);
    facts.push([
      "Nearest to",
      `${passage.source} at ${passage.source_s.toFixed(2)} s (here ${here} s)`,
    ]);
  }
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
      {passage && (
        <button
          type="button"
          class="small-button"
          onClick={() => void playBesideSource(view, passage)}
        >
          <Icon name="play" filled /> beside the recording (B swaps)
        </button>
      )}
      {view.remarks.map((remark) => (
        <p key={remark} class="small muted">
          {remark}
        </p>
      ))}
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
    </>
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
