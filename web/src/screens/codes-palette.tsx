/** The palette: codes of a level by frequency. Heard by a press, painted by a drag or by Enter. */

import type { Signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { codeAt } from "../grid/codes";
import { codeColours, cssOf, takesBlack } from "../grid/colours";
import type { Cell, Region } from "../grid/selection";
import type { Counts } from "../grid/tiles";
import { Icon } from "../parts/icon";
import { audition } from "../player/player";
import { BASE } from "../state/api";
import { stored } from "../state/stored";
import { isLight } from "../state/theme";
import type { EditorState } from "./codes-state";

type Order = "frequency" | "number";

const order = stored<Order>("paletteOrder", "frequency");

/** Codes that are shown, at most: a codebook may have as many as it likes. */
const MOST_CODES = 1024;

interface Props {
  state: EditorState;
  /** The cell of the grid under a place of the screen; null outside of it. */
  cellAt: (x: number, y: number) => Cell | null;
  onPaint: (region: Region, code: number) => void;
}

export function Palette({ state, cellAt, onPaint }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const codes = state.document.codes.value;
  const cell = state.cell.value;
  const level = state.isPainting.value ? (state.brush.value?.level ?? cell.level) : cell.level;
  const counts = state.counts.value[level] ?? null;
  const here = useMemo(() => countsOf(codes, level, state), [codes, level]);
  const size = Math.min(MOST_CODES, state.document.codebookSize);
  const shown = useMemo(() => sorted(size, counts ?? here), [size, counts, here, order.value]);
  const colours = useMemo(
    () => codeColours(size, isLight.value, counts ?? undefined),
    [size, counts, isLight.value],
  );
  const inHand = state.brush.value?.level === level ? state.brush.value.code : null;
  const chosen = inHand ?? codeAt(codes, cell.frame, level);
  useEffect(() => {
    if (!shown.includes(chosen)) return;
    const entry = list.current?.querySelector<HTMLElement>(`[data-code="${chosen}"]`);
    if (list.current && entry) keepInSight(list.current, entry);
  }, [chosen, shown]);
  const take = (code: number) => {
    state.brush.value = { level, code };
    hear(state, level, code);
  };
  const hands: Hands = { state, level, cellAt, onPaint, take };
  const total = (counts ?? here).reduce((sum, each) => sum + each, 0) || 1;
  return (
    <section class="palette" aria-label="Palette">
      <div class="row">
        <h2>Palette</h2>
        <LevelSelect state={state} level={level} />
        <label class="field small">
          <span>by</span>
          <select
            value={order.value}
            onChange={(event) => {
              order.value = event.currentTarget.value as Order;
            }}
          >
            <option value="frequency">frequency</option>
            <option value="number">number</option>
          </select>
        </label>
        <button
          type="button"
          class="small-button"
          aria-pressed={state.isPainting.value}
          title="Drags on this level of the grid paint the code in hand"
          onClick={() => {
            state.brush.value = { level, code: chosen };
            state.isPainting.value = !state.isPainting.value;
          }}
        >
          <Icon name="brush" /> Paint with {chosen}
        </button>
        <span class="muted small">{textOf(chosen, counts, here, total)}</span>
      </div>
      <div
        ref={list}
        id="palette"
        class="swatches"
        role="listbox"
        tabIndex={0}
        aria-label={`Codes of ${codes.names[level]}`}
        aria-activedescendant={`swatch-${chosen}`}
        onKeyDown={(event) => onKey(event, list.current, shown, chosen, hands)}
      >
        {shown.map((code) => (
          <div
            key={code}
            id={`swatch-${code}`}
            role="option"
            aria-selected={code === chosen}
            aria-label={`code ${code}`}
            title={`code ${textOf(code, counts, here, total)}`}
            data-code={code}
            class={takesBlack(colours[code] ?? 0) ? "swatch" : "swatch swatch-dark"}
            style={{ background: cssOf(colours[code] ?? 0) }}
            onPointerDown={(event) => onPointerDown(event, code, hands)}
          >
            {code}
          </div>
        ))}
      </div>
    </section>
  );
}

function LevelSelect({ state, level }: { state: EditorState; level: number }) {
  return (
    <select
      aria-label="Level of the palette"
      value={level}
      onChange={(event) => {
        const next = Number(event.currentTarget.value);
        state.cell.value = { ...state.cell.peek(), level: next };
        state.brush.value = null;
      }}
    >
      {state.document.codes.value.names.map((name, n) => (
        <option key={name} value={n}>
          {name}
        </option>
      ))}
    </select>
  );
}

/** How often each code of a level occurs in the document. */
function countsOf(codes: EditorState["document"]["codes"]["value"], level: number, s: EditorState) {
  const counts = new Array<number>(s.document.codebookSize).fill(0);
  for (let frame = 0; frame < codes.frames; frame++) {
    const code = codeAt(codes, frame, level);
    counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}

function sorted(size: number, counts: readonly number[]): number[] {
  const all = Array.from({ length: size }, (_, code) => code);
  if (order.value === "number") return all;
  return all.sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || a - b);
}

function textOf(code: number, counts: Counts, here: readonly number[], total: number): string {
  const share = counts
    ? `, ${((100 * (counts[code] ?? 0)) / total).toFixed(1)} % of the corpus`
    : "";
  return `${code}: ${here[code] ?? 0} × here${share}`;
}

function hear(state: EditorState, level: number, code: number): void {
  const model = state.document.view.peek()?.model;
  if (!model) return;
  const audio = `${BASE}/models/${model}/entries/${level + 1}/${code}/audio`;
  const name = state.document.codes.peek().names[level];
  audition({
    key: audio,
    title: `${name}, code ${code}`,
    audio,
    peaks: "",
    duration_s: 0,
    loudness: null,
  });
}

function keepInSight(list: HTMLElement, entry: HTMLElement): void {
  const top = entry.offsetTop - list.offsetTop;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + entry.offsetHeight > list.scrollTop + list.clientHeight) {
    list.scrollTop = top + entry.offsetHeight - list.clientHeight;
  }
}

