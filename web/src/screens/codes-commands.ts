/** What is done on the screen, as commands of the terminal. */

import { GROUPS } from "../grid/operations";
import type { OpenDocument } from "../state/document";
import { session } from "../state/session";

/** Operations whose command names the model first. */
const THROUGH_MODEL = new Set(["blend", "drift", "clear", "heal"]);

const quote = (word: string) => (/^[\w./:@%+=,-]+$/.test(word) ? word : `'${word}'`);

/** An edit of a document as a command of its own. */
export function editCommand(document: OpenDocument, line: string): string {
  const [name = "", ...rest] = line.split(" ");
  const model = THROUGH_MODEL.has(name) ? [modelOf(document)] : [];
  const takesOther = GROUPS.some((group) =>
    group.operations.some((operation) => operation.name === name && operation.takesOther),
  );
  const other = takesOther ? rest.splice(0, 1) : [];
  return ["distill edit", name, ...model, document.id, ...other, ...rest].map(String).join(" ");
}

/** The file of the model in the workspace. */
function modelOf(document: OpenDocument): string {
  const file = document.modelFile.value;
  return file ? quote(`${session.value?.workspace}/models/${file}`) : "MODEL_PATH";
}

export function commandsOf(document: OpenDocument, levels?: string): [string, string][] {
  const name = quote(`${document.view.peek()?.name ?? "sound"}.wav`);
  const codes = name.replace(/\.wav('?)$/, ".json.gz$1");
  const part = levels ? ` --levels ${levels}` : "";
  const { id } = document;
  return [
    ["undo", `distill documents undo ${id}`],
    ["redo", `distill documents redo ${id}`],
    ["heal seams", editCommand(document, "heal --seams")],
    ["sound", `distill decode ${modelOf(document)} ${id} -o ${name}${part}`],
    ["codes file", `distill documents export ${id} -o ${codes}`],
    ["script", `distill documents script ${id} > edits.txt`],
    [
      "all edits on another sound",
      `distill edit run ${modelOf(document)} CODES_PATH --script edits.txt`,
    ],
  ];
}
