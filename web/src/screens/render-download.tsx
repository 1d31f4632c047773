/** The download of a render: as it was made, or in another form. */

import { useState } from "preact/hooks";
import { Icon } from "../parts/icon";
import { BASE, query } from "../state/api";
import type { RenderView } from "../state/records";

const FORMATS = ["wav", "aiff", "flac", "mp3", "opus", "ogg"];

/** Fields of the form, by the names of the interface. */
const FORM = [
  { name: "rate", label: "sample rate", choices: { "44100": "44.1 kHz", "48000": "48 kHz" } },
  {
    name: "loudness_target",
    label: "loudness",
    choices: { "-23": "−23 LUFS", "-16": "−16 LUFS", "-14": "−14 LUFS" },
  },
  {
    name: "width",
    label: "width",
    choices: { "0": "none", "0.5": "half", "1.5": "one and a half", "2": "twice" },
  },
];

export function RenderDownload({ view }: { view: RenderView }) {
  const [form, setForm] = useState<Record<string, string>>({});
  const url = `${BASE}/renders/${view.id}/export`;
  // A sound of one channel has no width.
  const fields = FORM.filter(({ name }) => name !== "width" || view.channels === 2);
  return (
    <>
      <button type="button" class="small-button" popovertarget={`export-${view.id}`}>
        <Icon name="download" /> download
      </button>
      <div id={`export-${view.id}`} popover="auto" class="popover menu">
        <div class="row">
          {fields.map(({ name, label, choices }) => (
            <label key={name} class="field">
              <span>{label}</span>
              <select
                value={form[name] ?? ""}
                onChange={(event) => setForm({ ...form, [name]: event.currentTarget.value })}
              >
                <option value="">as it is</option>
                {Object.entries(choices).map(([value, text]) => (
                  <option key={value} value={value}>
                    {text}
                  </option>
                ))}
              </select>
            </label>
          ))}
        </div>
        {FORMATS.map((format) => (
          <a key={format} class="button quiet" href={query(url, { ...form, format })} download>
            {format.toUpperCase()}
          </a>
        ))}
        <a class="button quiet" href={query(url, { format: "codes" })} download>
          CODES
        </a>
      </div>
    </>
  );
}
