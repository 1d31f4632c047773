/** Any sound as a document: other documents, renders, recordings, files of the disk. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Icon } from "../parts/icon";
import { current } from "../player/player";
import type { Sound } from "../player/sounds";
import { get, post, put, query } from "../state/api";
import { clock } from "../state/format";
import type {
  CorpusList,
  CorpusListing,
  DocumentsView,
  DocumentView,
  RenderPage,
} from "../state/records";
import { useResource } from "../state/resource";
import { toastError } from "../state/toasts";

/** A sound that a document can be made of. */
export interface Candidate {
  kind: "document" | "render" | "sound";
  id: string;
  title: string;
  seconds: number;
}

/** Entries of each kind that are shown, at most. */
const MOST_SHOWN = 40;

/** The sound in the player, where a document can be made of it. */
export function candidateOf(sound: Sound | null): Candidate | null {
  if (!sound) return null;
  const { title, duration_s: seconds } = sound;
  const render = /^render-(.+)$/.exec(sound.key)?.[1];
  if (render) return { kind: "render", id: render, title, seconds };
  const hash = /\/sounds\/([0-9a-f]+)\/audio$/.exec(sound.audio)?.[1];
  return hash ? { kind: "sound", id: hash, title, seconds } : null;
}

/** A document of a sound: the model encodes it, where its codes were not kept. */
export async function documentOf(candidate: Candidate, model: string): Promise<string> {
  const { kind, id, title } = candidate;
  if (kind === "document") return id;
  if (kind === "render") {
    // Codes of another model would not fit: then the sound is encoded.
    try {
      return (await post<DocumentView>("/documents", { kind, id, name: title })).id;
    } catch (error) {
      if (!model) throw error;
    }
  }
  return (await post<DocumentView>("/documents", { kind, id, name: title, model })).id;
}

/** A document of a file of the disk: codes, or a sound that the model encodes. */
export async function documentOfFile(file: File, model: string): Promise<string> {
  const isCodes = /\.json(\.gz)?$/.test(file.name);
  const path = query("/documents", { name: file.name, model: isCodes ? "" : model });
  return (await put<DocumentView>(path, file)).id;
}

interface Props {
  /** Codebooks that the sound has to share, and a model of them. */
  family: string;
  model: string;
  /** A document that is left out: the one that is open. */
  without: string;
  onChoose: (document: string) => void;
  onClose: () => void;
}

export function SoundChooser({ family, model, without, onChoose, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const take = async (ask: () => Promise<string>) => {
    setBusy(true);
    try {
      onChoose(await ask());
      dialog.current?.close();
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };
  const groups = useCandidates(family, without, text);
  return (
    <dialog ref={dialog} class="chooser" aria-label="Another sound" onClose={onClose}>
      <div class="row">
        <h2>Another sound</h2>
        <button
          type="button"
          class="quiet icon-only small-button spread"
          aria-label="Close"
          onClick={() => dialog.current?.close()}
        >
          <Icon name="x" />
        </button>
      </div>
      <div class="row">
        <input
          type="search"
          aria-label="Filter"
          placeholder="Filter by name"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <FileButton
          isDisabled={isBusy}
          onFile={(file) => take(() => documentOfFile(file, model))}
        />
      </div>
      {isBusy && <p class="muted">Opening …</p>}
      <div class="chooser-groups">
        {groups.map(({ name, entries }) => (
          <section key={name}>
            <h3>{name}</h3>
            {!entries.length && <p class="muted small">none</p>}
            <ul>
              {entries.map((entry) => (
                <li key={entry.id}>
                  <button
                    type="button"
                    class="quiet chooser-entry"
                    disabled={isBusy}
                    onClick={() => take(() => documentOf(entry, model))}
                  >
                    <span class="cut">{entry.title}</span>
                    <span class="muted small">{clock(entry.seconds)}</span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </dialog>
  );
}

interface FileProps {
  isDisabled?: boolean;
  onFile: (file: File) => void;
}

export function FileButton({ isDisabled, onFile }: FileProps) {
  return (
    <label class={isDisabled ? "button disabled" : "button"}>
      <Icon name="folder" /> File …
      <input
        type="file"
        class="hidden-text"
        accept=".json,.gz,audio/*,.aif,.aiff,.flac,.wav"
        disabled={isDisabled}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) onFile(file);
        }}
      />
    </label>
  );
}

function useCandidates(family: string, without: string, text: string) {
  const documents = useResource<DocumentsView>("/documents").value.value?.documents ?? [];
  const renders = useResource<RenderPage>(query("/renders", { q: text, limit: MOST_SHOWN })).value;
  const recordings = useRecordings();
  const playing = candidateOf(current.value);
  const fits = (entry: Candidate) => entry.title.toLowerCase().includes(text.toLowerCase());
  const own = documents
    .filter((each) => each.id !== without && each.codebook_hash === family)
    .map(({ id, name, seconds }): Candidate => ({ kind: "document", id, title: name, seconds }));
  const made = (renders.value?.renders ?? []).map(
    ({ id, title, duration_s }): Candidate => ({ kind: "render", id, title, seconds: duration_s }),
  );
  const groups = [
    { name: "Documents", entries: own.filter(fits) },
    { name: "Generated sounds", entries: made },
    { name: "Recordings", entries: recordings.filter(fits) },
  ];
  if (playing) groups.unshift({ name: "In the player", entries: [playing] });
  return groups.map(({ name, entries }) => ({ name, entries: entries.slice(0, MOST_SHOWN) }));
}

/** Recordings of all corpora that were scanned. */
function useRecordings(): Candidate[] {
  const [files, setFiles] = useState<Candidate[]>([]);
  const corpora = useResource<CorpusList>("/corpora").value.value?.corpora;
  const ids = useMemo(() => corpora?.map((corpus) => corpus.id).join(",") ?? "", [corpora]);
  useEffect(() => {
    let isGone = false;
    const load = async () => {
      const found: Candidate[] = [];
      for (const id of ids.split(",").filter(Boolean)) {
        const { listing } = await get<{ listing: CorpusListing | null }>(`/corpora/${id}`);
        for (const { hash, name, duration_s, used } of listing?.files ?? []) {
          if (used) found.push({ kind: "sound", id: hash, title: name, seconds: duration_s });
        }
      }
      if (!isGone) setFiles(found);
    };
    load().catch(toastError);
    return () => {
      isGone = true;
    };
  }, [ids]);
  return files;
}
