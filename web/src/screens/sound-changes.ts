/** Choices about a sound of a corpus, each with an undo. */

import { patch } from "../state/api";
import type { CorpusView, ListedFile } from "../state/records";
import { toast, toastError } from "../state/toasts";

export type Choices = Partial<Pick<ListedFile, "muted" | "weight" | "tags" | "note">>;

/** Changes choices about a file, and gives the listing as it is then. */
export async function changeFile(
  corpus: string,
  file: ListedFile,
  choices: Choices,
  take: (corpus: CorpusView) => void,
  hasUndo = false,
): Promise<void> {
  const before: Choices = {};
  for (const key of Object.keys(choices) as (keyof Choices)[]) {
    Object.assign(before, { [key]: file[key] });
  }
  try {
    take(await send(corpus, file, choices));
    if (!hasUndo) return;
    toast(`${file.name}: ${describe(choices)}`, () => {
      send(corpus, file, before).then(take, toastError);
    });
  } catch (error) {
    toastError(error);
  }
}

function send(corpus: string, file: ListedFile, choices: Choices): Promise<CorpusView> {
  const { muted, weight, tags, note } = choices;
  const of = (value: unknown) => (value === undefined ? undefined : { [file.hash]: value });
  const body = { muted: of(muted), weights: of(weight), tags: of(tags), notes: of(note) };
  return patch<CorpusView>(`/corpora/${corpus}`, body);
}

function describe(choices: Choices): string {
  if (choices.muted !== undefined) return choices.muted ? "muted" : "heard again";
  if (choices.weight !== undefined) return `weight ${choices.weight}`;
  return "changed";
}
