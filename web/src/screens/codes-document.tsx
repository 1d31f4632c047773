/** One document: lanes under one axis, and what is done with the selected region. */

import { effect, type Signal, signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { CodeGrid } from "../grid/code-grid";
import { lineOf, operationOf } from "../grid/operations";
import { heightOf, levelAt, rowsOf } from "../grid/rows";
import type { Cell, Region } from "../grid/selection";
import { useLanes } from "../lanes/lane";
import { Minimap } from "../lanes/minimap";
import { Playhead } from "../lanes/playhead";
import { Ruler } from "../lanes/ruler";
import type { Span } from "../lanes/span";
import { SpectrogramLane } from "../lanes/spectrogram";
import { Waveform } from "../lanes/waveform";
import { DRAGGED_SOUND, useDrop } from "../parts/drop";
import { current, select } from "../player/player";
import { OpenDocument } from "../state/document";
import { onEvents, onRenewal } from "../state/events";
import { place, setQuery } from "../state/route";
import { soundUrl } from "../state/sounds";
import { toast, toastError } from "../state/toasts";
import { documentOf, documentOfFile, SoundChooser } from "./codes-chooser";
import { Head } from "./codes-head";
import { play, playColumn, playEdited, soundOf, usePlayhead } from "./codes-heard";
import { isAllLocked, useEditorKeys } from "./codes-keys";
import { CurveChoice, CurveFigures, Curves, LevelLabels } from "./codes-lanes";
import { OtherSound } from "./codes-other";
import { Palette } from "./codes-palette";
import { usePictures } from "./codes-pictures";
import { SelectionPanel } from "./codes-selection";
import { EditorState, hearsEdits } from "./codes-state";

const WAVE_HEIGHT = 56;
const SPECTRUM_HEIGHT = 64;
const CURVES_HEIGHT = 56;

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
  if (!document.isLoaded.value) {
    return document.error.value ? <p class="bad">{document.error.value}</p> : null;
  }
  return <Editor document={document} />;
}

