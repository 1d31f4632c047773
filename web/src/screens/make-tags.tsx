/** Tags that a model knows, each with a weight: new sound is like the recordings that have them. */

import type { Signal } from "@preact/signals";
import { liveState, steerLive } from "../player/live";
import { lockOfTag, type MakeDraft } from "../state/make";
import { Lock } from "./make-knobs";

interface Props {
  draft: Signal<MakeDraft>;
  tags: readonly string[];
}

export function Tags({ draft, tags }: Props) {
  if (!tags.length) return null;
  const now = draft.value;
  const set = (tag: string, weight: number) => {
    const next = { ...draft.peek().tags, [tag]: weight };
    draft.value = { ...draft.peek(), tags: next };
    if (liveState.peek() === "off") return;
    const heard = Object.entries(next).filter(([, value]) => value > 0);
    steerLive({ tags: heard.length ? Object.fromEntries(heard) : null });
  };
  return (
    <div class="knob-row" role="group" aria-label="Tags">
      <span class="muted">tags</span>
      {tags.map((tag) => (
        <span key={tag} class="dial">
          <label>
            <span class="muted">{tag}</span>
            <input
              type="range"
              min={0}
              max={1}
              step={0.05}
              value={now.tags[tag] ?? 0}
              onInput={(event) => set(tag, Number(event.currentTarget.value))}
            />
            <output>{now.tags[tag] ? now.tags[tag].toFixed(2) : "off"}</output>
          </label>
          {now.tags[tag] !== undefined && (
            <Lock draft={draft} name={lockOfTag(tag)} label={`tag ${tag}`} />
          )}
        </span>
      ))}
    </div>
  );
}
