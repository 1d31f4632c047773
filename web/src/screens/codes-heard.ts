/** What is heard of a document: all of it, a part, a column, and what an edit would make of it. */

import { type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { lineText } from "../grid/operations";
import type { Region } from "../grid/selection";
import type { Axis } from "../lanes/axis";
import { audition, current, halt, isPlaying, position } from "../player/player";
import type { Sound } from "../player/sounds";
import { BASE, postRaw, query } from "../state/api";
import type { OpenDocument } from "../state/document";
import { sentenceOf, toast } from "../state/toasts";
import type { EditorState } from "./codes-state";

/** Code frames round a change that are heard with it: its edges tell whether it fits. */
export const AROUND = 22;

interface Part {
  /** Frames; null for all. */
  from?: number;
  to?: number;
  /** Levels, as the library names them. */
  levels?: string | undefined;
  /** Key of the grid; the present one by itself. */
  grid?: string;
  column?: number;
}

/** The sound of a document, or of a part of it. */
export function soundOf(document: OpenDocument, part: Part = {}): Sound {
  const view = document.view.peek();
  const { frames, frameRate } = document.codes.peek();
  const { from = 0, to = frames, levels, grid, column } = part;
  const isAll = from === 0 && to === frames && grid === undefined;
  const audio = query(`${BASE}/documents/${document.id}/audio`, {
    from: isAll || column !== undefined ? undefined : `${from}f`,
    to: isAll || column !== undefined ? undefined : `${to}f`,
    levels,
    column: column === undefined ? undefined : `${column}f`,
    // By its content: an edit or undo meanwhile changes nothing in what is heard.
    grid: grid ?? view?.grid ?? "",
  });
  return {
    key: audio,
    title: view?.name ?? "",
    audio,
    peaks: "",
    // A column is held for as long as it is.
    duration_s: column === undefined ? (to - from) / frameRate : 0,
    loudness: null,
    place: { document: document.id, at_s: (column ?? from) / frameRate },
  };
}

/** Levels that are heard, as the library names them; undefined for all, empty for none. */
export function levelsHeard(state: EditorState, region?: Region): string | undefined {
  const { levels } = state.document.codes.peek();
  const silent = state.silent.peek();
  const top = region?.top ?? 0;
  const bottom = region?.bottom ?? levels;
  const heard = [];
  for (let level = top; level < bottom; level++) if (!silent.has(level)) heard.push(level + 1);
  return heard.length === levels ? undefined : heard.join(",");
}

/** Plays a region, or all; B is the same stretch as it was before the last edit. */
export function play(state: EditorState, region?: Region, at = 0): void {
  const levels = levelsHeard(state, region);
  if (levels === "") {
    toast("No level is left to be heard: let one sound.");
    return;
  }
  const part = { levels, ...(region ? { from: region.from, to: region.to } : {}) };
  audition(soundOf(state.document, part), soundBefore(state.document, part), at);
}

/** The same stretch as it was before the last edit; null before the first. */
function soundBefore(document: OpenDocument, part: Part): Sound | null {
  const view = document.view.peek();
  const cursor = view?.cursor ?? 0;
  const last = view?.edits[cursor - 1];
  if (!view || !last) return null;
  const frames = cursor > 1 ? (view.edits[cursor - 2]?.frames ?? 0) : view.first_frames;
  const from = part.from ?? 0;
  const to = Math.min(part.to ?? frames, frames);
  if (to <= from) return null;
  const grid = cursor > 1 ? view.edits[cursor - 2]?.grid : view.first;
  const sound = soundOf(document, { ...part, from, to, grid: grid ?? view.first });
  return { ...sound, title: `before “${lineText(last.line)}”` };
}

export function playColumn(state: EditorState, frame: number): void {
  audition(soundOf(state.document, { column: frame }));
}

/** Plays the place of the last edit, with what is round it. */
export function playEdited(state: EditorState): void {
  const span = state.document.edited.peek();
  if (!span) return;
  const { frames, levels } = state.document.codes.peek();
  const from = Math.max(0, Math.min(span[0] - AROUND, frames - 1));
  play(state, { from, to: Math.min(frames, span[1] + AROUND), top: 0, bottom: levels });
}

/** Another choice of levels while the document plays: the same place sounds on. */
export function playOnWithLevels(state: EditorState): void {
  const sound = current.peek();
  if (!isPlaying.peek() || !sound?.audio.includes(`/documents/${state.document.id}/audio`)) return;
  const from = /from=(\d+)f/.exec(sound.audio)?.[1];
  const to = /to=(\d+)f/.exec(sound.audio)?.[1];
  const { levels } = state.document.codes.peek();
  const region = from && to ? { from: +from, to: +to, top: 0, bottom: levels } : undefined;
  const at = position.peek();
  if (levelsHeard(state, region) === "") halt();
  else play(state, region, at);
}

// --- trials --------------------------------------------------------------------------------------

let trials = 0;

/** Lets edits be heard that are not kept; the last one that was asked for counts. */
export class Trial {
  /** Sentence on why it cannot be heard; empty if all is well. */
  readonly error = signal("");
  readonly isWaiting = signal(false);
  private leaving: AbortController | null = null;

  async hear(state: EditorState, line: string): Promise<void> {
    this.leave();
    const leaving = new AbortController();
    this.leaving = leaving;
    this.isWaiting.value = true;
    try {
      const { document } = state;
      const levels = levelsHeard(state);
      const region = state.selection.peek();
      const body = {
        rev: document.rev,
        lines: [line],
        around: AROUND,
        levels: levels || null,
        // What is heard where nothing changes.
        ...(region ? { start: `${region.from}f`, stop: `${region.to}f` } : {}),
      };
      const answer = await postRaw(`${document.path}/try`, body, leaving.signal);
      const sound = await this.soundOf(state, line, answer);
      if (leaving.signal.aborted) return;
      this.error.value = "";
      audition(sound.trial, sound.before);
    } catch (error) {
      if (!leaving.signal.aborted) this.error.value = sentenceOf(error);
    } finally {
      if (this.leaving === leaving) this.isWaiting.value = false;
    }
  }

  private async soundOf(state: EditorState, line: string, answer: Response) {
    const { document } = state;
    const { frames, frameRate } = document.codes.peek();
    const [from = 0, to = frames] = (answer.headers.get("X-Span") ?? "").split(",").map(Number);
    const loudness = Number(answer.headers.get("X-Loudness") ?? Number.NaN);
    const trial: Sound = {
      key: `trial-${++trials}`,
      title: lineText(line, state.other.peek()?.view.peek()?.name),
      audio: "",
      file: await answer.arrayBuffer(),
      peaks: "",
      duration_s: (to - from) / frameRate,
      loudness: Number.isNaN(loudness) ? null : loudness,
      place: { document: document.id, at_s: from / frameRate },
    };
    const end = Math.min(to, frames);
    const before = end > from ? soundOf(document, { from, to: end }) : null;
    return { trial, before: before && { ...before, title: `${before.title}, as it is` } };
  }

  leave(): void {
    this.leaving?.abort();
    this.leaving = null;
    this.isWaiting.value = false;
  }
}

// --- the playhead --------------------------------------------------------------------------------

/** How far from the left edge the view goes on once the playhead has left it, as a share. */
const LEAD = 0.02;

/** The playhead, where the player plays a document or a part of it; the view follows it. */
export function usePlayhead(document: OpenDocument, axis: Axis): Signal<number> {
  const playhead = useMemo(() => signal(-1), [document]);
  const sound = current.value;
  const place = sound?.place?.document === document.id ? sound.place : null;
  useEffect(() => {
    playhead.value = -1;
    if (!place) return;
    return position.subscribe((seconds) => {
      playhead.value = place.at_s + seconds;
      if (isPlaying.peek()) axis.reveal(playhead.peek(), LEAD);
    });
  }, [document, sound?.key]);
  return playhead;
}
