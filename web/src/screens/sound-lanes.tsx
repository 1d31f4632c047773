/** The waveform and spectrogram of a recording, with the places where it clips. */

import { useMemo } from "preact/hooks";
import { Axis } from "../lanes/axis";
import { useLanes } from "../lanes/lane";
import { Playhead } from "../lanes/playhead";
import { Ruler } from "../lanes/ruler";
import { SpectrogramLane } from "../lanes/spectrogram";
import { Waveform } from "../lanes/waveform";
import { audition, current, position, seek } from "../player/player";
import type { ListedFile } from "../state/records";
import { soundOf, soundUrl } from "../state/sounds";

export function SoundLanes({ file }: { file: ListedFile }) {
  const axis = useMemo(() => new Axis(file.duration_s), [file.hash]);
  const lanes = useLanes(axis);
  return (
    <div ref={lanes} class="lanes">
      <Ruler axis={axis} onSeek={(seconds) => playAt(file, seconds)} />
      <Waveform
        axis={axis}
        peaks={soundUrl(file.hash, "peaks")}
        height={72}
        onSeek={(seconds) => playAt(file, seconds)}
      />
      <ClippingMarks axis={axis} file={file} />
      <SpectrogramLane axis={axis} url={soundUrl(file.hash, "spectrogram")} height={72} />
      {current.value?.key === file.hash && <Playhead axis={axis} at={position} />}
    </div>
  );
}

/** Plays a recording from a moment on. */
export function playAt(file: ListedFile, seconds: number): void {
  if (current.peek()?.key === file.hash) seek(seconds);
  else audition(soundOf(file), null, seconds);
}

/** Seconds before a moment at which it is heard from: enough to hear it come. */
const BEFORE_S = 0.5;

/** Plays a recording from shortly before a moment on. */
export function playBefore(file: ListedFile, seconds: number): void {
  audition(soundOf(file), null, Math.max(0, seconds - BEFORE_S));
}

/** A mark for each moment of clipping; the list of flags has the same for keys and readers. */
function ClippingMarks({ axis, file }: { axis: Axis; file: ListedFile }) {
  if (!file.clipped_at_s.length) return null;
  // Read, so that the marks follow zoom and pan.
  void [axis.start.value, axis.perPixel.value, axis.width.value];
  return (
    <div class="clipping-marks" aria-hidden="true">
      {file.clipped_at_s.map((seconds) => {
        const x = axis.xOf(seconds);
        if (x < 0 || x > axis.width.value) return null;
        return (
          <button
            key={seconds}
            type="button"
            tabIndex={-1}
            title={`Clips at ${seconds.toFixed(2)} s`}
            style={{ left: `${x}px` }}
            onClick={() => playBefore(file, seconds)}
          />
        );
      })}
    </div>
  );
}
