/** The list of the sounds of a corpus. */

import { Thumbnail } from "../lanes/thumbnail";
import { Icon } from "../parts/icon";
import { List } from "../parts/list";
import { audition, current, isPlaying } from "../player/player";
import { clock, signed } from "../state/format";
import type { CorpusView, ListedFile } from "../state/records";
import { setQuery } from "../state/route";
import { isPlayable, listedSound, soundUrl } from "../state/sounds";
import { stored } from "../state/stored";
import { toast } from "../state/toasts";
import { changeFile } from "./sound-changes";

/** Whether moving through a list plays what is reached. */
export const auditions = stored("audition", true);

interface Props {
  corpus: string;
  files: ListedFile[];
  selected: string;
  onChange: (view: CorpusView) => void;
  onPlay: () => void;
}

const ROW = 40;

export function SoundTable({ corpus, files, selected, onChange, onPlay }: Props) {
  const play = (file: ListedFile) => {
    if (isPlayable(file)) audition(listedSound(corpus, file));
    else toast(`${file.name} cannot be played: ${file.reason}`);
  };
  const mute = (file: ListedFile) => {
    if (file.hash) void changeFile(corpus, file, { muted: !file.muted }, onChange, true);
    else toast(`${file.name} ${file.is_measured ? "is left out anyway" : "is not measured yet"}`);
  };
  return (
    <List
      label="Sounds"
      items={files}
      keyOf={(file) => file.name}
      rowHeight={ROW}
      selected={selected}
      onSelect={(file, how) => {
        setQuery({ sound: file.name });
        // Moving on is silent there: the reason stands in the row.
        if (how === "key" && !(auditions.value && isPlayable(file))) return;
        if (how === "click" && isHere(corpus, file)) onPlay();
        else play(file);
      }}
      columns={["Sound", "Length", "LUFS", "Remarks", "Tags", "Weight"]}
      row={(file) => <Cells corpus={corpus} file={file} onMute={() => mute(file)} />}
      rowClass={rowClass}
      keys={[
        { key: "m", does: "Mute, or let it be heard", run: mute },
        { key: "Enter", does: "Play it from its start", run: play },
      ]}
    />
  );
}

const rowClass = (file: ListedFile) =>
  `sound-row ${file.muted ? "is-muted" : ""} ${file.used || !file.is_measured ? "" : "is-unused"}`;

/** Whether a sound of the list is in the player. */
const isHere = (corpus: string, file: ListedFile) =>
  isPlayable(file) && current.value?.key === listedSound(corpus, file).key;

interface CellsProps {
  corpus: string;
  file: ListedFile;
  onMute: () => void;
}

function Cells({ corpus, file, onMute }: CellsProps) {
  const here = isHere(corpus, file);
  const folder = file.name.split("/").slice(0, -1).join("/");
  const own = file.name.slice(folder ? folder.length + 1 : 0);
  const canPlay = isPlayable(file);
  return (
    <>
      <span role="gridcell" class="sound-name">
        <span class={here ? "sound-icon is-here" : "sound-icon"}>
          <Icon name={here && isPlaying.value ? "pause" : canPlay ? "play" : "x"} filled />
        </span>
        <span class="sound-thumb">
          {canPlay && file.is_measured && (
            <Thumbnail
              url={soundUrl(file.hash, "peaks")}
              seconds={file.duration_s}
              token={here ? "accent" : "muted"}
            />
          )}
        </span>
        <span class="cut" title={file.name}>
          {folder && <span class="muted">{folder}/</span>}
          {own}
        </span>
      </span>
      <span role="gridcell" class="number">
        {file.duration_s ? clock(file.duration_s, file.duration_s < 10 ? 2 : 1) : ""}
      </span>
      <span role="gridcell" class="number muted">
        {file.loudness === null ? "" : signed(file.loudness)}
      </span>
      <span
        role="gridcell"
        class="cut small remarks"
        title={[file.reason, ...file.flags, ...file.advice].filter(Boolean).join("; ")}
      >
        {remark(file)}
      </span>
      <span role="gridcell" class="cut small muted">
        {file.tags.join(", ")}
      </span>
      <span role="gridcell" class="sound-weight">
        <button
          type="button"
          class="quiet icon-only small-button"
          tabIndex={-1}
          aria-pressed={file.muted}
          aria-label={file.muted ? "Muted" : "Mute"}
          title={file.muted ? "Muted: press to hear it in training" : "Mute (M)"}
          onClick={(event) => {
            event.stopPropagation();
            onMute();
          }}
        >
          <Icon name={file.muted ? "volumeOff" : "volume"} />
        </button>
        <span>{file.muted ? "muted" : `× ${file.weight}`}</span>
      </span>
    </>
  );
}

function remark(file: ListedFile) {
  if (!file.is_measured) return <span class="muted">not measured yet</span>;
  if (!file.used && !file.muted) return <span class="bad">{file.reason}</span>;
  if (file.flags.length) {
    const advice = file.advice.filter(Boolean).join("; ");
    return (
      <>
        <span class="warn">{file.flags.join(", ")}</span>
        {advice && <span class="muted"> → {advice}</span>}
      </>
    );
  }
  return <span class="muted">{file.generated ? "generated" : "ok"}</span>;
}
