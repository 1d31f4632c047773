/** Codes: documents, and one of them as a grid under its waveform. */

import { useState } from "preact/hooks";
import { Icon } from "../parts/icon";
import { current } from "../player/player";
import { post, put, query, remove } from "../state/api";
import { clock, when } from "../state/format";
import type { DeletedView, DocumentsView, DocumentView, ModelsView } from "../state/records";
import { useResource } from "../state/resource";
import { go, hrefOf, place } from "../state/route";
import { toast, toastError } from "../state/toasts";
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

/** Opens what is in the player, or a codes file. */
function OpenPanel() {
  const models = useResource<ModelsView>("/models", "library").value.value?.models ?? [];
  const [model, setModel] = useState("");
  const [isBusy, setBusy] = useState(false);
  const sound = current.value;
  const render = /^render-(.+)$/.exec(sound?.key ?? "")?.[1];
  const hash = /\/sounds\/([0-9a-f]+)\/audio$/.exec(sound?.audio ?? "")?.[1];
  const chosen = model || models[0]?.id || "";
  const open = async (ask: () => Promise<DocumentView>) => {
    setBusy(true);
    try {
      go(hrefOf("codes", (await ask()).id));
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  const openSound = () =>
    open(() =>
      post<DocumentView>(
        "/documents",
        render ? { kind: "render", id: render } : { kind: "sound", id: hash, model: chosen },
      ),
    );
  return (
    <section class="panel form">
      <h1>Open as codes</h1>
      <p class="muted">
        {render || hash
          ? sound?.title
          : "Play a sound on Sounds or in the Library, then open it here."}
      </p>
      {hash && !render && (
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
          disabled={isBusy || !(render || (hash && chosen))}
          onClick={openSound}
        >
          {isBusy ? "Opening …" : "Open the sound in the player"}
        </button>
        <label class="button">
          <Icon name="folder" /> Codes file
          <input
            type="file"
            class="hidden-text"
            accept=".json,.gz"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              if (!file) return;
              const path = query("/documents", { name: file.name });
              void open(() => put<DocumentView>(path, file));
            }}
          />
        </label>
      </div>
    </section>
  );
}
