/** What is done with the selected region: heard, edited in place, or mixed with another sound. */

import { useEffect, useRef } from "preact/hooks";
import { GROUPS, lineOf, OPERATIONS, type Operation } from "../grid/operations";
import { type Region, regionText } from "../grid/selection";
import { Icon } from "../parts/icon";
import { lettersOn } from "../state/keys";
import { play } from "./codes-heard";
import { OperationForm } from "./codes-operation";
import { type EditorState, hearsEdits } from "./codes-state";

interface Props {
  state: EditorState;
  /** Opens the choice of another sound. */
  onChoose: () => void;
}

export function SelectionPanel({ state, onChoose }: Props) {
  const codes = state.document.codes.value;
  const region = state.selection.value;
  const operation = state.operation.value;
  const all = { top: 0, bottom: codes.levels };
  const hasPart = region && (region.top > 0 || region.bottom < codes.levels);
  return (
    <aside class="panel selection-panel" aria-label="Selection">
      <div class="row">
        <h2>{region ? regionText(region, codes) : "The whole sound"}</h2>
        {region && (
          <button
            type="button"
            class="quiet small-button spread"
            onClick={() => {
              state.selection.value = null;
            }}
          >
            Clear
          </button>
        )}
      </div>
      <RegionFields state={state} />
      <div class="row">
        <button
          type="button"
          class="small-button"
          onClick={() => play(state, region ? { ...region, ...all } : undefined)}
        >
          <Icon name="play" filled /> {region ? "region" : "all"}
        </button>
        {hasPart && (
          <button type="button" class="small-button" onClick={() => play(state, region)}>
            <Icon name="play" filled /> these levels
          </button>
        )}
        <label class="field small spread">
          <input
            type="checkbox"
            checked={hearsEdits.value}
            onChange={(event) => {
              hearsEdits.value = event.currentTarget.checked;
            }}
          />
          hear edits
        </label>
      </div>
      {operation ? (
        <OperationForm
          key={operation.name}
          state={state}
          operation={operation}
          onChoose={onChoose}
        />
      ) : (
        <OperationMenu state={state} onChoose={onChoose} />
      )}
    </aside>
  );
}

/** All operations: one tab stop, arrows move, the first letter leads on. */
function OperationMenu({ state, onChoose }: Props) {
  const menu = useRef<HTMLDivElement>(null);
  // Whoever leaves an operation by key stands where it began.
  useEffect(() => {
    if (document.activeElement === document.body && wasOpen.operation) {
      buttonsOf(menu.current)
        .find((button) => button.dataset.name === wasOpen.operation)
        ?.focus();
    }
    wasOpen.operation = "";
  }, []);
  return (
    <div
      ref={menu}
      id="operations"
      class="operation-menu"
      role="toolbar"
      aria-label="Operations"
      aria-orientation="horizontal"
      onKeyDown={(event) => onMenuKey(event, menu.current)}
    >
      {GROUPS.map((group) => (
        <section key={group.name} class="operations">
          <h3>{group.name}</h3>
          <div class="row">
            {group.operations.map((operation) => (
              <button
                key={operation.name}
                type="button"
                class="small-button"
                data-name={operation.name}
                tabIndex={operation === OPERATIONS[0] ? 0 : -1}
                title={operation.does}
                onClick={() => begin(state, operation)}
              >
                {operation.name}
                {operation.parameters.length > 0 || operation.takesOther ? " …" : ""}
              </button>
            ))}
          </div>
        </section>
      ))}
      <button type="button" class="small-button other-choice" tabIndex={-1} onClick={onChoose}>
        <Icon name="folder" />
        {state.other.value ? "Another sound" : "Open another sound beside it"}
      </button>
    </div>
  );
}

/** The operation whose form was open last: the focus goes back to its button. */
const wasOpen = { operation: "" };

/** An operation without numbers is done at once; others open their form. */
export function begin(state: EditorState, operation: Operation, region = state.selection.peek()) {
  const codes = state.document.codes.peek();
  if (operation.parameters.length > 0 || operation.takesOther) {
    wasOpen.operation = operation.name;
    state.begin(operation);
  } else void state.document.edit(lineOf(operation, region, codes));
}

const buttonsOf = (menu: HTMLElement | null) => [...(menu?.querySelectorAll("button") ?? [])];

const STEPS: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

function onMenuKey(event: KeyboardEvent, menu: HTMLElement | null): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const buttons = buttonsOf(menu);
  const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
  const step = STEPS[event.key];
  let next: HTMLButtonElement | undefined;
  if (step) next = buttons[(at + step + buttons.length) % buttons.length];
  else if (event.key === "Home") next = buttons[0];
  else if (event.key === "End") next = buttons.at(-1);
  else if (/^[a-z]$/.test(event.key) && lettersOn.value) {
    const order = [...buttons.slice(at + 1), ...buttons.slice(0, at + 1)];
    next = order.find((button) => button.dataset.name?.startsWith(event.key));
  }
  if (!next) return;
  next.focus();
  event.preventDefault();
  event.stopPropagation();
}

/** The region as numbers: the mouse is never needed. */
function RegionFields({ state }: { state: EditorState }) {
  const codes = state.document.codes.value;
  const whole = { from: 0, to: codes.frames, top: 0, bottom: codes.levels };
  const region = state.selection.value ?? whole;
  const set = (changes: Partial<Region>) => {
    const next = { ...region, ...changes };
    // An edge that passes the other one takes it along.
    if (changes.from !== undefined) next.to = Math.max(next.to, next.from + 1);
    if (changes.to !== undefined) next.from = Math.min(next.from, next.to - 1);
    if (changes.top !== undefined) next.bottom = Math.max(next.bottom, next.top + 1);
    if (changes.bottom !== undefined) next.top = Math.min(next.top, next.bottom - 1);
    if (next.from >= 0 && next.to <= codes.frames) state.selection.value = next;
  };
  const frameOf = (text: string) =>
    Math.min(codes.frames, Math.max(0, Math.round(Number(text) * codes.frameRate)));
  return (
    <div class="region-fields">
      {(["from", "to"] as const).map((edge) => (
        <label key={edge}>
          <span class="muted small">{edge}, s</span>
          <input
            type="number"
            min="0"
            step="any"
            value={(region[edge] / codes.frameRate).toFixed(2)}
            onChange={(event) => set({ [edge]: frameOf(event.currentTarget.value) })}
          />
        </label>
      ))}
      {(["top", "bottom"] as const).map((edge) => (
        <label key={edge}>
          <span class="muted small">{edge === "top" ? "first level" : "last level"}</span>
          <select
            value={edge === "top" ? region.top : region.bottom - 1}
            onChange={(event) => {
              const level = Number(event.currentTarget.value);
              set(edge === "top" ? { top: level } : { bottom: level + 1 });
            }}
          >
            {codes.names.map((name, n) => (
              <option key={name} value={n}>
                {name}
              </option>
            ))}
          </select>
        </label>
      ))}
    </div>
  );
}
