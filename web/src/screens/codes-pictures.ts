/** The whole sound of a document by its content: what draws its waveform, spectrogram and curves. */

import { useEffect, useState } from "preact/hooks";
import { get, query } from "../state/api";
import type { OpenDocument } from "../state/document";
import type { DocumentSound, MeasuredCurves } from "../state/records";
import { useResource } from "../state/resource";

/** Longest document whose sound is decoded for its pictures unasked, in seconds. */
const LONGEST_S = 300;

/** Time after the last edit until the pictures follow, in ms. */
const REST_MS = 500;

export interface Pictures {
  sound: DocumentSound | null;
  curves: MeasuredCurves | null;
  /** Draws them all the same, where the document is long; null where they come by themselves. */
  draw: (() => void) | null;
}

export function usePictures(document: OpenDocument): Pictures {
  const [sound, setSound] = useState<DocumentSound | null>(null);
  const [isAsked, ask] = useState(false);
  const view = document.view.value;
  const isLong = (view?.seconds ?? 0) > LONGEST_S;
  useEffect(() => {
    if (!view?.model || (isLong && !isAsked)) return;
    let isGone = false;
    const load = async () => {
      try {
        const next = await get<DocumentSound>(`${document.path}/sound`);
        if (!isGone) setSound(next);
      } catch {
        // The player may have no time for it: the next revision draws it.
      }
    };
    const timer = setTimeout(load, sound ? REST_MS : 0);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [document, view?.rev, isLong && !isAsked]);
  const path = sound
    ? query(`/sounds/${sound.hash}/descriptors`, { model: view?.model ?? "" })
    : "";
  const curves = useLast(useResource<MeasuredCurves>(path).value.value);
  return { sound, curves, draw: isLong && !isAsked ? () => ask(true) : null };
}

/** The last value that was there: curves stay until those of the next revision come. */
function useLast<T>(value: T | null): T | null {
  const [last, setLast] = useState<T | null>(value);
  useEffect(() => {
    if (value) setLast(value);
  }, [value]);
  return value ?? last;
}