// --- hands ---------------------------------------------------------------------------------------

interface Hands {
  state: EditorState;
  level: number;
  cellAt: (x: number, y: number) => Cell | null;
  onPaint: (region: Region, code: number) => void;
  take: (code: number) => void;
}

/** What Enter and a drop paint: the selection on this level, or the one cell. */
function target({ state, level }: Hands): Region {
  const { from, to } = state.regionOrCell();
  return { from, to, top: level, bottom: level + 1 };
}

function onKey(
  event: KeyboardEvent,
  list: HTMLElement | null,
  shown: readonly number[],
  chosen: number,
  hands: Hands,
): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const first = list?.firstElementChild as HTMLElement | null;
  const perRow = first && list ? Math.max(1, Math.floor(list.clientWidth / first.offsetWidth)) : 1;
  const steps: Record<string, number> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: perRow,
    ArrowUp: -perRow,
    Home: -shown.length,
    End: shown.length,
  };
  const step = steps[event.key];
  if (step) {
    const at = Math.max(0, shown.indexOf(chosen)) + step;
    hands.take(shown[Math.min(shown.length - 1, Math.max(0, at))] ?? chosen);
  } else if (event.key === "Enter") hands.onPaint(target(hands), chosen);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** A press is heard; a drag onto the grid paints there, from where it comes in to where it ends. */
function onPointerDown(down: PointerEvent, code: number, hands: Hands): void {
  if (down.button !== 0) return;
  const { state, level, cellAt } = hands;
  const element = down.currentTarget as HTMLElement;
  element.setPointerCapture(down.pointerId);
  hands.take(code);
  let begin: number | null = null;
  const ghost: Signal<Region | null> = state.ghost;
  const move = (event: PointerEvent) => {
    const cell = cellAt(event.clientX, event.clientY);
    // The stroke begins on its level: rows that it crosses on the way there do not count.
    if (!cell) begin = null;
    else if (cell.level === level) begin ??= cell.frame;
    ghost.value = cell && begin !== null ? stroke(begin, cell.frame, level) : null;
  };
  const up = (event: PointerEvent) => {
    element.removeEventListener("pointermove", move);
    element.removeEventListener("pointerup", up);
    element.removeEventListener("pointercancel", up);
    const region = ghost.peek();
    ghost.value = null;
    if (!region || event.type !== "pointerup") return;
    const selected = state.selection.peek();
    const isInside = selected && region.from >= selected.from && region.to <= selected.to;
    const isDrop = region.to - region.from === 1;
    hands.onPaint(isInside && isDrop ? target(hands) : region, code);
  };
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", up);
}

const stroke = (a: number, b: number, level: number): Region => ({
  from: Math.min(a, b),
  to: Math.max(a, b) + 1,
  top: level,
  bottom: level + 1,
});
