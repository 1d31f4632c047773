/** Tasks of the player that something waits for. */

import { onEvents } from "./events";
import { toastError } from "./toasts";

/** Kinds of tasks that are ordered, and that no answer waits for. */
const ORDERED = new Set(["generate", "again", "vary"]);

/** Says which ordered sounds cannot be made, and why. */
export function startTasks(): void {
  onEvents("player", ({ type, data }) => {
    if (type === "take.failed" && ORDERED.has(String(data.kind))) {
      toastError(new Error(String(data.error)));
    }
  });
}

/** Calls `run` with the news of the end of a task; an end in failure is said. */
export function afterTask(id: string, run: (told: Record<string, unknown>) => void): () => void {
  const end = onEvents("player", ({ type, data }) => {
    if (data.task !== id || !/done|failed|cancelled/.test(type)) return;
    end();
    if (type === "take.done") run(data);
    else if (type === "take.failed") toastError(new Error(String(data.error)));
  });
  return end;
}
