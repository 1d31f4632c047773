/** Tasks of the player that something waits for. */

import { onEvents } from "./events";
import type { ServerEvent } from "./records";
import { toastError } from "./toasts";

/** Kinds of tasks that are ordered, and that no answer waits for. */
const ORDERED = new Set(["generate", "again", "vary"]);

/** Ends that are remembered. */
const MOST_ENDS = 50;

type End = Pick<ServerEvent, "type" | "data">;

/** The last ends by task: one may come before the answer to its order is read. */
const ends = new Map<string, End>();

/** Remembers ends, and says which ordered sounds cannot be made, and why. */
export function startTasks(): void {
  onEvents("player", ({ type, data }) => {
    if (isEnd(type)) remember(String(data.task), { type, data });
    if (type === "take.failed" && ORDERED.has(String(data.kind))) {
      toastError(new Error(String(data.error)));
    }
  });
}

/** Calls `run` with the news of the end of a task; an end in failure is said. */
export function afterTask(id: string, run: (told: Record<string, unknown>) => void): () => void {
  const follow = ({ type, data }: End) => {
    if (type === "take.done") run(data);
    else if (type === "take.failed") toastError(new Error(String(data.error)));
  };
  const earlier = ends.get(id);
  if (earlier) {
    follow(earlier);
    return () => undefined;
  }
  const leave = onEvents("player", ({ type, data }) => {
    if (data.task !== id || !isEnd(type)) return;
    leave();
    follow({ type, data });
  });
  return leave;
}

function isEnd(type: string): boolean {
  return /done|failed|cancelled/.test(type);
}

function remember(id: string, end: End): void {
  ends.set(id, end);
  const oldest = ends.keys().next().value;
  if (ends.size > MOST_ENDS && oldest !== undefined) ends.delete(oldest);
}
