/** The one WebSocket of the tab: what happens on the server, in order, none lost. */

import { signal } from "@preact/signals";
import { BASE } from "./api";

export interface ServerEvent {
  n: number;
  topic: string;
  type: string;
  data: Record<string, unknown>;
}

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

let since = 0;
let wait = FIRST_WAIT;
let version = "";
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
  socket.onopen = () => socket.send(JSON.stringify({ type: "hello", version, since }));
  socket.onmessage = (message) => receive(JSON.parse(message.data));
  socket.onclose = () => {
    quiet ??= setTimeout(() => {
      isLost.value = true;
    }, QUIET_MS);
    setTimeout(connect, wait);
    wait = Math.min(2 * wait, LONGEST_WAIT);
  };
}

function receive(message: Record<string, unknown>): void {
  if (message.type === "hello") {
    greet(message);
    return;
  }
  if (typeof message.n !== "number" || message.n <= since) return;
  since = message.n;
  const event = message as unknown as ServerEvent;
  if (event.type === "server.updated") isOutdated.value = true;
  for (const { topic, listener } of listeners) {
    if (event.topic === topic || event.topic.startsWith(`${topic}:`)) listener(event);
  }
}

function greet(message: Record<string, unknown>): void {
  clearTimeout(quiet);
  quiet = undefined;
  wait = FIRST_WAIT;
  const isBack = version !== "";
  isLost.value = false;
  const named = String(message.version ?? "");
  if (version && named !== version) isOutdated.value = true;
  version ||= named;
  const latest = Number(message.n ?? message.since ?? 0);
  // The server was started anew and counts from 0, or has forgotten what was missed.
  const isCut = latest < since || message.missed === true;
  if (since === 0 || isCut) since = latest;
  if (isBack) for (const renew of renewals) renew();
}
