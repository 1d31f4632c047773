/** Oddities of a recording, with the advice on each, and a way to hear it. */

import { useState } from "preact/hooks";
import { Icon } from "../parts/icon";
import { audition } from "../player/player";
import type { ListedFile } from "../state/records";
import { setQuery } from "../state/route";
import { soundOf } from "../state/sounds";
import { playBefore } from "./sound-lanes";

/** How flags begin that the page can show. */
const CLIPPING = "clipping";
const NEAR_DUPLICATE = "near-duplicate of ";

interface Props {
  file: ListedFile;
  files: readonly ListedFile[];
}

export function Flags({ file, files }: Props) {
  return (
    <>
      {file.flags.map((flag, n) => (
        <div key={flag} class="flag row-top">
          <Icon name="circleAlert" />
          <div>
            <p>
              <span class="warn">{flag}</span>
              {file.advice[n] && <span class="muted">: {file.advice[n]}.</span>}
            </p>
            {flag === CLIPPING && file.clipped_at_s.length > 0 && <Clipping file={file} />}
            {flag.startsWith(NEAR_DUPLICATE) && (
              <Twin file={file} name={flag.slice(NEAR_DUPLICATE.length)} files={files} />
            )}
          </div>
        </div>
      ))}
    </>
  );
}

/** Plays one moment of clipping after the other. */
function Clipping({ file }: { file: ListedFile }) {
  const [next, setNext] = useState(0);
  const moments = file.clipped_at_s;
  const at = next % moments.length;
  return (
    <button
      type="button"
      class="small-button"
      onClick={() => {
        playBefore(file, moments[at] ?? 0);
        setNext(at + 1);
      }}
    >
      <Icon name="play" filled /> hear {at + 1} of {moments.length}, at {moments[at]?.toFixed(2)} s
    </button>
  );
}

/** The recording that is nearly the same: to be heard as B, or looked at. */
function Twin({ file, name, files }: Props & { name: string }) {
  const twin = files.find((entry) => entry.name === name);
  if (!twin) return null;
  return (
    <div class="row">
      <button
        type="button"
        class="small-button"
        onClick={() => audition(soundOf(file), soundOf(twin))}
      >
        <Icon name="play" filled /> hear both (B swaps)
      </button>
      <button
        type="button"
        class="quiet small-button"
        onClick={() => setQuery({ sound: twin.name })}
      >
        show {name}
      </button>
    </div>
  );
}
