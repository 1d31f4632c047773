/** A document of codes: its grid, its edits, and what is done with both. */

import { signal } from "@preact/signals";
import type { Codes } from "../grid/codes";
import { ApiError, BASE, get, post, query } from "./api";
import { count } from "./format";
import { parseGrid } from "./grid-bytes";
import type { DocumentView, EditOutcome, ModelView, StepView } from "./records";
import { toast, toastError } from "./toasts";

/** A grid as a change has left it. */
interface Change {
  rev: number;
  frames: number;
  /** Frames that differ from before; null: none, undefined: all. */
  changed?: [number, number] | null | undefined;
}

const EMPTY: Codes = {
  frames: 1,
  levels: 1,
  codes: new Uint16Array(1),
  locked: new Uint8Array(1),
  seams: [],
  frameRate: 1,
  names: ["Structure"],
};

export class OpenDocument {
  readonly view = signal<DocumentView | null>(null);
  readonly codes = signal<Codes>(EMPTY);
  /** Frames that the last change touched; undefined: all. */
  readonly changed = signal<[number, number] | null | undefined>(undefined);
  readonly error = signal("");
  readonly isBusy = signal(false);
  /** Frames that the last edit of this tab changed; null before the first, and where none did. */
  readonly edited = signal<[number, number] | null>(null);
  /** Whether the grid is there. */
  readonly isLoaded = signal(false);
  /** File of the model that reads it; empty before that is known. */
  readonly modelFile = signal("");
  codebookSize = 0;

  constructor(readonly id: string) {}

  get path(): string {
    return `/documents/${this.id}`;
  }

  get rev(): number {
    return this.view.peek()?.rev ?? 0;
  }

  /** Loads all of it; does nothing where the revision is known already. */
  async load(): Promise<void> {
    try {
      const view = await get<DocumentView>(this.path);
      if (this.view.peek()?.rev === view.rev) return;
      this.view.value = view;
      await this.loadGrid(view, view.frame_rate);
      this.isLoaded.value = true;
      this.error.value = "";
      await this.loadModel(view.model);
    } catch (error) {
      this.error.value = (error as Error).message;
    }
  }

  private async loadModel(model: string): Promise<void> {
    if (!model || this.modelFile.peek()) return;
    this.modelFile.value = (await get<ModelView>(`/models/${model}`)).file;
  }

  /** Loads the codes, or of a grid of the same length only those that changed. */
  private async loadGrid({ rev, frames, changed }: Change, frameRate: number): Promise<void> {
    const before = this.codes.peek();
    const isPart = changed !== undefined && before !== EMPTY && before.frames === frames;
    const [from, to] = isPart ? (changed ?? [0, 0]) : [0, frames];
    const answer = await fetch(query(`${BASE}${this.path}/grid`, { from, to, rev }));
    if (!answer.ok) throw new ApiError((await answer.json()).error, answer.status);
    const part = parseGrid(await answer.arrayBuffer(), answer.headers, frameRate);
    this.codebookSize = Number(answer.headers.get("X-Codebook-Size"));
    this.changed.value = isPart ? changed : undefined;
    this.codes.value = isPart ? merged(before, part, from) : part;
  }

  // --- edits -------------------------------------------------------------------------------------

  /** Makes edits in the words of `distill edit run`, all or none; gives whether they were made. */
  async edit(...lines: string[]): Promise<boolean> {
    let place: [number, number] | null = null;
    const isMade = await this.change(lines, async (signal) => {
      const before = this.codes.peek().frames;
      const body = { rev: this.rev, lines };
      const outcomes = await post<EditOutcome[]>(`${this.path}/edits`, body, signal);
      for (const { remark, kept_back } of outcomes) {
        if (remark) toast(remark);
        if (kept_back) toast(`${count(kept_back, "locked code")} stay as they are.`);
      }
      const changed = changeOf(outcomes);
      const { rev, frames } = outcomes.at(-1) ?? { rev: this.rev, frames: before };
      place = changed && placeOf(changed, before, frames);
      return { rev, frames, changed };
    });
    if (isMade) this.edited.value = place;
    return isMade;
  }

  undo(): Promise<boolean> {
    return this.move((cursor) => cursor - 1);
  }

  redo(): Promise<boolean> {
    return this.move((cursor) => cursor + 1);
  }

