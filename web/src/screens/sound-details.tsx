/** Facts of a sound, and what a person chooses about it. */

import { useState } from "preact/hooks";
import { AsCommands } from "../parts/commands";
import { Icon } from "../parts/icon";
import { clock, signed } from "../state/format";
import type { CorpusView, ListedFile, SoundView } from "../state/records";
import { useResource } from "../state/resource";
import { isPlayable } from "../state/sounds";
import { type Choices, changeFile } from "./sound-changes";
import { Flags } from "./sound-flags";
import { SoundLanes } from "./sound-lanes";

interface Props {
  corpus: string;
  file: ListedFile;
  /** All files of the corpus, for those that are nearly the same. */
  files: readonly ListedFile[];
  onChange: (view: CorpusView) => void;
}

/** Weights of the slider: those that are heard as different. */
const WEIGHTS = [0.25, 0.5, 1, 2, 3, 4];

export function SoundDetails({ corpus, file, files, onChange }: Props) {
  const change = (choices: Choices) => changeFile(corpus, file, choices, onChange);
  const isDrawn = file.is_measured && isPlayable(file);
  return (
    <aside class="panel details" aria-label="The selected sound">
      <h2 class="whole-name">{file.name}</h2>
      {!file.is_measured && (
        <p class="muted">Not measured yet: its facts come once the scan has read it.</p>
      )}
      {isDrawn && <SoundLanes key={file.hash} file={file} />}
      {file.reason && (
        <p class="bad row-top">
          <Icon name="circleAlert" /> {file.reason}
        </p>
      )}
      <Flags file={file} files={files} />
      {file.is_measured && <Facts file={file} />}
      {file.hash !== "" && <ChoiceFields file={file} change={change} />}
      {file.hash !== "" && <FileCommands hash={file.hash} />}
    </aside>
  );
}

/** The same choices as commands; the server writes them once they are looked at. */
function FileCommands({ hash }: { hash: string }) {
  const view = useResource<SoundView>(`/sounds/${hash}`).value.value;
  return <AsCommands lines={view?.commands} />;
}

function Facts({ file }: { file: ListedFile }) {
  const facts: [string, string][] = [["Length", clock(file.duration_s, 2)]];
  if (file.loudness !== null) facts.push(["Loudness", `${signed(file.loudness)} LUFS`]);
  if (file.tempo !== null) facts.push(["Tempo", `${file.tempo.toFixed(0)} BPM`]);
  if (file.key) facts.push(["Key", file.key]);
  if (file.generated) facts.push(["Made by", "a model"]);
  return (
    <dl class="facts">
      {facts.map(([name, text]) => (
        <div key={name}>
          <dt class="muted">{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

function ChoiceFields({ file, change }: { file: ListedFile; change: (c: Choices) => void }) {
  const nearest = WEIGHTS.reduce((best, weight, index) => {
    const distance = Math.abs(weight - file.weight);
    return distance < Math.abs((WEIGHTS[best] ?? 1) - file.weight) ? index : best;
  }, 0);
  const [step, setStep] = useState(nearest);
  return (
    <div class="stack choices">
      <label class="field">
        <input
          type="checkbox"
          checked={file.muted}
          onChange={(event) => change({ muted: event.currentTarget.checked })}
        />
        muted: not heard in training
      </label>
      <label class="choice">
        <span class="muted">Weight</span>
        <input
          type="range"
          min={0}
          max={WEIGHTS.length - 1}
          step={1}
          value={step}
          aria-valuetext={`${WEIGHTS[step]} times as often`}
          onInput={(event) => setStep(Number(event.currentTarget.value))}
          onChange={(event) => change({ weight: WEIGHTS[Number(event.currentTarget.value)] ?? 1 })}
        />
        <span>× {WEIGHTS[step]}</span>
      </label>
      <label class="choice">
        <span class="muted">Tags</span>
        <input
          type="text"
          placeholder="drums, dry"
          value={file.tags.join(", ")}
          onChange={(event) => change({ tags: tagsOf(event.currentTarget.value) })}
        />
      </label>
      <label class="choice">
        <span class="muted">Note</span>
        <textarea
          rows={2}
          value={file.note}
          onChange={(event) => change({ note: event.currentTarget.value })}
        />
      </label>
    </div>
  );
}

const tagsOf = (text: string) =>
  text
    .split(",")
    .map((tag) => tag.trim())
    .filter(Boolean);
