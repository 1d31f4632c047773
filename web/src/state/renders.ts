/** Generated sounds: records, what is done with them, and how the player takes them. */

import { type Signal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Sound } from "../player/sounds";
import { BASE, get, patch, post, remove } from "./api";
import { onEvents } from "./events";
import type { DeletedView, RenderLine, RenderView, TaskView } from "./records";
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
  try {
    const view = await get<RenderView>(`/renders/${id}`);
    recordOf(id).value = view;
    return view;
  } catch {
    // It was deleted meanwhile: the list says so at the next event.
    return null;
  }
}

export function startRenders(): void {
  onEvents("library", (event) => {
    if (event.type !== "library.render") return;
    const changed = event.data.changed as string[];
    for (const id of changed) if (known.has(id)) void loadRender(id);
  });
}

export function soundOfRender(line: RenderLine, view: RenderView | null): Sound {
  return {
    key: `render-${line.id}`,
    title: line.title,
    audio: `${BASE}/renders/${line.id}/audio`,
    peaks: view ? soundUrl(view.hash, "peaks") : "",
    duration_s: line.duration_s,
    loudness: view?.loudness_lufs ?? null,
  };
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

/** Moves a render to the bin, with an undo. */
export async function binRender(id: string): Promise<void> {
  try {
    const deleted = await remove<DeletedView>(`/renders/${id}`);
    toast(`${deleted.name} is in the bin`, () => {
      post(`/renders/${id}/restore`).catch(toastError);
    });
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
