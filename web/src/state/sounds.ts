/** Sounds of corpora as the player takes them. */

import type { Sound } from "../player/sounds";
import { BASE, query } from "./api";
import type { ListedFile } from "./records";

export const soundUrl = (hash: string, part: string) => `${BASE}/sounds/${hash}/${part}`;

export function soundOf(file: ListedFile): Sound {
  return {
    key: file.hash,
    title: file.name,
    audio: soundUrl(file.hash, "audio"),
    peaks: soundUrl(file.hash, "peaks"),
    duration_s: file.duration_s,
    loudness: file.loudness,
  };
}

/** Tells the loudness of a stretch of a sound. */
export const levelUrl = (hash: string, start: number, stop: number) =>
  `${soundUrl(hash, "loudness")}?start=${start.toFixed(4)}&stop=${stop.toFixed(4)}`;

/** A sound of the list: one that no scan has read yet is known by its name alone. */
export function listedSound(corpus: string, file: ListedFile): Sound {
  if (file.is_measured) return soundOf(file);
  const audio = BASE + query(`/corpora/${corpus}/audio`, { name: file.name });
  return { key: audio, title: file.name, audio, peaks: "", duration_s: 0, loudness: null };
}

/** Whether a sound of the list can be heard, as far as is known. */
export const isPlayable = (file: ListedFile) =>
  !file.is_measured || (file.hash !== "" && file.duration_s > 0);
