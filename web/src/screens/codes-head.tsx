/** The head of a document: its name, undo by name, its history, its seams, and what leaves it. */

import { signal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { lineText } from "../grid/operations";
import { Command } from "../parts/command";
import { Icon } from "../parts/icon";
import { BASE, patch, query } from "../state/api";
import type { OpenDocument } from "../state/document";
import { onEvents } from "../state/events";
import { count, percent } from "../state/format";
import type { DocumentView } from "../state/records";
import { toastError } from "../state/toasts";
import { commandsOf } from "./codes-commands";
import { levelsHeard } from "./codes-heard";
import type { EditorState } from "./codes-state";

export function Head({ state }: { state: EditorState }) {
  const { document } = state;
  const view = document.view.value;
  const isBusy = document.isBusy.value;
  const last = view?.edits[view.cursor - 1];
  const next = view?.edits[view.cursor];
  return (
    <div class="screen-head codes-head">
      <Name document={document} />
      <div class="row head-history">
        <button
          type="button"
          disabled={!last || isBusy}
          title={last ? `Undo “${lineText(last.line)}” (Ctrl+Z)` : "Nothing to undo"}
          onClick={() => void document.undo()}
        >
          <Icon name="undo" />
          <span class="cut">{last ? `Undo “${lineText(last.line)}”` : "Undo"}</span>
        </button>
        <button
          type="button"
          disabled={!next || isBusy}
          aria-label={next ? `Redo “${lineText(next.line)}”` : "Redo"}
          title={next ? `Redo “${lineText(next.line)}” (Ctrl+Shift+Z)` : "Nothing to redo"}
          onClick={() => void document.redo()}
        >
          <Icon name="redo" />
          {next && <span class="cut">Redo “{lineText(next.line)}”</span>}
        </button>
        <History document={document} />
      </div>
      {isBusy ? <Progress document={document} /> : <Facts document={document} />}
      <div class="row spread">
        <button
          type="button"
          disabled={isBusy || !document.codes.value.seams.length}
          title="Draw the moment before each seam anew (needs a prior)"
          onClick={() => void document.edit("heal --seams")}
        >
          Heal seams
        </button>
        <Export state={state} />
      </div>
    </div>
  );
}

function Facts({ document }: { document: OpenDocument }) {
  const { seams, locked } = document.codes.value;
  const share = useMemo(
    () => locked.reduce((sum, each) => sum + each, 0) / locked.length,
    [locked],
  );
  return (
    <p class="muted small">
      {count(seams.length, "seam")}
      {share > 0 && ` · ${share < 0.01 ? "under 1 %" : percent(share)} locked`}
    </p>
  );
}

/** How far a long edit has come; it can be left. */
function Progress({ document }: { document: OpenDocument }) {
  const share = useMemo(() => signal<number | null>(null), []);
  useEffect(
    () =>
      onEvents("player", ({ type, data }) => {
        const facts = data as { document?: string; done?: number; total?: number };
        if (type !== "take.drawing" || facts.document !== document.id || !facts.total) return;
        share.value = (facts.done ?? 0) / facts.total;
      }),
    [document],
  );
  return (
    <div class="row small" role="status">
      {share.value === null ? (
        <span class="muted">at work …</span>
      ) : (
        <>
          <progress max={1} value={share.value} aria-label="Edit" />
          <span class="muted">{percent(share.value)}</span>
        </>
      )}
      <button type="button" class="small-button" onClick={() => document.cancel()}>
        Cancel
      </button>
    </div>
  );
}

function Name({ document }: { document: OpenDocument }) {
  const [isEdited, edit] = useState(false);
  const view = document.view.value;
  const rename = async (name: string) => {
    edit(false);
    if (!name.trim() || name === view?.name) return;
    try {
      document.view.value = await patch<DocumentView>(document.path, { name });
    } catch (error) {
      toastError(error);
    }
  };
  if (isEdited) {
    return (
      <input
        type="text"
        class="name-field"
        aria-label="Name of the document"
        value={view?.name}
        ref={(input) => input?.focus()}
        onKeyDown={(event) => {
          if (event.key === "Enter") void rename(event.currentTarget.value);
          if (event.key === "Escape") edit(false);
        }}
        onBlur={(event) => void rename(event.currentTarget.value)}
      />
    );
  }
  return (
    <h1 class="cut">
      <button type="button" class="quiet name" title="Rename" onClick={() => edit(true)}>
        {view?.name}
      </button>
    </h1>
  );
}

/** All edits: a press goes back or on to any of them. */
function History({ document }: { document: OpenDocument }) {
  const view = document.view.value;
  const edits = view?.edits ?? [];
  if (!view || !edits.length) return null;
  const states = ["as it began", ...edits.map((edit) => lineText(edit.line))];
  return (
    <>
      <button type="button" class="small-button quiet" popovertarget="history">
        {view.cursor} of {edits.length} <Icon name="chevronDown" />
      </button>
      <div id="history" popover="auto" class="popover">
        <h2>History</h2>
        <ol class="history">
          {states.map((line, n) => (
            <li key={n}>
              <button
                type="button"
                class="quiet small-button"
                aria-current={n === view.cursor ? "step" : undefined}
                disabled={document.isBusy.value}
                onClick={() => void document.goTo(n)}
              >
                <span class="muted">{n}</span>
                <span class={n > view.cursor ? "cut muted" : "cut"}>{line}</span>
              </button>
            </li>
          ))}
        </ol>
      </div>
    </>
  );
}

function Export({ state }: { state: EditorState }) {
  const { document } = state;
  const view = document.view.value;
  const url = `${BASE}${document.path}`;
  void state.silent.value;
  const levels = levelsHeard(state) || undefined;
  return (
    <>
      <button type="button" popovertarget="export-document">
        <Icon name="download" /> Export <Icon name="chevronDown" />
      </button>
      <div id="export-document" popover="auto" class="popover">
        <h2>Export</h2>
        <div class="menu">
          <a
            class="button quiet"
            href={query(`${url}/audio`, { grid: view?.grid })}
            download={`${view?.name}.wav`}
          >
            Sound (WAV, 24 bit)
          </a>
          {levels && (
            <a
              class="button quiet"
              href={query(`${url}/audio`, { grid: view?.grid, levels })}
              download={`${view?.name}, levels ${levels}.wav`}
            >
              Sound of the levels that are heard (WAV)
            </a>
          )}
          <a class="button quiet" href={`${url}/codes`} download>
            Codes file
          </a>
          <a class="button quiet" href={`${url}/script`} download={`${view?.name}.txt`}>
            Script for `distill edit run`
          </a>
        </div>
        <h2>As commands</h2>
        {commandsOf(document, levels).map(([does, text]) => (
          <Command key={does} does={does} text={text} />
        ))}
      </div>
    </>
  );
}
