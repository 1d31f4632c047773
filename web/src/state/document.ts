/** A document of codes: its grid, its edits, and what is done with both. */

import { signal } from "@preact/signals";
import type { Codes } from "../grid/codes";
import { ApiError, BASE, get, post, query } from "./api";
import { parseGrid } from "./grid-bytes";
import type { DocumentView, EditOutcome, StepView } from "./records";
import { toast, toastError } from "./toasts";

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
  /** Whether the grid is there. */
  readonly isLoaded = signal(false);
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
      await this.loadGrid(undefined);
      this.isLoaded.value = true;
      this.error.value = "";
    } catch (error) {
      this.error.value = (error as Error).message;
    }
  }

  /** Loads the codes, or of a grid of the same length only those that changed. */
  private async loadGrid(changed: [number, number] | null | undefined): Promise<void> {
    const view = this.view.peek();
    if (!view) return;
    const before = this.codes.peek();
    const isPart = changed !== undefined && before !== EMPTY && before.frames === view.frames;
    const [from, to] = isPart ? (changed ?? [0, 0]) : [0, view.frames];
    const answer = await fetch(query(`${BASE}${this.path}/grid`, { from, to, rev: view.rev }));
    if (!answer.ok) throw new ApiError((await answer.json()).error, answer.status);
    const part = parseGrid(await answer.arrayBuffer(), answer.headers, view.frame_rate);
    this.codebookSize = Number(answer.headers.get("X-Codebook-Size"));
    this.changed.value = isPart ? changed : undefined;
    this.codes.value = isPart ? merged(before, part, from) : part;
  }

  // --- edits -------------------------------------------------------------------------------------

  /** Makes an edit in the words of `distill edit run`; gives whether it was made. */
  async edit(line: string): Promise<boolean> {
    return this.change(line, async () => {
      const outcomes = await post<EditOutcome[]>(`${this.path}/edits`, { rev: this.rev, line });
      const [outcome] = outcomes;
      if (outcome?.remark) toast(outcome.remark);
      if (outcome?.kept_back) toast(`${outcome.kept_back} locked codes stay as they are.`);
      return outcome?.changed ?? null;
    });
  }

  undo(): Promise<boolean> {
    return this.step("undo");
  }

  redo(): Promise<boolean> {
    return this.step("redo");
  }

  private step(verb: "undo" | "redo"): Promise<boolean> {
    return this.change("", async () => {
      const step = await post<StepView>(`${this.path}/${verb}`, { rev: this.rev });
      return step.changed ?? null;
    });
  }

  private async change(
    line: string,
    ask: () => Promise<[number, number] | null>,
  ): Promise<boolean> {
    if (this.isBusy.peek()) return false;
    this.isBusy.value = true;
    try {
      const changed = await ask();
      this.view.value = await get<DocumentView>(this.path);
      // Locks change without a code: the whole is small enough where nothing else is said.
      const isLock = /^(un)?lock/.test(line) || changed === null;
      await this.loadGrid(isLock ? undefined : changed);
      return true;
    } catch (error) {
      await this.explain(error, line);
      return false;
    } finally {
      this.isBusy.value = false;
    }
  }

  /** Another tab was quicker: what it made is shown, and the edit offered again. */
  private async explain(error: unknown, line: string): Promise<void> {
    if (!(error instanceof ApiError) || error.status !== 409) {
      toastError(error);
      return;
    }
    await this.load();
    if (line) toast(`${error.message} “${line}” was not made.`, () => void this.edit(line));
    else toastError(error);
  }
}

/** The codes before, with a part of them replaced. */
function merged(before: Codes, part: Codes, from: number): Codes {
  const codes = before.codes.slice();
  const locked = before.locked.slice();
  codes.set(part.codes, from * before.levels);
  locked.set(part.locked, from * before.levels);
  return { ...before, codes, locked, seams: part.seams };
}