function Editor({ document }: { document: OpenDocument }) {
  const state = useMemo(() => new EditorState(document), [document]);
  const [isChoosing, choose] = useState(false);
  const grid = useRef<HTMLDivElement>(null);
  const view = document.view.value;
  useEffect(() => {
    void state.loadDraft();
    void state.loadCounts();
    // The place of an edit is heard once it is made.
    const ends = [
      effect(() => {
        if (document.edited.value && hearsEdits.peek()) playEdited(state);
      }),
      effect(() => state.keepInside(document.codes.value)),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [state]);
  useLength(state);
  useViewInQuery(state);
  const act = (
    name: string,
    values: Record<string, string> = {},
    region = state.selection.peek(),
  ) => {
    const operation = operationOf(name);
    const codes = document.codes.peek();
    if (operation) void document.edit(lineOf(operation, region, codes, values));
  };
  const paint = (region: Region, code: number) => act("set", { "--code": String(code) }, region);
  useEditorKeys(state, act);
  const drop = useDrop<HTMLDivElement>((event) => void onDrop(state, grid.current, event));
  const cellAt = (x: number, y: number) => cellOf(state, grid.current, x, y);
  return (
    <>
      <Head state={state} />
      {view && !view.model && (
        <p class="bad">
          The model that made these codes is not in the library: they can be edited, but not heard.
        </p>
      )}
      <div class="codes">
        <div ref={drop} class="stack">
          <Lanes state={state} grid={grid} act={act} paint={paint} />
          <OtherSound state={state} cellAt={cellAt} />
          <Palette state={state} cellAt={cellAt} onPaint={paint} />
        </div>
        <SelectionPanel state={state} onChoose={() => choose(true)} />
      </div>
      {isChoosing && (
        <SoundChooser
          family={view?.codebook_hash ?? ""}
          model={view?.model ?? ""}
          without={document.id}
          onChoose={(other) => void state.openOther(other)}
          onClose={() => choose(false)}
        />
      )}
    </>
  );
}

interface LanesProps {
  state: EditorState;
  grid: { current: HTMLDivElement | null };
  act: (name: string, values?: Record<string, string>, region?: Region | null) => void;
  paint: (region: Region, code: number) => void;
}

function Lanes({ state, grid, act, paint }: LanesProps) {
  const { document, axis, selection } = state;
  const codes = document.codes.value;
  const lanes = useLanes(axis);
  const playhead = usePlayhead(document, axis);
  const pictures = usePictures(document);
  const span = useSpan(state);
  const height = heightOf(codes.levels);
  const brush = useMemo(() => signal<number | null>(null), []);
  brush.value = state.isPainting.value ? (state.brush.value?.level ?? null) : null;
  const seekTo = (seconds: number) => play(state, undefined, seconds);
  const selectTime = (next: Span | null) => {
    selection.value = regionOf(next, codes.frames, codes.frameRate, codes.levels);
  };
  return (
    <>
      <div class="codes-lanes">
        <div class="lane-labels">
          <span class="lane-label" style={{ height: "20px" }} />
          <span class="lane-label" style={{ height: `${WAVE_HEIGHT}px` }}>
            wave
          </span>
          <span class="lane-label" style={{ height: `${SPECTRUM_HEIGHT}px` }}>
            spectrum
          </span>
          <LevelLabels state={state} rows={rowsOf(codes.levels, height)} />
          <span class="lane-label" style={{ height: `${CURVES_HEIGHT}px` }}>
            curves
          </span>
        </div>
        <div ref={lanes} class="lanes codes-axis">
          <Ruler axis={axis} onSelect={selectTime} onSeek={seekTo} />
          {!pictures.sound && !pictures.draw && document.view.value?.model && (
            <p class="lanes-coming muted small" role="status">
              The sound is being decoded for its waveform, spectrum and curves …
            </p>
          )}
          <Waveform
            axis={axis}
            peaks={pictures.sound && soundUrl(pictures.sound.hash, "peaks")}
            span={span}
            height={WAVE_HEIGHT}
            position={playhead}
            onSeek={seekTo}
          />
          {pictures.draw ? (
            <button type="button" class="small-button draw-all" onClick={pictures.draw}>
              Draw waveform, spectrum and curves: this sound is long
            </button>
          ) : (
            <SpectrogramLane
              axis={axis}
              url={pictures.sound ? soundUrl(pictures.sound.hash, "spectrogram") : ""}
              height={SPECTRUM_HEIGHT}
            />
          )}
          <div ref={grid}>
            <CodeGrid
              axis={axis}
              codes={document.codes}
              changed={document.changed}
              selection={selection}
              cell={state.cell}
              playhead={playhead}
              height={height}
              counts={state.counts}
              silent={state.silent}
              brush={brush}
              ghost={state.ghost}
              onColumn={(frame) => playColumn(state, frame)}
              onRegion={(region) => play(state, region)}
              onMove={(region, to, isCopy) =>
                isCopy
                  ? act("copy", { "--at": `${to}f`, "--mode": "overwrite" }, region)
                  : act("move", { "--at": `${to}f` }, region)
              }
              onStretch={(region, factor) =>
                act("stretch", { "--factor": factor.toFixed(4) }, region)
              }
              onLock={(region) => act(isAllLocked(state, region) ? "unlock" : "lock", {}, region)}
              onPaint={(region) => paint(region, state.brush.peek()?.code ?? 0)}
            />
          </div>
          <Curves axis={axis} measured={pictures.curves} height={CURVES_HEIGHT} />
          <Playhead axis={axis} at={playhead} />
        </div>
      </div>
      <div class="codes-lanes under-lanes">
        <span />
        <div>
          <Minimap axis={axis} />
          <div class="row">
            <CurveChoice />
            <CurveFigures measured={pictures.curves} />
          </div>
        </div>
      </div>
    </>
  );
}

/** The cell of the grid under a place of the screen; null outside of it. */
function cellOf(state: EditorState, grid: HTMLElement | null, x: number, y: number): Cell | null {
  const box = grid?.getBoundingClientRect();
  if (!box || x < box.left || x >= box.right || y < box.top || y >= box.bottom) return null;
  const { frames, frameRate, levels } = state.document.codes.peek();
  const frame = Math.floor(state.axis.timeAt(x - box.left) * frameRate);
  if (frame >= frames) return null;
  return { frame, level: levelAt(rowsOf(levels, box.height), y - box.top) };
}

/** A sound that is dropped on the lanes opens as the other one, to be pasted there. */
async function onDrop(
  state: EditorState,
  grid: HTMLElement | null,
  event: DragEvent,
): Promise<void> {
  const transfer = event.dataTransfer;
  const file = transfer?.files[0];
  const dragged = transfer?.getData(DRAGGED_SOUND);
  const left = grid?.getBoundingClientRect().left ?? 0;
  const at = Math.max(
    0,
    Math.min(state.axis.timeAt(event.clientX - left), state.axis.length.peek()),
  );
  const model = state.document.view.peek()?.model ?? "";
  try {
    if (file || dragged) toast("Opening it as codes …");
    if (file) await state.openOther(await documentOfFile(file, model));
    else if (dragged) await state.openOther(await documentOf(JSON.parse(dragged), model));
    else return;
    const paste = operationOf("paste");
    if (paste && state.other.peek()) state.begin(paste, { "--at": at.toFixed(3) });
  } catch (error) {
    toastError(error);
  }
}

// --- time ----------------------------------------------------------------------------------------

/** The axis holds both sounds, so that they lie on one scale. */
function useLength({ document, other, axis }: EditorState): void {
  const secondsOf = (each: OpenDocument | null) =>
    each ? each.codes.value.frames / each.codes.value.frameRate : 0;
  const length = Math.max(secondsOf(document), secondsOf(other.value));
  useEffect(() => {
    const wasWhole = axis.end.peek() >= axis.length.peek() - 0.001 && axis.start.peek() === 0;
    axis.length.value = length;
    if (wasWhole && axis.width.peek()) axis.fit();
  }, [length]);
}

/** The selection as the stretch that the waveform marks, and a stretch there as the selection. */
function useSpan({ document, selection }: EditorState): Signal<Span | null> {
  const span = useMemo(() => signal<Span | null>(null), []);
  useEffect(() => {
    const ends = [
      effect(() => {
        const region = selection.value;
        const rate = document.codes.peek().frameRate;
        span.value = region && { from: region.from / rate, to: region.to / rate };
        // The loop of the player follows it, where the whole document is in the dock.
        const sound = current.peek();
        if (sound?.key === soundOf(document).key) select(span.peek());
      }),
      span.subscribe((next) => {
        const now = selection.peek();
        const { frames, frameRate, levels } = document.codes.peek();
        const other = regionOf(next, frames, frameRate, levels);
        if (other?.from === now?.from && other?.to === now?.to) return;
        selection.value = other && now ? { ...now, from: other.from, to: other.to } : other;
      }),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, []);
  return span;
}

function regionOf(span: Span | null, frames: number, rate: number, levels: number): Region | null {
  if (!span) return null;
  // What lies on a frame to a thousandth is that frame.
  const from = Math.floor(span.from * rate + 0.001);
  const to = Math.min(frames, Math.ceil(span.to * rate - 0.001));
  return to > from ? { from, to, top: 0, bottom: levels } : null;
}

/** Time until selection and zoom go into the URL, in ms. */
const REST_MS = 400;

function useViewInQuery({ axis, selection }: EditorState): void {
  useEffect(() => {
    const [from, to] = (place.peek().query.get("view") ?? "").split(",").map(Number);
    if (from !== undefined && to !== undefined && to > from) axis.show(from, to);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = effect(() => {
      const region = selection.value;
      const view = `${axis.start.value.toFixed(2)},${axis.end.value.toFixed(2)}`;
      clearTimeout(timer);
      timer = setTimeout(() => {
        const { from, to, top, bottom } = region ?? { from: 0, to: 0, top: 0, bottom: 0 };
        setQuery({ region: region ? `${from},${to},${top},${bottom}` : "", view });
      }, REST_MS);
    });
    return () => {
      end();
      clearTimeout(timer);
    };
  }, []);
}
