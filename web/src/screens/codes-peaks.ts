/** The waveform of a document, from the sound of its present revision. */

import { useEffect, useState } from "preact/hooks";
import type { Peaks } from "../lanes/peaks";
import type { OpenDocument } from "../state/document";
import { soundOfDocument } from "./codes-document";

/** Samples of a stretch, and the rate at which the browser decodes: enough for a picture. */
const PER = 64;
const RATE = 12_000;

/** Longest document whose sound is decoded for its picture, in seconds. */
const LONGEST_S = 300;

/** Time after the last edit until the waveform follows, in ms. */
const REST_MS = 600;

export function usePeaksOf(document: OpenDocument): Peaks | null {
  const [peaks, setPeaks] = useState<Peaks | null>(null);
  const rev = document.view.value?.rev;
  useEffect(() => {
    const sound = soundOfDocument(document);
    if (sound.duration_s > LONGEST_S) return;
    let isGone = false;
    const timer = setTimeout(
      async () => {
        try {
          const next = await peaksOf(sound.audio);
          if (!isGone) setPeaks(next);
        } catch {
          // The player may have no time, or the revision is an old one: the next one draws it.
        }
      },
      peaks ? REST_MS : 0,
    );
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [document, rev]);
  return peaks;
}

async function peaksOf(url: string): Promise<Peaks> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(String(response.status));
  const offline = new OfflineAudioContext(1, 1, RATE);
  const buffer = await offline.decodeAudioData(await response.arrayBuffer());
  const count = Math.ceil(buffer.length / PER);
  const values = new Int8Array(2 * count);
  for (let c = 0; c < buffer.numberOfChannels; c++) {
    const samples = buffer.getChannelData(c);
    for (let n = 0; n < samples.length; n++) {
      const value = Math.round(127 * Math.min(1, Math.max(-1, samples[n] ?? 0)));
      const at = 2 * Math.floor(n / PER);
      if (value < (values[at] ?? 0)) values[at] = value;
      if (value > (values[at + 1] ?? 0)) values[at + 1] = value;
    }
  }
  return { values, seconds: buffer.duration };
}