  /** Undoes or redoes edits until `cursor` of them are in force. */
  goTo(cursor: number): Promise<boolean> {
    return this.move(() => cursor);
  }

  /** Moves between the edits, from where the cursor stands once it is its turn. */
  private move(to: (cursor: number) => number): Promise<boolean> {
    return this.change([], async (signal) => {
      const { edits, ...view } = this.view.peek() as DocumentView;
      let { rev, frames, cursor: now } = view;
      const cursor = Math.min(edits.length, Math.max(0, to(now)));
      const isStep = Math.abs(cursor - now) === 1;
      let changed: [number, number] | null | undefined = null;
      while (now !== cursor) {
        const verb = cursor < now ? "undo" : "redo";
        const step: StepView = await post<StepView>(`${this.path}/${verb}`, { rev }, signal);
        ({ rev, frames, cursor: now } = step);
        changed = isStep ? step.changed : undefined;
      }
      return { rev, frames, changed };
    });
  }

  /** Leaves the edit that is being made. */
  cancel(): void {
    this.leaving?.abort();
  }

  private leaving: AbortController | null = null;
  private last: Promise<unknown> = Promise.resolve();

  /** Changes come one after the other: what is asked for meanwhile waits. */
  private change(lines: string[], ask: (signal: AbortSignal) => Promise<Change>): Promise<boolean> {
    const next = this.last.then(() => this.changeNow(lines, ask));
    this.last = next;
    return next;
  }

  private async changeNow(
    lines: string[],
    ask: (signal: AbortSignal) => Promise<Change>,
  ): Promise<boolean> {
    this.isBusy.value = true;
    this.leaving = new AbortController();
    try {
      const change = await again(() => ask((this.leaving as AbortController).signal));
      // Locks change without a code: the whole is small enough where nothing else is said.
      const isLock = change.changed === null || lines.some((line) => /^(un)?lock/.test(line));
      await this.show(isLock ? { ...change, changed: undefined } : change);
      return true;
    } catch (error) {
      if (this.leaving.signal.aborted) toast("Left as it was.");
      else await this.explain(error, lines);
      return false;
    } finally {
      this.isBusy.value = false;
      this.leaving = null;
    }
  }

  /** Shows a change that was made, the grid first: it is what eyes are on. */
  private async show(change: Change): Promise<void> {
    try {
      await this.loadGrid(change, this.codes.peek().frameRate);
      this.view.value = await get<DocumentView>(this.path);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
      // Another tab has made the next change already.
      await this.load();
    }
  }

  /** Another tab was quicker: what it made is shown, and the edit offered again. */
  private async explain(error: unknown, lines: string[]): Promise<void> {
    if (!(error instanceof ApiError) || error.status !== 409) {
      toastError(error);
      return;
    }
    await this.load();
    const again = () => void this.edit(...lines);
    if (lines.length) {
      toast(`${error.message} “${lines.join("; ")}” was not made.`, again, "Make it now");
    } else toastError(error);
  }
}

/** Time between two attempts while the server does not answer, in ms. */
const RETRY_MS = 1500;

/** Asks until the server answers: an edit waits for a connection that is lost. */
async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isLost = error instanceof ApiError && error.status === 0;
      if (!isLost) throw error;
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }
}

/** Frames that several edits changed, one after the other. */
function changeOf(outcomes: readonly EditOutcome[]): [number, number] | null {
  const spans = outcomes.map((each) => each.changed).filter((span) => span !== null);
  if (spans.length < 2) return (spans[0] as [number, number] | undefined) ?? null;
  return [Math.min(...spans.map(([from]) => from)), Math.max(...spans.map(([, to]) => to))];
}

/** Where a change is to be heard: what moved behind it is as before. */
function placeOf([from, to]: [number, number], before: number, after: number): [number, number] {
  if (before === after) return [from, to];
  return [from, Math.max(from, from + after - before)];
}

/** The codes before, with a part of them replaced. */
function merged(before: Codes, part: Codes, from: number): Codes {
  const codes = before.codes.slice();
  const locked = before.locked.slice();
  codes.set(part.codes, from * before.levels);
  locked.set(part.locked, from * before.levels);
  return { ...before, codes, locked, seams: part.seams };
}
