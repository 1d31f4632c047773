/** Decoded sounds, the last used of them in memory. */

import { ApiError } from "../state/api";

export interface Sound {
  /** Names the sound among all. */
  key: string;
  title: string;
  /** URL of its audio. */
  audio: string;
  /** URL of its peaks, without the query; empty if it has none. */
  peaks: string;
  /** Length in seconds; 0 where it is known once the sound is decoded. */
  duration_s: number;
  /** Integrated loudness in LUFS. */
  loudness: number | null;
  /** Where it begins in the file, in seconds. */
  start_s?: number;
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

async function load(context: AudioContext, sound: Sound): Promise<AudioBuffer> {
  const response = await fetch(sound.audio);
  if (!response.ok) {
    const body = await response.json().catch(() => ({}));
    throw new ApiError(body.error ?? `${sound.title} cannot be played.`, response.status);
  }
  try {
    const buffer = await context.decodeAudioData(await response.arrayBuffer());
    return from(context, buffer, sound.start_s ?? 0);
  } catch {
    throw new Error(`${sound.title} cannot be played: the browser does not read it.`);
  }
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
  const known = sounds.map((sound) => sound.loudness).filter((value) => value !== null);
  if (known.length < sounds.length) return sounds.map(() => 1);
  const least = Math.min(...known);
  return sounds.map((sound) => 10 ** ((least - (sound.loudness ?? least)) / 20));
}
