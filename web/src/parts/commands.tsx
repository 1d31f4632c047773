/** Actions as commands: what a button does, as a line for a terminal. */

import { useEffect, useState } from "preact/hooks";
import { post } from "../state/api";
import type { CommandView } from "../state/records";
import { sentenceOf, toast, toastError } from "../state/toasts";

/** Lines by the name of the action, folded away. */
export function AsCommands({ lines }: { lines: Record<string, string> | undefined }) {
  const entries = Object.entries(lines ?? {});
  if (!entries.length) return null;
  return (
    <details class="as-commands">
      <summary class="small muted">as a command</summary>
      <ul>
        {entries.map(([name, line]) => (
          <Line key={name} name={name} line={line} />
        ))}
      </ul>
    </details>
  );
}

/** Time after the last change until the line is asked for, in ms. */
const REST_MS = 300;

/** The line for an order that was not sent yet; the server writes it once it is in sight. */
export function AsCommand({ path, body }: { path: string; body: unknown }) {
  const [isOpen, setOpen] = useState(false);
  const [line, setLine] = useState("");
  const [error, setError] = useState("");
  const text = JSON.stringify(body);
  useEffect(() => {
    if (!isOpen) return;
    const timer = setTimeout(async () => {
      try {
        setLine((await post<CommandView>(path, JSON.parse(text))).command);
        setError("");
      } catch (failure) {
        setError(sentenceOf(failure));
      }
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [isOpen, path, text]);
  return (
    <details class="as-commands" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="small muted">as a command</summary>
      {error ? <p class="small bad">{error}</p> : <ul>{line && <Line name="" line={line} />}</ul>}
    </details>
  );
}

function Line({ name, line }: { name: string; line: string }) {
  const copy = () =>
    navigator.clipboard.writeText(line).then(
      () => toast("The command is copied"),
      () => toastError(new Error("The browser does not let the page copy: mark the line instead.")),
    );
  return (
    <li>
      {name && <span class="small muted">{name}</span>}
      <code>{line}</code>
      <button
        type="button"
        class="quiet small-button"
        aria-label={`Copy the command ${name}`}
        onClick={copy}
      >
        copy
      </button>
    </li>
  );
}
