/** New sound without end: it comes over a socket of its own, with the codes of each block. */

import { signal } from "@preact/signals";
import { BASE } from "../state/api";
import type { LiveBlock } from "../state/records";
import { toastError } from "../state/toasts";
import { audio, halt, onHush, silenceOtherTabs } from "./player";

export interface LiveStart {
  model: string;
  settings: Record<string, unknown>;
  seed: number;
  /** A second model, and its share. */
  blend?: [string, number] | null;
}

export type LiveState = "off" | "waiting" | "playing";

export const liveState = signal<LiveState>("off");

/** Seconds that were heard. */
export const livePlayed = signal(0);

/** Codes of all blocks so far, frame by frame; a new list at each block. */
export const liveCodes = signal<readonly (readonly number[])[]>([]);

/** Frames of codes that are kept, about ten minutes: more would only fill the memory. */
const MOST_FRAMES = 30_000;

let socket: WebSocket | null = null;
let ring: AudioWorkletNode | null = null;
let ready: Promise<void> | null = null;
let block: LiveBlock | null = null;
let order = 0;

onHush(stopLive);

export async function startLive(start: LiveStart): Promise<void> {
  stopLive();
  halt();
  silenceOtherTabs();
  liveState.value = "waiting";
  livePlayed.value = 0;
  liveCodes.value = [];
  try {
    const { context } = audio();
    ready ??= context.audioWorklet.addModule("/ring.js");
    const own = ++order;
    await ready;
    // It may have been stopped, or begun anew, meanwhile.
    if (own === order) connect(start);
  } catch (error) {
    stopLive();
    toastError(error);
  }
}

/** Values, tags with weights, or null to free what is named. */
export type LiveSteering = Record<string, number | Record<string, number> | null>;

export function steerLive(steering: LiveSteering): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ steer: steering }));
}

export function stopLive(): void {
  order++;
  if (socket) {
    socket.onclose = null;
    socket.close();
  }
  socket = null;
  ring?.port.postMessage("stop");
  ring?.disconnect();
  ring = null;
  liveState.value = "off";
}

function connect(start: LiveStart): void {
  const here = new WebSocket(`${location.origin.replace(/^http/, "ws")}${BASE}/live`);
  socket = here;
  here.binaryType = "arraybuffer";
  here.onopen = () => here.send(JSON.stringify({ start }));
  here.onmessage = (message) => {
    if (here !== socket) return;
    if (typeof message.data === "string") receive(JSON.parse(message.data));
    else play(new Float32Array(message.data));
  };
  here.onclose = () => {
    if (here === socket) stopLive();
  };
}

interface Message {
  block?: LiveBlock;
  end?: { error: string };
  error?: string;
}

function receive(message: Message): void {
  if (message.block) {
    block = message.block;
    liveCodes.value = [...liveCodes.value, ...message.block.codes].slice(-MOST_FRAMES);
  }
  const sentence = message.error ?? message.end?.error;
  if (sentence) toastError(new Error(sentence));
  if (message.end) stopLive();
}

function play(samples: Float32Array): void {
  if (!block) return;
  if (!ring) begin();
  ring?.port.postMessage({ samples, channels: block.channels, rate: block.sample_rate }, [
    samples.buffer,
  ]);
}

function begin(): void {
  const { context, output } = audio();
  const node = new AudioWorkletNode(context, "ring", {
    numberOfInputs: 0,
    outputChannelCount: [2],
  });
  node.port.onmessage = ({ data }) => {
    // News may be on its way while it is stopped.
    if (node !== ring) return;
    livePlayed.value = data.played;
    if (data.played > 0) liveState.value = "playing";
  };
  node.connect(output);
  ring = node;
}
