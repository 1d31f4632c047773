/** The generated sounds of the library. */

import { Thumbnail } from "../lanes/thumbnail";
import { Icon } from "../parts/icon";
import { List } from "../parts/list";
import { current, isPlaying, toggle } from "../player/player";
import { clock, count, when } from "../state/format";
import { WAYS } from "../state/make";
import type { ModelsView, RenderLine } from "../state/records";
import { useRenderPages } from "../state/render-pages";
import {
  binRender,
  compareWith,
  keyOfRender,
  otherSide,
  playRender,
  starRender,
} from "../state/renders";
import { useResource } from "../state/resource";
import { place, setQuery } from "../state/route";
import { soundUrl } from "../state/sounds";
import { RenderDetails } from "./render-details";
import { auditions } from "./sound-table";

const ROW = 44;

export function LibraryRenders() {
  const { query } = place.value;
  const filter = {
    q: query.get("q") ?? "",
    model: query.get("model") ?? "",
    way: query.get("way") ?? "",
    starred: query.get("starred") ?? "",
    most_copy: query.get("copy") ?? "",
  };
  const pages = useRenderPages(filter);
  const lines = pages.lines.value;
  const id = query.get("render") ?? "";
  if (!lines) return null;
  return (
    <>
      <Filters total={pages.total.value} />
      <div class="renders">
        {lines.length === 0 ? (
          <p class="muted">
            {Object.values(filter).some(Boolean)
              ? "Nothing is like that."
              : "Nothing is made yet: Make fills this list."}
          </p>
        ) : (
          <List
            label="Generated sounds"
            items={lines}
            keyOf={(line) => line.id}
            rowHeight={ROW}
            selected={id}
            columns={["Sound", "Model", "Way", "Seed", "Length", "Repeats", "Made", "Star"]}
            onSelect={(line, how) => {
              setQuery({ render: line.id });
              if (how === "click" && current.value?.key === keyOfRender(line.id)) toggle();
              else if (how === "click" || auditions.value) playRender(line);
            }}
            row={(line) => <Cells line={line} />}
            onEnd={() => void pages.more()}
            keys={[
              {
                key: "k",
                does: "Keep: a star",
                run: (line) => void starRender(line.id, !line.starred),
              },
              { key: "Delete", does: "To the bin", run: (line) => void binRender(line.id) },
              { key: "c", does: "Compare: make it B, the other side", run: compareWith },
              { key: "Enter", does: "Play it from its start", run: (line) => playRender(line) },
            ]}
          />
        )}
        {id && <RenderDetails key={id} id={id} />}
      </div>
    </>
  );
}

function Filters({ total }: { total: number }) {
  const { query } = place.value;
  const models = useResource<ModelsView>("/models", "library").value.value?.models ?? [];
  return (
    <search class="filters">
      <input
        type="search"
        aria-label="Search names and notes"
        placeholder="Search names and notes"
        value={query.get("q") ?? ""}
        onInput={(event) => setQuery({ q: event.currentTarget.value })}
      />
      <label class="field">
        <span>model</span>
        <select
          value={query.get("model") ?? ""}
          onChange={(event) => setQuery({ model: event.currentTarget.value })}
        >
          <option value="">all</option>
          {models.map((model) => (
            <option key={model.id} value={model.id}>
              {model.name} v{model.version}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>way</span>
        <select
          value={query.get("way") ?? ""}
          onChange={(event) => setQuery({ way: event.currentTarget.value })}
        >
          <option value="">all</option>
          {Object.entries(WAYS).map(([way, { name }]) => (
            <option key={way} value={way}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <input
          type="checkbox"
          checked={query.get("starred") === "true"}
          onChange={(event) => setQuery({ starred: event.currentTarget.checked ? "true" : "" })}
        />
        only stars
      </label>
      <label class="field">
        <span>repeats at most</span>
        <input
          type="number"
          class="short-number"
          min="0"
          max="100"
          value={query.get("copy") ?? ""}
          onChange={(event) => setQuery({ copy: event.currentTarget.value })}
        />
        %
      </label>
      <span class="muted spread">{count(total, "sound")}</span>
    </search>
  );
}

function Cells({ line }: { line: RenderLine }) {
  const isHere = current.value?.key === keyOfRender(line.id);
  const way = WAYS[line.way as keyof typeof WAYS]?.name ?? line.way;
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
      <span role="gridcell" class="cut muted">
        {line.model_name}
      </span>
      <span role="gridcell" class="muted">
        {way}
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
      <span role="gridcell">
        <button
          type="button"
          class="quiet icon-only small-button"
          tabIndex={-1}
          aria-pressed={line.starred}
          aria-label="Star"
          title="Star (K)"
          onClick={(event) => {
            event.stopPropagation();
            void starRender(line.id, !line.starred);
          }}
        >
          <Icon name="star" filled={line.starred} />
        </button>
      </span>
    </>
  );
}
