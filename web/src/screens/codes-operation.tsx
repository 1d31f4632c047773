/** An edit in hand: its numbers are turned and heard, Enter keeps it, Escape drops it. */

import { useEffect, useMemo, useRef } from "preact/hooks";
import { lineOf, type Operation, type Parameter } from "../grid/operations";
import { regionText } from "../grid/selection";
import { Command } from "../parts/command";
import { Icon } from "../parts/icon";
import { editCommand } from "./codes-commands";
import { Trial } from "./codes-heard";
import type { EditorState } from "./codes-state";

interface Props {
  state: EditorState;
  operation: Operation;
  onChoose: () => void;
}

/** Time after the last turn until the result is made, in ms. */
const REST_MS = 150;

export function OperationForm({ state, operation, onChoose }: Props) {
  const trial = useMemo(() => new Trial(), []);
  const form = useRef<HTMLFormElement>(null);
  const values = state.values.value;
  const other = state.otherOf();
  const line = lineOf(operation, state.selection.value, state.document.codes.value, values, other);
  const isReady = !operation.takesOther || other !== null;
  const turned = useRef(false);
  const soon = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    const find = (selector: string) => form.current?.querySelector<HTMLElement>(selector);
    const knob = find(".knob input, .field input, .knob select");
    (knob ?? find("[type=submit]:enabled") ?? find("button"))?.focus();
    return () => trial.leave();
  }, []);
  useGhost(state, operation);
  // Heard once a knob was turned: opening a form is no order to play.
  useEffect(() => {
    if (!turned.current || !isReady || operation.isSlow) return;
    soon.current = setTimeout(() => void trial.hear(state, line), REST_MS);
    return () => clearTimeout(soon.current);
  }, [line]);
  const turn = (flag: string, value: string) => {
    turned.current = true;
    state.turn(flag, value);
  };
  const keep = async () => {
    if (!isReady) return;
    // What is kept is tried no more, also where a knob was turned just now.
    clearTimeout(soon.current);
    trial.leave();
    if (await state.document.edit(line)) state.drop();
  };
  return (
    <form
      ref={form}
      class="operation-form"
      aria-label={operation.name}
      onSubmit={(event) => {
        event.preventDefault();
        void keep();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        state.drop();
      }}
    >
      <div class="row">
        <h3>{operation.name}</h3>
        <span class="muted small cut">{operation.does}</span>
      </div>
      {operation.takesOther && <OtherRow state={state} operation={operation} onChoose={onChoose} />}
      {operation.parameters
        .filter(({ isFor }) => !isFor || isFor(values))
        .map((parameter) => (
          <ParameterField
            key={parameter.flag}
            parameter={parameter}
            state={state}
            value={values[parameter.flag] ?? parameter.usual}
            onTurn={(value) => turn(parameter.flag, value)}
          />
        ))}
      {trial.error.value && (
        <p class="bad small" role="alert">
          {trial.error.value}
        </p>
      )}
      <div class="row">
        <button type="submit" class="small-button primary" disabled={!isReady}>
          Keep <kbd>⏎</kbd>
        </button>
        <button
          type="button"
          class="small-button"
          disabled={!isReady}
          onClick={() => void trial.hear(state, line)}
        >
          <Icon name="play" filled /> {trial.isWaiting.value ? "coming …" : "Hear it"}
        </button>
        <button type="button" class="small-button quiet spread" onClick={() => state.drop()}>
          Drop <kbd>Esc</kbd>
        </button>
      </div>
      {isReady && <Command text={editCommand(state.document, line)} />}
    </form>
  );
}

/** Where what is copied, moved or pasted comes to lie, while its place is turned. */
function useGhost(state: EditorState, operation: Operation): void {
  const at = Number(state.values.value["--at"]);
  const part = operation.name === "paste" ? state.otherSelection.value : state.selection.value;
  useEffect(() => {
    if (!operation.parameters.some(({ flag }) => flag === "--at") || Number.isNaN(at)) return;
    const source = operation.name === "paste" ? state.other.peek()?.codes : state.document.codes;
    const { frames = 1, levels = 1 } = source?.peek() ?? {};
    const region = part ?? { from: 0, to: frames, top: 0, bottom: levels };
    const from = Math.round(at * state.document.codes.peek().frameRate);
    state.ghost.value = { ...region, from, to: from + region.to - region.from };
    return () => {
      state.ghost.value = null;
    };
  }, [at, part, operation]);
}

/** Which other sound, and what of it; the operations on two sounds lie side by side. */
function OtherRow({ state, operation, onChoose }: Props) {
  const other = state.other.value;
  const part = state.otherSelection.value;
  const isPaste = operation.name === "paste";
  return (
    <div class="stack">
      <div class="row">
        <span class="cut">{other ? other.view.value?.name : "No other sound yet"}</span>
        <button type="button" class="small-button spread" onClick={onChoose}>
          {other ? "Another" : "Choose"}
        </button>
      </div>
      {other && isPaste && (
        <p class="muted small">
          {part ? regionText(part, other.codes.value) : "all of it: select a part of it below"}
        </p>
      )}
    </div>
  );
}

interface FieldProps {
  parameter: Parameter;
  state: EditorState;
  value: string;
  onTurn: (value: string) => void;
}

function ParameterField({ parameter, state, value, onTurn }: FieldProps) {
  const id = `parameter${parameter.flag}`;
  if (parameter.kind === "flag") {
    return (
      <label class="field">
        <input
          type="checkbox"
          checked={value === "true"}
          onChange={(event) => onTurn(String(event.currentTarget.checked))}
        />
        {parameter.label}
      </label>
    );
  }
  const range = parameter.range && rangeOf(parameter.range, state);
  return (
    <div class={range ? "knob" : "knob knob-plain"}>
      <label for={id} class="muted">
        {parameter.unit ? `${parameter.label}, ${parameter.unit}` : parameter.label}
      </label>
      {range && (
        <input
          type="range"
          aria-label={parameter.label}
          min={range[0]}
          max={range[1]}
          step={range[2]}
          value={value}
          onInput={(event) => onTurn(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            event.currentTarget.form?.requestSubmit();
          }}
        />
      )}
      {parameter.kind === "choice" ? (
        <select id={id} value={value} onChange={(event) => onTurn(event.currentTarget.value)}>
          {parameter.choices?.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          type="number"
          step="any"
          value={value}
          onInput={(event) => onTurn(event.currentTarget.value)}
        />
      )}
    </div>
  );
}

function rangeOf(range: NonNullable<Parameter["range"]>, state: EditorState) {
  const { frames, frameRate } = state.document.codes.value;
  const [least, most, step] = range;
  if (most === "length") return [least, Number((frames / frameRate).toFixed(2)), step] as const;
  if (most === "codes") return [least, state.document.codebookSize - 1, step] as const;
  return [least, most, step] as const;
}
