/** Sounds of corpora as the player takes them. */

import type { Sound } from "../player/sounds";
import { BASE } from "./api";
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
