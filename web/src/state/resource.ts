/** A record of the server that a component shows. */

import { type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { get } from "./api";
import { onEvents, onRenewal } from "./events";
import { sentenceOf } from "./toasts";

export interface Resource<T> {
  value: Signal<T | null>;
  /** The sentence of the error; empty if all went well. */
  error: Signal<string>;
  reload: () => void;
  /** Says whether anybody sees the record: one that nobody sees asks nothing. */
  show: (isShown: boolean) => void;
}

/** Time between two requests for the same record, in ms. */
const REST_MS = 250;

/**
 * Loads what is at `path`, again after a lost connection and at events of `topic`.
 *
 * @param path - Path below the API; empty to load nothing.
 */
export function useResource<T>(path: string, topic = ""): Resource<T> {
  const resource = useMemo(() => makeResource<T>(path), [path]);
  useEffect(() => {
    if (!path) return;
    resource.show(true);
    resource.reload();
    const ends = [onRenewal(resource.reload)];
    if (topic) ends.push(onEvents(topic, resource.reload));
    return () => {
      for (const end of ends) end();
      resource.show(false);
    };
  }, [resource, topic]);
  return resource;
}

function makeResource<T>(path: string): Resource<T> {
  const value = signal<T | null>(null);
  const error = signal("");
  let state: "idle" | "busy" | "stale" = "idle";
  let isShown = false;
  const reload = async () => {
    if (state !== "idle") {
      state = "stale";
      return;
    }
    state = "busy";
    try {
      value.value = await get<T>(path);
      error.value = "";
    } catch (failure) {
      error.value = sentenceOf(failure);
    }
    setTimeout(() => {
      const isStale = state === "stale";
      state = "idle";
      // A record in the bin would answer with an error to a screen that has been left.
      if (isStale && isShown) void reload();
    }, REST_MS);
  };
  const show = (next: boolean) => {
    isShown = next;
  };
  return { value, error, reload: () => void reload(), show };
}
