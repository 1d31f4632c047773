/** The same thing as a command of the terminal, to read and to copy. */

import { useState } from "preact/hooks";

interface Props {
  text: string;
  /** Says what it does, where the place does not. */
  does?: string;
}

/** Time for which it says that it was copied, in ms. */
const SAID_MS = 1500;

export function Command({ text, does }: Props) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(text).catch(() => {});
    setCopied(true);
    setTimeout(() => setCopied(false), SAID_MS);
  };
  return (
    <div class="command">
      {does && <span class="muted small">{does}</span>}
      <code class="small">{text}</code>
      <button
        type="button"
        class="quiet small-button"
        aria-label={`Copy the command${does ? ` for: ${does}` : ""}`}
        onClick={copy}
      >
        {isCopied ? "copied" : "copy"}
      </button>
    </div>
  );
}
