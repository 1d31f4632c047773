/** Takes: those that are drawn, and those that are ready, the latest first. */

import type { Signal } from "@preact/signals";
import { Thumbnail } from "../lanes/thumbnail";
import { Icon } from "../parts/icon";
import { List } from "../parts/list";
import { stopLive } from "../player/live";
import { current, isPlaying, toggle } from "../player/player";
import { query, remove } from "../state/api";
import { clock, when } from "../state/format";
import { type MakeDraft, withSettings } from "../state/make";
import type { ModelView, RenderLine, RenderPage, RenderView, TaskView } from "../state/records";
import {
  binRender,
  compareWith,
  keyOfRender,
  otherSide,
  playRender,
  starRender,
} from "../state/renders";
import { useResource } from "../state/resource";
import { go, hrefOf, place, setQuery } from "../state/route";
import { soundUrl } from "../state/sounds";
import { toast, toastError } from "../state/toasts";
import { RenderDetails } from "./render-details";
import { auditions } from "./sound-table";

const ROW = 48;

export function Takes({ model, draft }: { model: ModelView; draft: Signal<MakeDraft> }) {
  const path = query("/renders", { model: model.id, limit: 40 });
  const page = useResource<RenderPage>(path, "library");
  const lines = page.value.value?.renders ?? [];
  const selected = place.value.query.get("take") ?? "";
  return (
    <section class="takes">
      <h2>Takes</h2>
      <Tasks />
      {lines.length === 0 && <p class="muted">Each take becomes a file with its recipe.</p>}
      {lines.length > 0 && (
        <div class="take-pane">
          <List
            label="Takes"
            items={lines}
            keyOf={(line) => line.id}
            rowHeight={ROW}
            selected={selected}
            columns={["Take", "Seed", "Length", "Repeats", "Made", "Actions"]}
            onSelect={(line, how) => {
              setQuery({ take: line.id });
              stopLive();
              if (how === "click" && current.value?.key === keyOfRender(line.id)) toggle();
              else if (how === "click" || auditions.value) playRender(line);
            }}
            row={(line) => <TakeCells line={line} />}
            rowClass={() => "take-row"}
            keys={[
              {
                key: "k",
                does: "Keep: a star",
                run: (line) => void starRender(line.id, !line.starred),
              },
              { key: "c", does: "Compare: make it B, the other side", run: compareWith },
              { key: "Delete", does: "To the bin", run: (line) => void binRender(line.id) },
              {
                key: "Enter",
                does: "Open it in the library",
                run: (line) => go(hrefOf("library", "", { render: line.id })),
              },
            ]}
          />
          {selected && (
            <RenderDetails
              key={selected}
              id={selected}
              extra={(view) => <Reuse view={view} draft={draft} />}
            />
          )}
        </div>
      )}
    </section>
  );
}

/** The seed of a take, or all its settings, for the next one. */
function Reuse({ view, draft }: { view: RenderView; draft: Signal<MakeDraft> }) {
  const take = (next: MakeDraft, text: string) => {
    const before = draft.peek();
    draft.value = next;
    toast(text, () => {
      draft.value = before;
    });
  };
  const withSeed = (now: MakeDraft): MakeDraft => ({
    ...now,
    seed: view.seed,
    locked: [...now.locked.filter((name) => name !== "seed"), "seed"],
  });
  return (
    <div class="row actions">
      <button
        type="button"
        class="small-button"
        onClick={() =>
          take(withSeed(draft.peek()), `Seed ${view.seed} is locked: change a knob, make another`)
        }
      >
        <Icon name="lock" /> keep its seed
      </button>
      <button
        type="button"
        class="small-button"
        disabled={!Object.keys(view.settings).length}
        onClick={() =>
          take(
            withSeed(withSettings(draft.peek(), view.settings)),
            `Knobs and curves are those of ${view.title}`,
          )
        }
      >
        take its settings
      </button>
    </div>
  );
}

/** Tasks that wait, of which each has a row; the others are one number. */
const SHOWN_TASKS = 3;

function Tasks() {
  const tasks = useResource<TaskView[]>("/takes", "player").value.value ?? [];
  const alive = tasks
    .filter(({ kind, state }) => kind !== "warm" && (state === "waiting" || state === "running"))
    .reverse();
  const leave = (some: TaskView[]) => {
    for (const task of some) remove(`/takes/${task.id}`).catch(toastError);
  };
  const rest = alive.length - SHOWN_TASKS;
  return (
    <ul>
      {alive.slice(0, SHOWN_TASKS).map((task) => (
        <li key={task.id} class="task">
          <span class={task.state === "running" ? "dot dot-on" : "dot"} />
          <span class="cut">{task.state === "running" ? "being drawn" : "waits"}</span>
          <progress
            value={task.total ? task.done / task.total : undefined}
            aria-label="Progress of the take"
          />
          <button type="button" class="small-button" onClick={() => leave([task])}>
            Leave
          </button>
        </li>
      ))}
      {rest > 0 && (
        <li class="task">
          <span class="dot" />
          <span class="muted">{rest} more wait</span>
          <span />
          <button type="button" class="small-button" onClick={() => leave(alive)}>
            Leave all
          </button>
        </li>
      )}
    </ul>
  );
}

function TakeCells({ line }: { line: RenderLine }) {
  const isHere = current.value?.key === keyOfRender(line.id);
  return (
    <>
      <span role="gridcell" class="sound-name">
        <span class={isHere ? "sound-icon is-here" : "sound-icon"}>
          <Icon name={isHere && isPlaying.value ? "pause" : "play"} filled />
        </span>
        <span class="sound-thumb">
          <Thumbnail
            url={soundUrl(line.hash, "peaks")}
            seconds={line.duration_s}
            token={isHere ? "accent" : "muted"}
          />
        </span>
        {otherSide.value?.id === line.id && <span class="side-mark">B</span>}
        <span class="cut" title={line.title}>
          {line.title}
        </span>
      </span>
      <span role="gridcell" class="number">
        {line.seed}
      </span>
      <span role="gridcell" class="number">
        {clock(line.duration_s)}
      </span>
      <span role="gridcell" class="number muted">
        {line.copy_percent === null ? "" : `${line.copy_percent.toFixed(0)} %`}
      </span>
      <span role="gridcell" class="muted small">
        {when(line.made)}
      </span>
      <span role="gridcell" class="row take-actions">
        <button
          type="button"
          class="quiet icon-only small-button"
          tabIndex={-1}
          aria-pressed={line.starred}
          aria-label="Keep: a star"
          title="Keep (K)"
          onClick={(event) => {
            event.stopPropagation();
            void starRender(line.id, !line.starred);
          }}
        >
          <Icon name="star" filled={line.starred} />
        </button>
        <button
          type="button"
          class="quiet small-button"
          tabIndex={-1}
          aria-pressed={otherSide.value?.id === line.id}
          title="Compare: make it B, the other side (C)"
          onClick={(event) => {
            event.stopPropagation();
            compareWith(line);
          }}
        >
          B
        </button>
        <button
          type="button"
          class="quiet icon-only small-button"
          tabIndex={-1}
          aria-label="To the bin"
          title="To the bin (Del)"
          onClick={(event) => {
            event.stopPropagation();
            void binRender(line.id);
          }}
        >
          <Icon name="trash" />
        </button>
      </span>
    </>
  );
}
