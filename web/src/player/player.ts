/** The one player of the tab. Nothing plays but after a key or a click. */

import { effect, signal } from "@preact/signals";
import { stored } from "../state/stored";
import { isStill } from "../state/theme";
import { toastError } from "../state/toasts";
import { BufferDeck, type Deck, MediaDeck, type Stretch } from "./deck";
import { decoded, equalGains, type Sound } from "./sounds";

/** Length from which a sound is not decoded as a whole, in seconds: an hour would take 1.4 GB. */
const LONG_S = 600;

/** Rate at which everything is decoded and played, in Hz. */
const SAMPLE_RATE = 48_000;

/** Loops shorter than this are not kept, in seconds. */
const SHORTEST_LOOP_S = 0.005;

/** The sound in the dock, and its counterpart: the original, or before the edit. */
export const current = signal<Sound | null>(null);
export const counterpart = signal<Sound | null>(null);

/** 0: the sound itself is heard, 1: its counterpart. */
export const side = signal<0 | 1>(0);
export const isPlaying = signal(false);
export const isLoading = signal(false);
export const position = signal(0);
export const isLooping = signal(false);

/** Stretch that is looped; null: the whole sound. */
export const selection = signal<Stretch | null>(null);
export const volume = stored("volume", 0.8);
export const isMatched = stored("matched", true);

let context: AudioContext | undefined;
let master: GainNode | undefined;
let deck: Deck | null = null;
let order = 0;

/** The audio of the tab, and the node that all sound goes to. */
export function audio(): { context: AudioContext; output: GainNode } {
  // The rate of all models: their loops stay exact to the sample, whatever the device has.
  context ??= new AudioContext({ latencyHint: "interactive", sampleRate: SAMPLE_RATE });
  if (!master) {
    master = new GainNode(context, { gain: volume.value });
    master.connect(context.destination);
  }
  if (context.state === "suspended") void context.resume();
  return { context, output: master };
}

effect(() => {
  const gain = volume.value;
  if (context && master) master.gain.setTargetAtTime(gain, context.currentTime, 0.01);
});

// --- what is asked for ---------------------------------------------------------------------------

/** The last sound that was in the dock, also once it was taken out. */
export const latest = signal<Sound | null>(null);

/** Puts a sound into the dock, without playing it. */
export function load(sound: Sound, other: Sound | null = null): void {
  const isSame = current.value?.key === sound.key && counterpart.value?.key === other?.key;
  if (isSame) return;
  halt();
  current.value = sound;
  latest.value = sound;
  counterpart.value = other;
  side.value = 0;
  position.value = 0;
  selection.value = null;
}

/** Takes the sound out of the dock. */
export function unload(): void {
  halt();
  current.value = null;
  counterpart.value = null;
  selection.value = null;
  position.value = 0;
}

/** Plays a sound from its start, or from `at` on. */
export function audition(sound: Sound, other: Sound | null = null, at = 0): void {
  load(sound, other);
  void start(at);
}

export function toggle(): void {
  if (isPlaying.value || isLoading.value) halt();
  else if (current.value) {
    const isAtEnd = position.value >= current.value.duration_s - 0.02;
    void start(isAtEnd ? 0 : position.value);
  }
}

export function seek(seconds: number): void {
  const length = current.value?.duration_s ?? 0;
  const at = Math.min(Math.max(0, seconds), length);
  position.value = at;
  if (isPlaying.value) void start(at);
}

export function toggleLoop(): void {
  isLooping.value = !isLooping.value;
  deck?.setLoop(loop());
}

export function select(stretch: Stretch | null): void {
  const isShort = stretch && stretch.to - stretch.from < SHORTEST_LOOP_S;
  selection.value = isShort ? null : stretch;
  deck?.setLoop(loop());
}

/** The other side, at the same instant. */
export function swap(): void {
  if (!counterpart.value) return;
  side.value = side.value === 0 ? 1 : 0;
  deck?.setSide(side.value);
}

/** Hears a side of the sounds in the dock; where it is heard already, it stops. */
export function hearSide(wanted: 0 | 1): void {
  const isOther = side.peek() !== wanted;
  if (isOther) swap();
  // What is on its way comes on the side that is wanted by then.
  const isOn = isPlaying.peek() || isLoading.peek();
  if (!isOther || !isOn) toggle();
}

export function halt(): void {
  order++;
  deck?.stop();
  deck = null;
  isPlaying.value = false;
  isLoading.value = false;
}

// --- playing -------------------------------------------------------------------------------------

function loop(): Stretch | null {
  if (!isLooping.value || !current.value) return null;
  return selection.value ?? { from: 0, to: current.value.duration_s };
}

async function start(at: number): Promise<void> {
  const sound = current.value;
  if (!sound) return;
  const number = ++order;
  const sounds = counterpart.value ? [sound, counterpart.value] : [sound];
  silenceOtherTabs();
  isLoading.value = true;
  try {
    const next = await makeDeck(sounds, at, number);
    // Something else was asked for meanwhile.
    if (number !== order) return next?.stop();
    deck?.stop();
    deck = next;
    isPlaying.value = true;
    follow(number);
  } catch (error) {
    if (number !== order) return;
    halt();
    toastError(error);
  } finally {
    if (number === order) isLoading.value = false;
  }
}

const gainsOf = (sounds: Sound[]) => (isMatched.value ? equalGains(sounds) : sounds.map(() => 1));

// Loudness may be known only once both sides play, and be matched or not meanwhile.
effect(() => {
  const sounds = [current.value, counterpart.value].filter((sound) => sound !== null);
  const gains = gainsOf(sounds);
  deck?.setGains(gains);
});

async function makeDeck(sounds: Sound[], at: number, number: number): Promise<Deck | null> {
  const { context, output } = audio();
  const plan = { side: side.value, at, loop: loop(), onEnd: () => end(number) };
  if (sounds.some((sound) => sound.duration_s > LONG_S)) {
    const urls = sounds.map((sound) => sound.audio);
    const media = new MediaDeck(context, output, urls, { ...plan, gains: gainsOf(sounds) });
    await media.start();
    return media;
  }
  const buffers = await Promise.all(sounds.map((sound) => decoded(context, sound)));
  if (number !== order) return null;
  if (!sounds[0]?.duration_s && current.value) {
    current.value = { ...current.value, duration_s: buffers[0]?.duration ?? 0 };
  }
  const present = { ...plan, gains: gainsOf(sounds), side: side.value, loop: loop() };
  return new BufferDeck(context, output, buffers, present);
}

function end(number: number): void {
  if (number !== order) return;
  const length = current.value?.duration_s ?? 0;
  halt();
  position.value = length;
}

/** Time between two places of the playhead where motion is not wanted, in ms. */
const STILL_MS = 250;

function follow(number: number): void {
  if (number !== order || !deck) return;
  position.value = Math.min(deck.position(), current.value?.duration_s ?? 0);
  const again = () => follow(number);
  if (isStill.value) setTimeout(again, STILL_MS);
  else requestAnimationFrame(again);
}

// --- tabs ----------------------------------------------------------------------------------------

const channel = new BroadcastChannel("distill-player");
const hushed = new Set<() => void>();

/** Only the tab last clicked plays. */
export function silenceOtherTabs(): void {
  channel.postMessage("playing");
}

/** Calls `hush` when another tab begins to play. */
export function onHush(hush: () => void): () => void {
  hushed.add(hush);
  return () => hushed.delete(hush);
}

channel.onmessage = () => {
  halt();
  for (const hush of hushed) hush();
};
