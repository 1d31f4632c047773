/** The other sound of an operation on two: open below, on the same scale of time. */

import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { CodeGrid } from "../grid/code-grid";
import { operationOf } from "../grid/operations";
import { rowsOf } from "../grid/rows";
import { type Cell, type Region, regionText } from "../grid/selection";
import { Icon } from "../parts/icon";
import { audition } from "../player/player";
import type { OpenDocument } from "../state/document";
import { clock } from "../state/format";
import { soundOf, usePlayhead } from "./codes-heard";
import type { EditorState } from "./codes-state";

const HEIGHT = 128;

interface Props {
  state: EditorState;
  /** The frame of the upper grid under a place of the screen; null outside of it. */
  cellAt: (x: number, y: number) => Cell | null;
}

export function OtherSound({ state, cellAt }: Props) {
  const other = state.other.value;
  if (!other?.isLoaded.value) return null;
  return <OpenSound key={other.id} state={state} other={other} cellAt={cellAt} />;
}

function OpenSound({ state, other, cellAt }: Props & { other: OpenDocument }) {
  const cell = useMemo(() => signal<Cell>({ frame: 0, level: 0 }), []);
  const playhead = usePlayhead(other, state.axis);
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    section.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const codes = other.codes.value;
  const region = state.otherSelection.value;
  const play = (part?: Region) =>
    audition(soundOf(other, part ? { from: part.from, to: part.to } : {}));
  /** What is selected here is carried up: it lands where it is dropped, and is heard first. */
  const carry = (part: Region, event: PointerEvent, isDrop: boolean) => {
    const at = cellAt(event.clientX, event.clientY);
    const length = part.to - part.from;
    state.ghost.value = at && { ...part, from: at.frame, to: at.frame + length };
    if (!isDrop) return;
    state.ghost.value = null;
    const paste = operationOf("paste");
    const rate = state.document.codes.peek().frameRate;
    if (!at || !paste) return;
    state.otherSelection.value = part;
    state.begin(paste, { "--at": (at.frame / rate).toFixed(3) });
  };
  return (
    <section ref={section} class="other-sound" aria-label="The other sound">
      <div class="row">
        <h2 class="cut">{other.view.value?.name}</h2>
        <span class="muted small">
          {clock(codes.frames / codes.frameRate)}
          {region ? `, selected ${regionText(region, codes)}` : ""}
        </span>
        <button type="button" class="small-button" onClick={() => play(region ?? undefined)}>
          <Icon name="play" filled /> {region ? "selection" : "all"}
        </button>
        {["paste", "swap", "transplant", "blend"].map((name) => {
          const operation = operationOf(name);
          return (
            <button
              key={name}
              type="button"
              class="small-button"
              title={operation?.does}
              aria-pressed={state.operation.value?.name === name}
              onClick={() => operation && state.begin(operation)}
            >
              {name}
            </button>
          );
        })}
        <button type="button" class="small-button quiet spread" onClick={() => state.closeOther()}>
          <Icon name="x" /> Close
        </button>
      </div>
      <div class="codes-lanes">
        <OtherLabels names={codes.names} />
        <div class="lanes codes-axis">
          <CodeGrid
            label={`Codes of ${other.view.value?.name}`}
            axis={state.axis}
            codes={other.codes}
            changed={other.changed}
            selection={state.otherSelection}
            cell={cell}
            playhead={playhead}
            counts={state.counts}
            height={HEIGHT}
            isFixed
            onColumn={(frame) => audition(soundOf(other, { column: frame }))}
            onRegion={play}
            onCarry={carry}
          />
        </div>
      </div>
    </section>
  );
}

function OtherLabels({ names }: { names: readonly string[] }) {
  const rows = rowsOf(names.length, HEIGHT);
  return (
    <div class="level-labels" aria-hidden="true">
      {names.map((name, n) => (
        <div
          key={name}
          class="level-label"
          style={{ height: `${rows[n]?.height}px`, color: `var(--level-${(n % 8) + 1})` }}
        >
          <span class="cut">{name}</span>
        </div>
      ))}
    </div>
  );
}
