/** What a person has in hand while a document is open: selection, levels heard, edit not kept yet. */

import { computed, type Signal, signal } from "@preact/signals";
import type { Codes } from "../grid/codes";
import { type Operation, type Other, operationOf } from "../grid/operations";
import { type Cell, type Region, regionOf } from "../grid/selection";
import type { Counts } from "../grid/tiles";
import { Axis } from "../lanes/axis";
import { get } from "../state/api";
import { OpenDocument } from "../state/document";
import { loadDraft, saveDraft } from "../state/drafts";
import type { CodebookLevelView } from "../state/records";
import { place } from "../state/route";
import { stored } from "../state/stored";
import { toastError } from "../state/toasts";

/** A code in hand, which is painted with. */
export interface Brush {
  level: number;
  code: number;
}

interface Draft {
  operation?: string;
  values?: Record<string, string>;
  other?: string;
  otherRegion?: Region | null;
}

/** Whether the place of an edit is heard once it is made. */
export const hearsEdits = stored("hearsEdits", true);

export class EditorState {
  readonly axis: Axis;
  readonly selection = signal<Region | null>(regionOfQuery());
  readonly cell = signal<Cell>({ frame: 0, level: 0 });
  readonly muted = signal<ReadonlySet<number>>(new Set());
  readonly soloed = signal<ReadonlySet<number>>(new Set());
  /** Levels that are not heard. */
  readonly silent = computed(() => {
    const { levels } = this.document.codes.value;
    const all = Array.from({ length: levels }, (_, level) => level);
    const isSolo = this.soloed.value.size > 0;
    return new Set(
      all.filter((n) => (isSolo ? !this.soloed.value.has(n) : this.muted.value.has(n))),
    );
  });
  /** How often the corpus uses each code, level by level; empty before it is known. */
  readonly counts = signal<readonly Counts[]>([]);
  readonly brush = signal<Brush | null>(null);
  readonly isPainting = signal(false);
  /** Where something that is held over the grid would come to lie. */
  readonly ghost = signal<Region | null>(null);

  readonly other = signal<OpenDocument | null>(null);
  readonly otherSelection = signal<Region | null>(null);

  /** The edit that is being turned and not kept yet. */
  readonly operation = signal<Operation | null>(null);
  readonly values = signal<Record<string, string>>({});

  constructor(readonly document: OpenDocument) {
    const codes = document.codes.peek();
    this.axis = new Axis(codes.frames / codes.frameRate);
  }

  get draftPlace(): string {
    return `codes-${this.document.id}`;
  }

  /** The other sound, as an operation takes it. */
  otherOf(): Other | null {
    const other = this.other.value;
    if (!other?.isLoaded.value) return null;
    return { id: other.id, codes: other.codes.value, region: this.otherSelection.value };
  }

  /** Where an edit works: the selection, or all. */
  regionOrCell(): Region {
    const cell = this.cell.peek();
    return this.selection.peek() ?? regionOf(cell, cell);
  }

  /** A selection that became too long for fewer codes, and what was left of it. */
  private cut: { whole: Region; rest: Region | null } | null = null;

  /** Keeps selection and cell within codes that have become fewer; an undo brings it back. */
  keepInside({ frames }: Codes): void {
    const now = this.selection.peek();
    const whole = this.cut && this.cut.rest === now ? this.cut.whole : now;
    if (whole) {
      const isLeft = whole.from < frames;
      const rest = whole.to <= frames ? whole : isLeft ? { ...whole, to: frames } : null;
      this.cut = rest === whole ? null : { whole, rest };
      this.selection.value = rest;
    }
    const cell = this.cell.peek();
    if (cell.frame >= frames) this.cell.value = { ...cell, frame: frames - 1 };
  }

  toggle(set: Signal<ReadonlySet<number>>, level: number): void {
    const next = new Set(set.peek());
    if (!next.delete(level)) next.add(level);
    set.value = next;
  }

  // --- the edit in hand ----------------------------------------------------------------------------

  begin(operation: Operation, values: Record<string, string> = {}): void {
    const codes = this.document.codes.peek();
    const region = this.selection.peek();
    const seconds = (frame: number) => (frame / codes.frameRate).toFixed(3);
    const isCopy = operation.name === "copy" || operation.name === "move";
    const at = region ? (isCopy ? region.to : region.from) : this.cell.peek().frame;
    const cell = this.cell.peek();
    const code = String(codes.codes[cell.frame * codes.levels + cell.level] ?? 0);
    this.values.value = { "--at": seconds(at), "--code": code, "--old": code, ...values };
    this.operation.value = operation;
    this.keepDraft();
  }

  drop(): void {
    this.operation.value = null;
    this.values.value = {};
    this.ghost.value = null;
    this.keepDraft();
  }

  turn(flag: string, value: string): void {
    this.values.value = { ...this.values.peek(), [flag]: value };
    this.keepDraft();
  }

  async openOther(id: string): Promise<void> {
    if (this.other.peek()?.id === id) return;
    const other = new OpenDocument(id);
    await other.load();
    if (!other.isLoaded.peek()) {
      toastError(new Error(other.error.peek()));
      return;
    }
    this.other.value = other;
    this.otherSelection.value = null;
    this.keepDraft();
  }

  closeOther(): void {
    this.other.value = null;
    this.otherSelection.value = null;
    if (this.operation.peek()?.takesOther) this.operation.value = null;
    this.keepDraft();
  }

  keepDraft(): void {
    const draft: Draft = {};
    const operation = this.operation.peek();
    if (operation) Object.assign(draft, { operation: operation.name, values: this.values.peek() });
    const other = this.other.peek();
    if (other) Object.assign(draft, { other: other.id, otherRegion: this.otherSelection.peek() });
    saveDraft(this.draftPlace, draft);
  }

  /** Takes up what was not kept when the page was left. */
  async loadDraft(): Promise<void> {
    const draft = await loadDraft<Draft>(this.draftPlace).catch(() => null);
    if (!draft) return;
    if (draft.other) await this.openOther(draft.other);
    if (draft.otherRegion) this.otherSelection.value = draft.otherRegion;
    const operation = operationOf(draft.operation ?? "");
    if (!operation) return;
    this.values.value = draft.values ?? {};
    this.operation.value = operation;
  }

  async loadCounts(): Promise<void> {
    const model = this.document.view.peek()?.model;
    if (!model) return;
    try {
      const levels = await get<CodebookLevelView[]>(`/models/${model}/codebook`);
      this.counts.value = levels.map((level) => level.counts);
    } catch {
      // Without it all codes are equally light.
    }
  }
}

function regionOfQuery(): Region | null {
  const text = place.peek().query.get("region") ?? "";
  const [from, to, top, bottom] = text.split(",").map(Number);
  if (from === undefined || to === undefined || top === undefined || bottom === undefined) {
    return null;
  }
  return { from, to, top, bottom };
}
