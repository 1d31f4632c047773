/** Sentences that come and go, some with an undo. */

import { signal } from "@preact/signals";

export interface Toast {
  id: number;
  text: string;
  isBad: boolean;
  undo?: () => void;
  /** Word on the button of `undo`. */
  deed: string;
}

/** Time in which something can be undone: that of the library's bin. */
const SHOWN_MS = 10_000;

export const toasts = signal<Toast[]>([]);

/** A sentence for screen readers, said when nothing else is going on. */
export const politeText = signal("");

/** A failure, said at once. */
export const urgentText = signal("");

let last = 0;

export function toast(text: string, undo?: () => void, deed = "Undo"): void {
  add({ id: ++last, text, isBad: false, undo, deed });
  politeText.value = text;
}

export function toastError(error: unknown): void {
  const text = sentenceOf(error);
  add({ id: ++last, text, isBad: true, deed: "" });
  urgentText.value = text;
}

export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function add(entry: Toast): void {
  // The same sentence stands there once.
  const others = toasts.value.filter(({ text }) => text !== entry.text);
  toasts.value = [...others.slice(-2), entry];
  setTimeout(() => dismiss(entry.id), SHOWN_MS);
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((entry) => entry.id !== id);
}
