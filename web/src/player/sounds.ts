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
  duration_s: number;
  /** Integrated loudness in LUFS. */
  loudness: number | null;
}

/** Bytes of decoded sound that are kept, about. */
const MOST_BYTES = 256 << 20;

const kept = new Map<string, Promise<AudioBuffer>>();
const sizes = new Map<string, number>();

export function decoded(context: AudioContext, sound: Sound): Promise<AudioBuffer> {
  const known = kept.get(sound.audio);
  if (known) {
    // The last used is the last to go.
    kept.delete(sound.audio);
    kept.set(sound.audio, known);
    return known;
  }
  const coming = load(context, sound);
  kept.set(sound.audio, coming);
  coming.then(
    (buffer) => {
      sizes.set(sound.audio, 4 * buffer.length * buffer.numberOfChannels);
      limit();
    },
    () => kept.delete(sound.audio),
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
    return await context.decodeAudioData(await response.arrayBuffer());
  } catch {
    throw new Error(`${sound.title} cannot be played: the browser does not read it.`);
  }
}

function limit(): void {
  let all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  for (const url of kept.keys()) {
    if (all <= MOST_BYTES || kept.size <= 2) return;
    all -= sizes.get(url) ?? 0;
    sizes.delete(url);
    kept.delete(url);
  }
}

/** Gains at which sounds are equally loud: the louder ones are turned down. */
export function equalGains(sounds: Sound[]): number[] {
  const known = sounds.map((sound) => sound.loudness).filter((value) => value !== null);
  if (known.length < sounds.length) return sounds.map(() => 1);
  const least = Math.min(...known);
  return sounds.map((sound) => 10 ** ((least - (sound.loudness ?? least)) / 20));
}
