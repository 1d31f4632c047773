/** Generated sounds: records, what is done with them, and how the player takes them. */

import { type Signal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { audition } from "../player/player";
import type { Sound } from "../player/sounds";
import { BASE, get, patch, post, remove } from "./api";
import { onEvents } from "./events";
import { gently } from "./gently";
import type { DeletedView, RenderLine, RenderView, ServerEvent, TaskView } from "./records";
import { soundUrl } from "./sounds";
import { toast, toastError } from "./toasts";

const known = new Map<string, Signal<RenderView | null>>();

/** Time for which a row must be in sight until its record is loaded, in ms. */
const REST_MS = 100;

/** The record of a render; null until it is loaded. */
export function useRender(id: string): RenderView | null {
  const record = recordOf(id);
  useEffect(() => {
    if (!id || record.peek()) return;
    const timer = setTimeout(() => void loadRender(id), REST_MS);
    return () => clearTimeout(timer);
  }, [id]);
  return record.value;
}

function recordOf(id: string): Signal<RenderView | null> {
  let record = known.get(id);
  if (!record) {
    record = signal(null);
    known.set(id, record);
  }
  return record;
}

export async function loadRender(id: string): Promise<RenderView | null> {
  if (binned.has(id)) return null;
  try {
    const view = await get<RenderView>(`/renders/${id}`);
    recordOf(id).value = view;
    return view;
  } catch {
    // It was deleted meanwhile: the list says so at the next event.
    return null;
  }
}

/** Whether an event tells that a person noted something of a model: its renders go by its name. */
export function isModelNoted(event: ServerEvent): boolean {
  if (event.type !== "library.model") return false;
  const { added, changed } = event.data as Record<string, string[]>;
  return [...(added ?? []), ...(changed ?? [])].some((name) => name.endsWith(".json"));
}

function renewKnown(): void {
  for (const [id, record] of known) if (record.peek()) void gently(() => loadRender(id));
}

export function startRenders(): void {
  onEvents("library", (event) => {
    if (isModelNoted(event)) renewKnown();
    if (event.type !== "library.render") return;
    const changed = event.data.changed as string[];
    for (const id of changed) if (known.has(id)) void loadRender(id);
  });
}

/** What the player needs of a render: lists and records both have it. */
export type PlayableRender = Pick<
  RenderLine,
  "id" | "title" | "hash" | "duration_s" | "loudness_lufs"
>;

export const keyOfRender = (id: string) => `render-${id}`;

export function soundOfRender(render: PlayableRender): Sound {
  return {
    key: keyOfRender(render.id),
    title: render.title,
    audio: `${BASE}/renders/${render.id}/audio`,
    peaks: soundUrl(render.hash, "peaks"),
    duration_s: render.duration_s,
    loudness: render.loudness_lufs,
  };
}

/** The render that others are compared with: their B side; null for none. */
export const otherSide = signal<PlayableRender | null>(null);

/** Makes a render the B side of all others, or of none any more. */
export function compareWith(render: PlayableRender): void {
  const isOff = otherSide.peek()?.id === render.id;
  otherSide.value = isOff ? null : render;
  if (!isOff) toast(`${render.title} is B: play another, and B swaps between the two`);
}

/** Plays a render from its start, or from `at` on, with the one that is compared as B. */
export function playRender(render: PlayableRender, at = 0): void {
  const other = otherSide.peek();
  const isOther = other !== null && other.id !== render.id;
  audition(soundOfRender(render), isOther ? soundOfRender(other) : null, at);
}

/** Orders a blind test of two renders; its id comes with the news of the task. */
export async function orderBlindTest(first: PlayableRender, second: PlayableRender) {
  const sides = [first, second].map(({ id }) => ({ kind: "render", id }));
  return post<TaskView>("/comparisons/sounds", {
    pairs: [{ first: sides[0], second: sides[1] }],
    sides: [first.title, second.title],
  });
}

export async function starRender(id: string, starred: boolean): Promise<void> {
  try {
    recordOf(id).value = await patch<RenderView>(`/renders/${id}`, { starred });
  } catch (error) {
    toastError(error);
  }
}

export async function noteRender(id: string, notes: { name?: string; notes?: string }) {
  try {
    recordOf(id).value = await patch<RenderView>(`/renders/${id}`, notes);
  } catch (error) {
    toastError(error);
  }
}

/** Renders on their way to the bin, or there: nothing more is asked about them. */
const binned = new Set<string>();

/** Moves a render to the bin, with an undo. */
export async function binRender(id: string): Promise<void> {
  binned.add(id);
  try {
    const deleted = await remove<DeletedView>(`/renders/${id}`);
    toast(`${deleted.name} is in the bin`, () => void restoreRender(id));
  } catch (error) {
    binned.delete(id);
    toastError(error);
  }
}

async function restoreRender(id: string): Promise<void> {
  try {
    await post(`/renders/${id}/restore`);
    binned.delete(id);
    // It may be selected still, and never have been loaded.
    await loadRender(id);
  } catch (error) {
    toastError(error);
  }
}

export async function makeAgain(id: string, duration?: number): Promise<void> {
  await order(`/renders/${id}/again`, duration === undefined ? {} : { duration });
}

export async function varyRender(id: string): Promise<void> {
  await order(`/renders/${id}/vary`, {});
}

async function order(path: string, body: unknown): Promise<void> {
  try {
    await post<TaskView>(path, body);
    toast("Ordered: it comes into the library as soon as it is drawn");
  } catch (error) {
    toastError(error);
  }
}
