/** One document: lanes under one axis, and what is done with the selected region. */

import { type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { CodeGrid } from "../grid/code-grid";
import { GROUPS, lineOf } from "../grid/operations";
import { rowsOf } from "../grid/rows";
import { type Cell, levelsText, type Region } from "../grid/selection";
import { Axis } from "../lanes/axis";
import { useLanes } from "../lanes/lane";
import { Minimap } from "../lanes/minimap";
import { Ruler } from "../lanes/ruler";
import type { Span } from "../lanes/span";
import { Waveform } from "../lanes/waveform";
import { Icon } from "../parts/icon";
import { audition, current, position, select } from "../player/player";
import { isDecoded, type Sound } from "../player/sounds";
import { BASE, query } from "../state/api";
import { OpenDocument } from "../state/document";
import { onEvents, onRenewal } from "../state/events";
import { useKeys } from "../state/keys";
import { place, setQuery } from "../state/route";
import { usePeaksOf } from "./codes-peaks";
import { SelectionPanel } from "./codes-selection";

const GRID_HEIGHT = 256;

export function CodesDocument({ id }: { id: string }) {
  const document = useMemo(() => new OpenDocument(id), [id]);
  useEffect(() => {
    void document.load();
    const ends = [
      onEvents(`doc:${id}`, () => {
        if (!document.isBusy.peek()) void document.load();
      }),
      onRenewal(() => void document.load()),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [document]);
  if (!document.isLoaded.value)
    return document.error.value ? <p class="bad">{document.error.value}</p> : null;
  return <Editor document={document} />;
}

/** The sound of a document, or of a part of it; another revision is another sound. */
export function soundOfDocument(document: OpenDocument, region?: Region): Sound {
  const view = document.view.peek();
  const codes = document.codes.peek();
  const rev = view?.rev ?? 0;
  const isPart = region && !(region.from === 0 && region.to === codes.frames);
  const isAll = !region || (region.top === 0 && region.bottom === codes.levels);
  const audio = query(`${BASE}/documents/${document.id}/audio`, {
    from: isPart ? `${region.from}f` : undefined,
    to: isPart ? `${region.to}f` : undefined,
    levels: isAll ? undefined : levelsText(region),
    rev,
  });
  const frames = isPart ? region.to - region.from : codes.frames;
  return {
    key: audio,
    title: view?.name ?? "",
    audio,
    peaks: "",
    duration_s: frames / codes.frameRate,
    loudness: null,
  };
}

/** Plays a sound; B is the same stretch as it was before the last edit, if it was heard then. */
function playBesideBefore(document: OpenDocument, region?: Region): void {
  const sound = soundOfDocument(document, region);
  const place = sound.key.replace(/rev=\d+/, "");
  const now = current.peek();
  const isOther = now && now.key !== sound.key && now.key.replace(/rev=\d+/, "") === place;
  const before = isOther && isDecoded(now.key) ? { ...now, title: `${now.title}, before` } : null;
  audition(sound, before);
}

function Editor({ document }: { document: OpenDocument }) {
  const codes = document.codes.value;
  const axis = useMemo(() => new Axis(codes.frames / codes.frameRate), []);
  const lanes = useLanes(axis);
  const selection = useMemo(() => signal<Region | null>(regionOfQuery()), []);
  const cell = useMemo(() => signal<Cell>({ frame: 0, level: 0 }), []);
  useEffect(() => {
    axis.length.value = codes.frames / codes.frameRate;
  }, [codes.frames]);
  useViewInQuery(axis, selection);
  const playhead = usePlayhead(document);
  const peaks = usePeaksOf(document);
  const play = (region?: Region) => playBesideBefore(document, region);
  const act = (name: string, values: Record<string, string> = {}, region = selection.peek()) => {
    const operation = GROUPS.flatMap((group) => group.operations).find((o) => o.name === name);
    if (operation) void document.edit(lineOf(operation, region, codes, values));
  };
  useKeys("Codes", [
    { key: "Ctrl+z", does: "Undo", run: () => void document.undo() },
    { key: "Ctrl+Shift+z", does: "Redo", run: () => void document.redo() },
    { key: "Ctrl+y", does: "Redo", run: () => void document.redo() },
  ]);
  const selectTime = (span: Span | null) => {
    const region = span && {
      from: Math.floor(span.from * codes.frameRate),
      to: Math.min(codes.frames, Math.ceil(span.to * codes.frameRate)),
      top: 0,
      bottom: codes.levels,
    };
    selection.value = region && region.to > region.from ? region : null;
  };
  const seekTo = (seconds: number) => audition(soundOfDocument(document), null, seconds);
  return (
    <>
      <Head document={document} />
      <div class="codes">
        <div class="codes-lanes">
          <Labels levels={codes.levels} names={codes.names} />
          <div ref={lanes} class="lanes codes-axis">
            <Ruler axis={axis} onSelect={selectTime} onSeek={seekTo} />
            <Waveform
              axis={axis}
              peaks={peaks}
              span={spanOf(selection, codes.frameRate)}
              height={72}
              onSeek={seekTo}
            />
            <CodeGrid
              axis={axis}
              codes={document.codes}
              changed={document.changed}
              selection={selection}
              cell={cell}
              playhead={playhead}
              height={GRID_HEIGHT}
              onColumn={(frame) =>
                play({ from: frame, to: frame + 1, top: 0, bottom: codes.levels })
              }
              onRegion={play}
              onMove={(region, to, isCopy) =>
                isCopy
                  ? act("copy", { "--at": `${to}f`, "--mode": "overwrite" }, region)
                  : act("move", { "--at": `${to}f` }, region)
              }
              onStretch={(region, factor) =>
                act("stretch", { "--factor": factor.toFixed(4) }, region)
              }
              onLock={(region) => act("lock", {}, region)}
            />
            <Minimap axis={axis} />
          </div>
        </div>
        <SelectionPanel document={document} selection={selection} onPlay={play} />
      </div>
    </>
  );
}

function Head({ document }: { document: OpenDocument }) {
  const view = document.view.value;
  const codes = document.codes.value;
  const isBusy = document.isBusy.value;
  const last = view?.edits[view.cursor - 1];
  const next = view?.edits[view.cursor];
  const locked = codes.locked.reduce((sum, each) => sum + each, 0);
  const url = `${BASE}${document.path}`;
  return (
    <div class="screen-head">
      <h1>{view?.name}</h1>
      <div class="row">
        <button type="button" disabled={!last || isBusy} onClick={() => void document.undo()}>
          <Icon name="undo" /> {last ? `Undo “${last.line}”` : "Undo"}
        </button>
        <button
          type="button"
          class="icon-only"
          disabled={!next || isBusy}
          aria-label={next ? `Redo “${next.line}”` : "Redo"}
          title={next ? `Redo “${next.line}”` : "Redo"}
          onClick={() => void document.redo()}
        >
          <Icon name="redo" />
        </button>
      </div>
      <p class="muted small">
        {isBusy
          ? "at work …"
          : `seams ${codes.seams.length} · locked ${locked.toLocaleString("en")}`}
      </p>
      <div class="row spread">
        <button
          type="button"
          disabled={isBusy || !codes.seams.length}
          onClick={() => void document.edit("heal --seams")}
        >
          Heal seams
        </button>
        <button type="button" popovertarget="export-document">
          <Icon name="download" /> Export <Icon name="chevronDown" />
        </button>
        <div id="export-document" popover="auto" class="popover menu">
          <a
            class="button quiet"
            href={`${url}/audio?rev=${view?.rev}`}
            download={`${view?.name}.wav`}
          >
            Sound (WAV)
          </a>
          <a class="button quiet" href={`${url}/codes`} download>
            Codes file
          </a>
          <a class="button quiet" href={`${url}/script`} download={`${view?.name}.txt`}>
            Script for `distill edit run`
          </a>
        </div>
      </div>
    </div>
  );
}

function Labels({ levels, names }: { levels: number; names: readonly string[] }) {
  const rows = rowsOf(levels, GRID_HEIGHT);
  return (
    <div class="codes-labels" aria-hidden="true">
      <span style={{ height: "20px" }} />
      <span class="muted" style={{ height: "72px" }}>
        wave
      </span>
      {names.map((name, n) => (
        <span
          key={name}
          style={{ height: `${rows[n]?.height}px`, color: `var(--level-${(n % 8) + 1})` }}
        >
          {name}
        </span>
      ))}
    </div>
  );
}

// --- time ----------------------------------------------------------------------------------------

/** The playhead, where the player plays this document or a part of it. */
function usePlayhead(document: OpenDocument): Signal<number> {
  const playhead = useMemo(() => signal(-1), []);
  const sound = current.value;
  const isOurs = sound?.key.includes(`/documents/${document.id}/`) ?? false;
  const from = /from=(\d+)f/.exec(sound?.key ?? "")?.[1];
  const offset = Number(from ?? 0) / document.codes.value.frameRate;
  useEffect(() => {
    playhead.value = -1;
    if (!isOurs) return;
    return position.subscribe((seconds) => {
      playhead.value = offset + seconds;
    });
  }, [sound?.key]);
  return playhead;
}

/** The selection as the stretch that the waveform marks. */
function spanOf(selection: Signal<Region | null>, rate: number): Signal<Span | null> {
  const span = useMemo(() => signal<Span | null>(null), []);
  const region = selection.value;
  useEffect(() => {
    span.value = region && { from: region.from / rate, to: region.to / rate };
    const sound = current.peek();
    // The loop of the player follows the selection, where the whole document is in the dock.
    if (sound?.key.includes("/documents/") && !sound.key.includes("from=")) select(span.value);
  }, [region]);
  return span;
}

function regionOfQuery(): Region | null {
  const numbers = (place.peek().query.get("region") ?? "").split(",").map(Number);
  const [from, to, top, bottom] = numbers;
  if (from === undefined || to === undefined || top === undefined || bottom === undefined) {
    return null;
  }
  return { from, to, top, bottom };
}

/** Time until selection and zoom go into the URL, in ms. */
const REST_MS = 400;

function useViewInQuery(axis: Axis, selection: Signal<Region | null>): void {
  useEffect(() => {
    const [from, to] = (place.peek().query.get("view") ?? "").split(",").map(Number);
    if (from !== undefined && to !== undefined && to > from) axis.show(from, to);
  }, []);
  const region = selection.value;
  const { start, end } = axis;
  const view = `${start.value.toFixed(2)},${end.value.toFixed(2)}`;
  useEffect(() => {
    const timer = setTimeout(() => {
      const { from, to, top, bottom } = region ?? { from: 0, to: 0, top: 0, bottom: 0 };
      setQuery({ region: region ? `${from},${to},${top},${bottom}` : "", view });
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [region, view]);
}
