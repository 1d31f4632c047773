/** Keys of an open document, and those that its grid takes by itself. */

import type { Region } from "../grid/selection";
import { type Binding, useKeys } from "../state/keys";
import { play } from "./codes-heard";
import { switchLevel } from "./codes-lanes";
import type { EditorState } from "./codes-state";

type Act = (name: string, values?: Record<string, string>, region?: Region | null) => void;

/** Factor of a step of the zoom. */
const ZOOM = 0.5;

/** What the grid does with keys while it has the focus: for the help. */
const OF_THE_GRID: Binding[] = [
  { key: "ArrowLeft", does: "On the grid: move by a cell; with Shift the region grows" },
  { key: "Ctrl+ArrowRight", does: "On the grid: to the next change of the code" },
  { key: "Enter", does: "On the grid: select the cell" },
  { key: "Ctrl+a", does: "On the grid: select all" },
];

export function useEditorKeys(state: EditorState, act: Act): void {
  const { document, axis } = state;
  const middle = () => axis.width.peek() / 2;
  const lock = () => {
    const region = state.regionOrCell();
    act(isAllLocked(state, region) ? "unlock" : "lock", {}, region);
  };
  const level = () => state.cell.peek().level;
  useKeys("Codes", [
    { key: "Ctrl+z", does: "Undo", run: () => void document.undo() },
    { key: "Ctrl+Shift+z", does: "Redo", run: () => void document.redo() },
    { key: "Ctrl+y", does: "Redo", run: () => void document.redo() },
    { key: "p", does: "Play the region", run: () => play(state, state.regionOrCell()) },
    { key: "k", does: "Lock or unlock the region", run: lock },
    {
      key: "m",
      does: "Mute the level of the cell",
      run: () => switchLevel(state, "muted", level()),
    },
    { key: "s", does: "Solo that level", run: () => switchLevel(state, "soloed", level()) },
    { key: "o", does: "To the operations: arrows move, Enter begins", run: focusOperations },
    { key: "e", does: "To the palette: arrows hear, Enter paints", run: () => focus("#palette") },
    { key: "g", does: "To the grid", run: () => focus(".code-grid") },
    { key: "+", does: "Zoom in", run: () => axis.zoom(ZOOM, middle()) },
    { key: "-", does: "Zoom out", run: () => axis.zoom(1 / ZOOM, middle()) },
    { key: "0", does: "Show all", run: () => axis.fit() },
    {
      key: "Escape",
      does: "End painting, drop the edit in hand, or the selection",
      run: () => leave(state),
    },
    ...OF_THE_GRID,
  ]);
}

function focus(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}

/** The operations, or the one whose form is open. */
function focusOperations(): void {
  focus(
    "#operations button, .operation-form input, .operation-form select, .operation-form button",
  );
}

function leave(state: EditorState): void {
  if (state.isPainting.peek()) state.isPainting.value = false;
  else if (state.operation.peek()) state.drop();
  else state.selection.value = null;
}

export function isAllLocked(state: EditorState, region: Region): boolean {
  const { locked, levels } = state.document.codes.peek();
  for (let frame = region.from; frame < region.to; frame++) {
    for (let level = region.top; level < region.bottom; level++) {
      if (!locked[frame * levels + level]) return false;
    }
  }
  return true;
}
