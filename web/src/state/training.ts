/** A training as it goes: its curves grow with the events of its job. */

import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { get } from "./api";
import { onEvents, onRenewal } from "./events";
import type { JobDetail, JobEvent } from "./records";
import { sentenceOf } from "./toasts";

/** Points of a curve from which on it is loaded anew, thinned by the server. */
const MOST_POINTS = 3000;

/** News after which all is loaded anew: previews, ends. */
const BIG_NEWS = /preview|stage|done|stopped|failed|cut-off/;

export function useTraining(id: string) {
  const training = useMemo(() => makeTraining(id), [id]);
  useEffect(() => {
    void training.load();
    const ends = [
      onRenewal(() => void training.load()),
      onEvents("jobs", (event) => {
        if (event.data.job !== id) return;
        if (BIG_NEWS.test(event.type)) void training.load();
        else training.add(event.data.event as JobEvent);
      }),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [training]);
  return training;
}

function makeTraining(id: string) {
  const detail = signal<JobDetail | null>(null);
  const error = signal("");
  return {
    detail,
    error,
    async load(): Promise<void> {
      try {
        detail.value = await get<JobDetail>(`/jobs/${id}`);
        error.value = "";
      } catch (failure) {
        error.value = sentenceOf(failure);
      }
    },
    /** Adds an event to the curve of its type. */
    add(event: JobEvent): void {
      const now = detail.peek();
      if (!now || !event?.type) return;
      const curve = now.curves[event.type] ?? [];
      if (curve.length > MOST_POINTS) {
        void this.load();
        return;
      }
      if ((curve.at(-1)?.n ?? 0) >= event.n) return;
      detail.value = { ...now, curves: { ...now.curves, [event.type]: [...curve, event] } };
    },
  };
}

/** A number of an event; null where it has none. */
export function figure(event: JobEvent, name: string): number | null {
  const value = event.data[name];
  return typeof value === "number" ? value : null;
}
