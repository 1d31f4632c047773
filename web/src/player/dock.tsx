/** The dock: the one player, below every screen. */

import { useDragOfSound } from "../parts/drop";
import { Icon } from "../parts/icon";
import { candidateOf } from "../screens/codes-chooser";
import { helpIsOpen } from "../screens/key-help";
import { clock } from "../state/format";
import { useKeys } from "../state/keys";
import { livePlayed, liveState, stopLive } from "./live";
import {
  counterpart,
  current,
  isLoading,
  isLooping,
  isMatched,
  isPlaying,
  position,
  seek,
  side,
  swap,
  toggle,
  toggleLoop,
  volume,
} from "./player";
import { timeText, Wave } from "./wave";

const NUDGE_S = 0.1;
const LEAP_S = 1;

export function Dock() {
  useKeys("Player", [
    { key: "Space", does: "Play or stop", run: toggle },
    { key: "l", does: "Loop the selection, or the whole", run: toggleLoop },
    { key: ",", does: "Back 0.1 s", run: () => seek(position.value - NUDGE_S) },
    { key: ".", does: "On 0.1 s", run: () => seek(position.value + NUDGE_S) },
    { key: "Shift+,", does: "Back 1 s", run: () => seek(position.value - LEAP_S) },
    { key: "Shift+.", does: "On 1 s", run: () => seek(position.value + LEAP_S) },
    { key: "b", does: "Swap A and B at the same instant", run: swap },
  ]);
  const sound = current.value;
  const candidate = candidateOf(sound);
  const title = useDragOfSound<HTMLSpanElement>(candidate);
  const isLive = liveState.value !== "off";
  const isOn = isLive || isPlaying.value || isLoading.value;
  const name = isLive ? "New sound, as it is drawn" : sound?.title;
  return (
    <section class="dock" aria-label="Player">
      <button
        type="button"
        class="icon-only play"
        aria-label={isOn ? "Stop" : "Play"}
        title={isOn ? "Stop (Space)" : "Play (Space)"}
        disabled={!sound && !isLive}
        onClick={isLive ? stopLive : toggle}
      >
        <Icon name={isOn ? "pause" : "play"} filled />
      </button>
      <button
        type="button"
        class="icon-only quiet"
        aria-label="Loop"
        aria-pressed={isLooping.value}
        title="Loop (L)"
        onClick={toggleLoop}
      >
        <Icon name="repeat" />
      </button>
      <span
        ref={title}
        class={name ? "dock-title cut" : "dock-title cut muted"}
        title={name}
        draggable={candidate !== null && !isLive}
      >
        {name ?? "Nothing to play yet"}
      </span>
      <Wave />
      <span class="dock-time muted">{isLive ? clock(livePlayed.value, 1) : timeText()}</span>
      {counterpart.value && <Sides />}
      <label class="dock-volume">
        <Icon name="volume" />
        <span class="hidden-text">Volume</span>
        <input
          type="range"
          min="0"
          max="1"
          step="0.01"
          value={volume.value}
          onInput={(event) => {
            volume.value = Number(event.currentTarget.value);
          }}
        />
      </label>
      <button
        type="button"
        class="quiet small-button dock-keys"
        onClick={() => {
          helpIsOpen.value = true;
        }}
      >
        <kbd>?</kbd> keys
      </button>
    </section>
  );
}

function Sides() {
  return (
    <fieldset class="sides">
      <legend class="hidden-text">Side that is heard</legend>
      {(["A", "B"] as const).map((name, index) => (
        <button
          key={name}
          type="button"
          class="small-button"
          aria-pressed={side.value === index}
          aria-label={`${name}: ${(index === 0 ? current : counterpart).value?.title}`}
          title={(index === 0 ? current : counterpart).value?.title}
          onClick={() => {
            if (side.value !== index) swap();
          }}
        >
          {name}
        </button>
      ))}
      <label class="field small">
        <input
          type="checkbox"
          checked={isMatched.value}
          onChange={(event) => {
            isMatched.value = event.currentTarget.checked;
          }}
        />
        level
      </label>
    </fieldset>
  );
}
