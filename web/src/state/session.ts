/** Login: the link of `distill ui` holds a code that is swapped for a cookie, once. */

import { signal } from "@preact/signals";
import { ApiError, get, post } from "./api";
import { onEvents } from "./events";
import type { SessionView } from "./records";
import { sentenceOf } from "./toasts";

export type Login = "unknown" | "in" | "out";

export const login = signal<Login>("unknown");
export const session = signal<SessionView | null>(null);

/** A sentence on why the login failed. */
export const loginError = signal("");

export async function logIn(): Promise<void> {
  const code = /^#code=(.+)$/.exec(location.hash)?.[1];
  try {
    if (code) {
      // Out of the address first: it must not stay in the history.
      history.replaceState(null, "", location.pathname + location.search);
      await post("/session", { code: decodeURIComponent(code) });
    }
    await loadSession();
    login.value = "in";
  } catch (error) {
    loginError.value = error instanceof ApiError && error.status === 401 ? "" : sentenceOf(error);
    // Without an answer the connection is tried again; without a cookie that would not help.
    login.value = error instanceof ApiError && error.status === 0 ? "unknown" : "out";
    if (login.value === "unknown") setTimeout(logIn, 2000);
  }
}

export async function loadSession(): Promise<void> {
  session.value = await get<SessionView>("/session");
}

/** Keeps what it says of the disk true: whatever is written changes it. */
export function startSession(): void {
  for (const topic of ["disk", "library"]) {
    // Without an answer, the bar of the connection says so.
    onEvents(topic, () => void loadSession().catch(() => {}));
  }
}
