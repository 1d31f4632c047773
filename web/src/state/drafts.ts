/** Drafts: what is not kept yet, by place, so that a reload or another tab finds it. */

import { ApiError, get, put } from "./api";
import { forget, read, write } from "./stored";

/** Time after the last change until the server gets it, in ms. */
const REST_MS = 300;

/** Time until an attempt is repeated, in ms. */
const RETRY_MS = 3000;

const timers = new Map<string, ReturnType<typeof setTimeout>>();

const keyOf = (place: string) => `distill.draft.${place}`;

/** The draft of a place: one that the server has not got yet wins. */
export async function loadDraft<T>(place: string): Promise<T | null> {
  const unsent = read<T | null>(keyOf(place), null);
  if (unsent !== null) {
    saveDraft(place, unsent);
    return unsent;
  }
  try {
    const { draft } = await get<{ draft: T }>(`/drafts/${encodeURIComponent(place)}`);
    return Object.keys(draft as object).length ? draft : null;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

export function saveDraft(place: string, draft: unknown): void {
  write(keyOf(place), draft);
  plan(place, REST_MS);
}

function plan(place: string, ms: number): void {
  clearTimeout(timers.get(place));
  timers.set(
    place,
    setTimeout(() => send(place), ms),
  );
}

async function send(place: string): Promise<void> {
  const draft = read<unknown>(keyOf(place), null);
  if (draft === null) return;
  try {
    await put(`/drafts/${encodeURIComponent(place)}`, { draft });
    // What came meanwhile goes with the next timer.
    if (JSON.stringify(read(keyOf(place), null)) === JSON.stringify(draft)) forget(keyOf(place));
  } catch (error) {
    if (error instanceof ApiError && error.status === 0) plan(place, RETRY_MS);
  }
}
