/** Tasks of the player that something waits for. */

import { onEvents } from "./events";
import { toastError } from "./toasts";

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
