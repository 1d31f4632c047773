/** Codes: documents, and one of them as a grid under its waveform. */

import { useState } from "preact/hooks";
import { useDrop } from "../parts/drop";
import { current } from "../player/player";
import { post, remove } from "../state/api";
import { clock, when } from "../state/format";
import type { DeletedView, DocumentsView, DocumentView, ModelsView } from "../state/records";
import { useResource } from "../state/resource";
import { go, hrefOf, place } from "../state/route";
import { toast, toastError } from "../state/toasts";
import { candidateOf, documentOf, documentOfFile, FileButton } from "./codes-chooser";
import { CodesDocument } from "./codes-document";

export function Codes() {
  const { id } = place.value;
  return id ? <CodesDocument key={id} id={id} /> : <Documents />;
}

function Documents() {
  const resource = useResource<DocumentsView>("/documents", "library");
  const documents = resource.value.value?.documents;
  const bin = async (document: DocumentView) => {
    try {
      const deleted = await remove<DeletedView>(`/documents/${document.id}`);
      toast(`${deleted.name} is in the bin`, () => {
        post(`/documents/${document.id}/restore`).catch(toastError);
      });
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <div class="two-panes">
      <OpenPanel />
      <section class="stack">
        <h2>Documents</h2>
        {documents?.length === 0 && <p class="muted">None yet.</p>}
        {resource.error.value && <p class="bad">{resource.error.value}</p>}
        <ul class="job-list">
          {documents?.map((document) => (
            <li key={document.id}>
              <a href={hrefOf("codes", document.id)}>{document.name}</a>
              <span class="muted small">
                {clock(document.seconds)}, {when(document.made)}
              </span>
              <button type="button" class="quiet small-button" onClick={() => bin(document)}>
                To the bin
              </button>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

/** Opens what is in the player, or a file. */
function OpenPanel() {
  const models = useResource<ModelsView>("/models", "library").value.value?.models ?? [];
  const [model, setModel] = useState("");
  const [isBusy, setBusy] = useState(false);
  const sound = candidateOf(current.value);
  const chosen = model || models[0]?.id || "";
  const open = async (ask: () => Promise<string>) => {
    setBusy(true);
    try {
      go(hrefOf("codes", await ask()));
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  const openFile = (file: File) => void open(() => documentOfFile(file, chosen));
  const drop = useDrop<HTMLElement>(({ dataTransfer }) => {
    const file = dataTransfer?.files[0];
    if (file) openFile(file);
  });
  return (
    <section ref={drop} class="panel form">
      <h1>Open as codes</h1>
      <p class="muted">
        {sound
          ? sound.title
          : "Play a sound on Sounds or in the Library and open it here, or drop a file: a codes file, or any sound."}
      </p>
      {sound?.kind !== "render" && models.length > 0 && (
        <label class="form-row">
          <span>by model</span>
          <select value={chosen} onChange={(event) => setModel(event.currentTarget.value)}>
            {models.map((entry) => (
              <option key={entry.id} value={entry.id}>
                {entry.name} v{entry.version}
              </option>
            ))}
          </select>
        </label>
      )}
      <div class="row">
        <button
          type="button"
          class="primary"
          disabled={isBusy || !sound || (sound.kind === "sound" && !chosen)}
          onClick={() => sound && void open(() => documentOf(sound, chosen))}
        >
          {isBusy ? "Opening …" : "Open the sound in the player"}
        </button>
        <FileButton isDisabled={isBusy} onFile={openFile} />
      </div>
    </section>
  );
}
