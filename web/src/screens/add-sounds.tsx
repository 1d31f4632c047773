/** New sounds of a corpus: by a dialog, or dropped anywhere on the page. */

import { useRef } from "preact/hooks";
import { Icon } from "../parts/icon";
import { droppedFiles, sendSounds } from "../state/corpora";
import { toastError } from "../state/toasts";

export function AddSounds({ corpus }: { corpus: string }) {
  const input = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement | null>(null);
  return (
    <>
      <button type="button" onClick={() => input.current?.click()}>
        <Icon name="plus" /> Add sounds
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept="audio/*,.wav,.flac,.aif,.aiff,.ogg,.mp3"
        onChange={(event) => send(corpus, event.currentTarget)}
      />
      <button
        type="button"
        title="Its sounds are copied, with their folders"
        onClick={() => folder.current?.click()}
      >
        <Icon name="folder" /> Add a folder
      </button>
      <input
        ref={(element) => {
          folder.current = element;
          element?.setAttribute("webkitdirectory", "");
        }}
        type="file"
        multiple
        hidden
        onChange={(event) => send(corpus, event.currentTarget)}
      />
    </>
  );
}

/** Sends the files of an input, those of a folder under their names in it. */
function send(corpus: string, input: HTMLInputElement): void {
  const files = [...(input.files ?? [])].filter(({ name }) => !name.startsWith("."));
  input.value = "";
  void sendSounds(
    corpus,
    files.map((file) => ({ path: file.webkitRelativePath || file.name, file })),
  );
}

/** Takes files that are dropped anywhere, until the function that it returns is called. */
export function takeDrops(corpus: string): () => void {
  const over = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.add("drop");
  };
  const leave = (event: DragEvent) => {
    if (event.relatedTarget === null) document.body.classList.remove("drop");
  };
  const drop = (event: DragEvent) => {
    document.body.classList.remove("drop");
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    droppedFiles(event.dataTransfer)
      .then((uploads) => sendSounds(corpus, uploads))
      .catch(toastError);
  };
  document.addEventListener("dragover", over);
  document.addEventListener("dragleave", leave);
  document.addEventListener("drop", drop);
  return () => {
    document.removeEventListener("dragover", over);
    document.removeEventListener("dragleave", leave);
    document.removeEventListener("drop", drop);
    document.body.classList.remove("drop");
  };
}
