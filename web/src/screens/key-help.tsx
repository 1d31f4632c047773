/** All keys of the place, and the switch for those of a single letter. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { groups, lettersOn, useKeys } from "../state/keys";

export const helpIsOpen = signal(false);

export function KeyHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  useKeys("Page", [
    {
      key: "?",
      does: "Show the keys",
      run: () => {
        helpIsOpen.value = true;
      },
    },
  ]);
  const isOpen = helpIsOpen.value;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog
      ref={dialog}
      class="key-help"
      aria-labelledby="key-help-title"
      onClose={() => {
        helpIsOpen.value = false;
      }}
    >
      <div class="row">
        <h2 id="key-help-title">Keys</h2>
        <button type="button" class="spread small-button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <div class="key-groups">
        {groups.value.map((group) => (
          <section key={group.name}>
            <h3>{group.name}</h3>
            <dl>
              {group.bindings.map((binding) => (
                <div key={binding.key}>
                  <dt>
                    <kbd>{shown(binding.key)}</kbd>
                  </dt>
                  <dd>{binding.does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <label class="field">
        <input
          type="checkbox"
          checked={lettersOn.value}
          onChange={(event) => {
            lettersOn.value = event.currentTarget.checked;
          }}
        />
        <span>Keys of a single letter do something</span>
      </label>
    </dialog>
  );
}

const SIGNS: Record<string, string> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Delete: "Del",
};

function shown(key: string): string {
  if (key === "+") return key;
  return key
    .split("+")
    .map((part) => SIGNS[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(" ");
}
