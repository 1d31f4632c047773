/** Takes: those that are drawn, and those that are ready, the latest first. */

import type { Signal } from "@preact/signals";
import { Thumbnail } from "../lanes/thumbnail";
import { Icon } from "../parts/icon";
import { List } from "../parts/list";
import { audition, current, isPlaying, toggle } from "../player/player";
import { query, remove } from "../state/api";
import { clock, when } from "../state/format";
import type { MakeDraft } from "../state/make";
import type { ModelView, RenderLine, RenderPage, TaskView } from "../state/records";
import { binRender, loadRender, soundOfRender, starRender, useRender } from "../state/renders";
import { useResource } from "../state/resource";
import { go, hrefOf, place, setQuery } from "../state/route";
import { soundUrl } from "../state/sounds";
import { toastError } from "../state/toasts";
import { auditions } from "./sound-table";

const ROW = 48;

export function Takes({ model, draft }: { model: ModelView; draft: Signal<MakeDraft> }) {
  const path = query("/renders", { model: model.id, limit: 40 });
  const page = useResource<RenderPage>(path, "library");
  const lines = page.value.value?.renders ?? [];
  const selected = place.value.query.get("take") ?? "";
  const play = async (line: RenderLine) => {
    const view = await loadRender(line.id);
    audition(soundOfRender(line, view));
  };
  return (
    <section class="takes">
      <h2>Takes</h2>
      <Tasks />
      {lines.length === 0 && <p class="muted">Each take becomes a file with its recipe.</p>}
      {lines.length > 0 && (
        <List
          label="Takes"
          items={lines}
          keyOf={(line) => line.id}
          rowHeight={ROW}
          selected={selected}
          columns={["Take", "Seed", "Length", "Repeats", "Made", "Actions"]}
          onSelect={(line, how) => {
            setQuery({ take: line.id });
            if (how === "click" && current.value?.key === `render-${line.id}`) toggle();
            else if (how === "click" || auditions.value) void play(line);
          }}
          row={(line) => <TakeCells line={line} draft={draft} />}
          rowClass={() => "take-row"}
          keys={[
            {
              key: "k",
              does: "Keep: a star",
              run: (line) => void starRender(line.id, !line.starred),
            },
            { key: "Delete", does: "To the bin", run: (line) => void binRender(line.id) },
            {
              key: "Enter",
              does: "Open it in the library",
              run: (line) => go(hrefOf("library", "", { render: line.id })),
            },
          ]}
        />
      )}
    </section>
  );
}

function Tasks() {
  const tasks = useResource<TaskView[]>("/takes", "player").value.value ?? [];
  const alive = tasks.filter((task) => task.state === "waiting" || task.state === "running");
  const leave = (task: TaskView) => remove(`/takes/${task.id}`).catch(toastError);
  return (
    <ul>
      {alive.map((task) => (
        <li key={task.id} class="task">
          <span class={task.state === "running" ? "dot dot-on" : "dot"} />
          <span class="cut">
            {task.kind}, {task.state === "running" ? "drawing" : "waiting"}
          </span>
          <progress
            value={task.total ? task.done / task.total : undefined}
            aria-label="Progress of the take"
          />
          <button type="button" class="small-button" onClick={() => leave(task)}>
            Leave
          </button>
        </li>
      ))}
    </ul>
  );
}

function TakeCells({ line, draft }: { line: RenderLine; draft: Signal<MakeDraft> }) {
  const view = useRender(line.id);
  const isHere = current.value?.key === `render-${line.id}`;
  return (
    <>
      <span role="gridcell" class="sound-name">
        <span class={isHere ? "sound-icon is-here" : "sound-icon"}>
          <Icon name={isHere && isPlaying.value ? "pause" : "play"} filled />
        </span>
        <span class="sound-thumb">
          {view && (
            <Thumbnail
              url={soundUrl(view.hash, "peaks")}
              seconds={line.duration_s}
              token={isHere ? "accent" : "muted"}
            />
          )}
        </span>
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
          title="Use this seed"
          onClick={(event) => {
            event.stopPropagation();
            draft.value = { ...draft.peek(), seed: line.seed };
          }}
        >
          seed
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
