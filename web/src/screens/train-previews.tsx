/**
 * How the model sounds at its saves, beside the recordings as they are; and the new sounds of its
 * prior, at the best epochs.
 */

import { useRef } from "preact/hooks";
import { Thumbnail } from "../lanes/thumbnail";
import { Icon } from "../parts/icon";
import { audition, counterpart, current, hearSide, isPlaying, side, swap } from "../player/player";
import type { Sound } from "../player/sounds";
import { BASE } from "../state/api";
import { useCorpus } from "../state/corpora";
import { when } from "../state/format";
import type { JobDetail, KeptPreview, ListedFile, PreviewFile } from "../state/records";
import { place, setQuery } from "../state/route";
import { soundUrl } from "../state/sounds";

export function Previews({ detail }: { detail: JobDetail }) {
  const { previews, job } = detail;
  const wanted = Number(place.value.query.get("save") ?? Number.NaN);
  const found = previews.findIndex((preview) => preview.number === wanted);
  const index = found < 0 ? previews.length - 1 : found;
  const preview = previews[index];
  const corpus = useCorpus(preview ? job.corpus : "").resource.value.value;
  const files = corpus?.listing?.files ?? [];
  return (
    <section class="panel previews">
      <h2>How it sounds</h2>
      {!preview && (
        <p class="muted">
          From the first save on, the same sounds can be heard here as they are and as the model
          makes them. While it learns to generate, new sounds come from its best epochs.
        </p>
      )}
      {preview && (
        <>
          <label class="choice save-slider">
            <span class="muted">Moment</span>
            <input
              type="range"
              min={0}
              max={previews.length - 1}
              value={index}
              disabled={previews.length < 2}
              aria-valuetext={momentOf(preview, index, previews.length)}
              onInput={(event) => {
                const number = previews[Number(event.currentTarget.value)]?.number;
                setQuery({ save: number === undefined ? "" : String(number) });
              }}
            />
            <span>{momentOf(preview, index, previews.length)}</span>
          </label>
          <ul class="preview-list">
            {preview.files.map((file, n) => (
              <PreviewRow
                key={file.name}
                job={job.id}
                preview={preview}
                file={file}
                place={n}
                recording={recordingOf(file, files)}
              />
            ))}
          </ul>
          <Pictures job={job.id} preview={preview} />
        </>
      )}
    </section>
  );
}

/** Which preview it is, of which epoch of the prior, and when it was made. */
function momentOf(preview: KeptPreview, index: number, count: number): string {
  const epoch = preview.epoch ? `, epoch ${preview.epoch}` : "";
  return `${index + 1} of ${count}${epoch}, ${when(preview.made)}`;
}

/** Spectrograms of the sound that is chosen: the recording, the model, and their difference. */
function Pictures({ job, preview }: { job: string; preview: KeptPreview }) {
  const shown = preview.files
    .map((file, n) => ({ file, n }))
    .filter(({ file }) => file.has_picture);
  const heard = shown.find(({ n }) => current.value?.key === urlOf(job, preview, n, "audio"));
  const kept = useRef(0);
  if (heard) kept.current = heard.n;
  const chosen = shown.find(({ n }) => n === kept.current) ?? shown[0];
  if (!chosen) return null;
  const name = chosen.file.sound;
  return (
    <figure class="preview-picture">
      <figcaption class="small muted">
        {name}: recording, model, difference
        <span class="more-loud">louder</span> <span class="less-loud">quieter</span>
      </figcaption>
      <img
        src={urlOf(job, preview, chosen.n, "picture")}
        alt={`Spectrograms of ${name}: the recording, the model, and their difference`}
      />
    </figure>
  );
}

const urlOf = (job: string, preview: KeptPreview, place: number, part: string) =>
  `${BASE}/jobs/${job}/previews/${preview.number}/${place}/${part}`;

interface RowProps {
  job: string;
  preview: KeptPreview;
  file: PreviewFile;
  place: number;
  /** The recording that it was made from; null for a generated one, or where it is gone. */
  recording: ListedFile | null;
}

/** The recording of a preview: the file of the corpus that has its content. */
function recordingOf(file: PreviewFile, files: readonly ListedFile[]): ListedFile | null {
  return (file.hash && files.find(({ hash }) => hash === file.hash)) || null;
}

function PreviewRow({ job, preview, file, place: n, recording }: RowProps) {
  const url = urlOf(job, preview, n, "audio");
  const model: Sound = {
    key: url,
    title: `${titleOf(file, recording)}, as the model makes it`,
    audio: url,
    peaks: "",
    duration_s: 0,
    loudness: file.loudness_lufs,
  };
  const original = recording && originalOf(file, recording);
  const isHere = current.value?.key === url;
  const play = (wanted: 0 | 1) => {
    // The recording may have become known after the model was played.
    const isAlone = original !== null && counterpart.value?.key !== original.key;
    if (!isHere || isAlone) {
      audition(model, original);
      if (wanted === 1) swap();
    } else hearSide(wanted);
  };
  const icon = (wanted: 0 | 1) =>
    isHere && isPlaying.value && side.value === wanted ? "pause" : "play";
  return (
    <li class={isHere ? "preview is-here" : "preview"}>
      <span class="preview-thumb">
        {recording && (
          <Thumbnail url={soundUrl(recording.hash, "peaks")} seconds={recording.duration_s} />
        )}
      </span>
      <span class="cut" title={file.name}>
        {titleOf(file, recording)}
        <span class="muted small">{kindText(file)}</span>
      </span>
      {original && (
        <button type="button" class="small-button" onClick={() => play(1)}>
          <Icon name={icon(1)} filled /> original
        </button>
      )}
      <button type="button" class="small-button" onClick={() => play(0)}>
        <Icon name={icon(0)} filled /> model
      </button>
    </li>
  );
}

function kindText(file: PreviewFile): string {
  if (file.is_held_out) return " held out";
  if (file.seed === null) return "";
  const copies = file.copy_percent === null ? "" : `, repeats ${file.copy_percent.toFixed(0)} %`;
  return ` generated, seed ${file.seed}${copies}`;
}

const titleOf = (file: PreviewFile, recording: ListedFile | null) => recording?.name ?? file.name;

/** The recording from where the preview begins, so that both sides are at one instant. */
function originalOf(file: PreviewFile, recording: ListedFile): Sound {
  const url = soundUrl(recording.hash, "audio");
  return {
    key: `${url}@${file.start_s}`,
    title: `${recording.name}, as it is`,
    audio: url,
    peaks: "",
    duration_s: 0,
    loudness: file.recording_lufs,
    start_s: file.start_s,
  };
}
