/** Decoded sounds, the last used of them in memory. */

import { signal } from "@preact/signals";
import type { Peaks } from "../lanes/peaks";
import { ApiError } from "../state/api";

export interface Sound {
  /** Names the sound among all. */
  key: string;
  title: string;
  /** URL of its audio. */
  audio: string;
  /** Its audio, where it is here already: the policy of the server lets no page load a blob. */
  file?: ArrayBuffer;
  /** URL of its peaks, without the query; empty if it has none. */
  peaks: string;
  /** Length in seconds; 0 where it is known once the sound is decoded. */
  duration_s: number;
  /** Integrated loudness in LUFS. */
  loudness: number | null;
  /** URL that tells its loudness, where that is measured only once it is heard. */
  level?: string;
  /** Where it begins in the file, in seconds. */
  start_s?: number;
  /** Where it lies in a document: its id, and the time at which it begins there. */
  place?: { document: string; at_s: number };
}

/** Bytes of decoded sound that are kept, about. */
const MOST_BYTES = 256 << 20;

const kept = new Map<string, Promise<AudioBuffer>>();
const sizes = new Map<string, number>();

/** Whether a sound is in memory. */
export function isDecoded(key: string): boolean {
  return sizes.has(key);
}

export function decoded(context: AudioContext, sound: Sound): Promise<AudioBuffer> {
  const { key } = sound;
  const known = kept.get(key);
  if (known) {
    // The last used is the last to go.
    kept.delete(key);
    kept.set(key, known);
    return known;
  }
  const coming = load(context, sound);
  kept.set(key, coming);
  coming.then(
    (buffer) => {
      sizes.set(key, 4 * buffer.length * buffer.numberOfChannels);
      limit();
    },
    () => kept.delete(key),
  );
  return coming;
}

/** Loudness of sounds that the server told, in LUFS, by key. */
const loudnesses = signal<ReadonlyMap<string, number>>(new Map());

function keepLoudness(key: string, loudness: number | null): void {
  if (loudness !== null) loudnesses.value = new Map(loudnesses.peek()).set(key, loudness);
}

async function askLoudness(key: string, url: string): Promise<void> {
  const response = await fetch(url);
  if (response.ok) keepLoudness(key, (await response.json()).loudness_lufs);
}

async function load(context: AudioContext, sound: Sound): Promise<AudioBuffer> {
  // Nothing waits for it: the player may be at work, and both sides play as they are meanwhile.
  if (sound.level) askLoudness(sound.key, sound.level).catch(() => {});
  const file = sound.file ?? (await fetchFile(sound));
  try {
    const buffer = await context.decodeAudioData(file.slice(0));
    return from(context, buffer, sound.start_s ?? 0);
  } catch {
    throw new Error(`${sound.title} cannot be played: the browser does not read it.`);
  }
}

async function fetchFile(sound: Sound): Promise<ArrayBuffer> {
  const response = await fetch(sound.audio);
  const loudness = response.headers.get("X-Loudness");
  if (loudness) keepLoudness(sound.key, Number(loudness));
  if (!response.ok) {
    const body = await response.json().catch(() => ({}));
    throw new ApiError(body.error ?? `${sound.title} cannot be played.`, response.status);
  }
  return response.arrayBuffer();
}

/** The part of a sound that begins at `seconds`. */
function from(context: AudioContext, buffer: AudioBuffer, seconds: number): AudioBuffer {
  const first = Math.round(seconds * buffer.sampleRate);
  if (first <= 0 || first >= buffer.length) return buffer;
  const { numberOfChannels, sampleRate, length } = buffer;
  const part = context.createBuffer(numberOfChannels, length - first, sampleRate);
  for (let c = 0; c < numberOfChannels; c++) {
    part.copyToChannel(buffer.getChannelData(c).subarray(first), c);
  }
  return part;
}

/** Stretches that the peaks of a decoded sound have, at most: enough for the width of the dock. */
const PEAKS = 4000;

/** Peaks of a sound in memory; null for one that is not. */
export async function decodedPeaks(key: string): Promise<Peaks | null> {
  const buffer = isDecoded(key) ? await kept.get(key) : undefined;
  if (!buffer) return null;
  const per = Math.max(1, Math.ceil(buffer.length / PEAKS));
  const values = new Int8Array(2 * Math.ceil(buffer.length / per));
  for (let c = 0; c < buffer.numberOfChannels; c++) {
    const samples = buffer.getChannelData(c);
    for (let n = 0; n < samples.length; n++) {
      const value = Math.round(127 * Math.min(1, Math.max(-1, samples[n] ?? 0)));
      const at = 2 * Math.floor(n / per);
      if (value < (values[at] ?? 0)) values[at] = value;
      if (value > (values[at + 1] ?? 0)) values[at + 1] = value;
    }
  }
  return { values, seconds: buffer.duration };
}

function limit(): void {
  let all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  for (const key of kept.keys()) {
    if (all <= MOST_BYTES || kept.size <= 2) return;
    all -= sizes.get(key) ?? 0;
    sizes.delete(key);
    kept.delete(key);
  }
}

/** Gains at which sounds are equally loud: the louder ones are turned down. */
export function equalGains(sounds: Sound[]): number[] {
  const known = sounds.map((sound) => sound.loudness ?? loudnesses.value.get(sound.key));
  if (!known.every((value) => value !== undefined)) return sounds.map(() => 1);
  const least = Math.min(...known);
  return known.map((loudness) => 10 ** ((least - loudness) / 20));
}
