/** The one WebSocket of the tab: what happens on the server, in order, none lost. */

import { signal } from "@preact/signals";
import { BASE } from "./api";
import type { NewsHello, ServerEvent } from "./records";

type Listener = (event: ServerEvent) => void;

/** Waits between attempts to connect, in ms. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

/** Time without a connection after which the page says so, in ms. */
const QUIET_MS = 2000;

export const isLost = signal(false);

/** Whether the server is of another version than this page. */
export const isOutdated = signal(false);

const listeners = new Set<{ topic: string; listener: Listener }>();
const renewals = new Set<() => void>();

/** Number of the last event of the run of the server that is named; null before the first hello. */
let since: number | null = null;
let run = "";
let version = "";
let wait = FIRST_WAIT;
let quiet: ReturnType<typeof setTimeout> | undefined;

/** Calls `listener` for events of a topic, or of topics that begin with it and a colon. */
export function onEvents(topic: string, listener: Listener): () => void {
  const entry = { topic, listener };
  listeners.add(entry);
  return () => listeners.delete(entry);
}

/** Calls `renew` where events may have been missed: all is loaded anew. */
export function onRenewal(renew: () => void): () => void {
  renewals.add(renew);
  return () => renewals.delete(renew);
}

export function connect(): void {
  const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${BASE}/events`);
  socket.onopen = () => socket.send(JSON.stringify({ since, run }));
  socket.onmessage = (message) => receive(JSON.parse(message.data));
  socket.onclose = () => {
    quiet ??= setTimeout(() => {
      isLost.value = true;
    }, QUIET_MS);
    setTimeout(connect, wait);
    wait = Math.min(2 * wait, LONGEST_WAIT);
  };
}

function receive(message: { hello: NewsHello } | ServerEvent): void {
  if ("hello" in message) {
    greet(message.hello);
    return;
  }
  since = message.n;
  for (const { topic, listener } of listeners) {
    if (message.topic === topic || message.topic.startsWith(`${topic}:`)) listener(message);
  }
}

function greet(hello: NewsHello): void {
  clearTimeout(quiet);
  quiet = undefined;
  wait = FIRST_WAIT;
  isLost.value = false;
  if (version && hello.version !== version) isOutdated.value = true;
  version ||= hello.version;
  // What was missed comes by itself, unless the server was started anew.
  const isCut = since !== null && hello.is_reset;
  if (since === null || isCut) since = hello.last;
  run = hello.run;
  if (isCut) for (const renew of renewals) renew();
}
