/** A small waveform of a whole sound. */

import { useEffect, useRef } from "preact/hooks";
import { colourOf, isLight } from "../state/theme";
import { drawPeaks, levelFor, loadPeaks } from "./peaks";

interface Props {
  url: string;
  seconds: number;
  token?: string;
}

/** Thumbnails load when they have been in sight for a moment, not while a list flies by. */
const REST_MS = 120;

export function Thumbnail({ url, seconds, token = "muted" }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const light = isLight.value;
  useEffect(() => {
    let isGone = false;
    const draw = async () => {
      const element = canvas.current;
      if (!element) return;
      try {
        const peaks = await loadPeaks(
          url,
          seconds,
          levelFor(seconds, element.clientWidth),
          () => !isGone,
        );
        if (peaks && !isGone) drawPeaks(element, peaks, 0, seconds, colourOf(token));
      } catch {
        // A sound that cannot be read has no waveform: its row says why.
      }
    };
    const timer = setTimeout(draw, REST_MS);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [url, seconds, token, light]);
  return <canvas ref={canvas} class="thumbnail" />;
}
