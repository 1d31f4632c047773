/** Presets: settings under a name, for this model or for any. */

import type { Signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { AsCommand } from "../parts/commands";
import { put, query } from "../state/api";
import { type MakeDraft, settingsOf, withSettings } from "../state/make";
import type { ModelView, Preset, PresetsView } from "../state/records";
import { useResource } from "../state/resource";
import { toast, toastError } from "../state/toasts";

const titleOf = (preset: Preset) =>
  preset.folder ? `${preset.folder}/${preset.name}` : preset.name;

export function Presets({ draft, model }: { draft: Signal<MakeDraft>; model: ModelView }) {
  const resource = useResource<PresetsView>(query("/presets", { model_id: model.id }), "library");
  const presets = resource.value.value?.presets ?? [];
  const dialog = useRef<HTMLDialogElement>(null);
  const take = (id: string) => {
    const preset = presets.find((entry) => entry.id === id);
    if (!preset) return;
    const before = draft.peek();
    draft.value = withSettings(before, preset.settings);
    toast(`Preset ${titleOf(preset)}`, () => {
      draft.value = before;
    });
  };
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    try {
      const saved = await put<Preset>("/presets", {
        title: String(form.get("title")),
        settings: settingsOf(draft.peek()),
        model: form.get("own") ? { id: model.id, name: model.name } : null,
        overwrite: form.get("overwrite") !== null,
      });
      dialog.current?.close();
      toast(`Preset ${titleOf(saved)} is saved`);
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <span class="field">
      <label class="field">
        <span>preset</span>
        <select
          value=""
          onChange={(event) => {
            take(event.currentTarget.value);
            event.currentTarget.value = "";
          }}
        >
          <option value="">{presets.length ? "choose" : "none yet"}</option>
          {presets.map((preset) => (
            <option key={preset.id} value={preset.id}>
              {titleOf(preset)}
            </option>
          ))}
        </select>
      </label>
      <button type="button" onClick={() => dialog.current?.showModal()}>
        Save
      </button>
      <dialog ref={dialog} aria-labelledby="preset-title">
        <form class="form" onSubmit={save}>
          <h2 id="preset-title">Save as a preset</h2>
          <label class="form-row">
            <span>Name</span>
            <input type="text" name="title" required placeholder="drums/slow" />
          </label>
          <label class="form-check">
            <input type="checkbox" name="own" />
            <span>only for {model.name}</span>
          </label>
          <label class="form-check">
            <input type="checkbox" name="overwrite" />
            <span>in place of one of this name</span>
          </label>
          <div class="row">
            <button type="submit" class="primary">
              Save
            </button>
            <button type="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
          </div>
          <AsCommand
            path="/presets/command"
            body={{ title: "NAME", settings: settingsOf(draft.value) }}
          />
        </form>
      </dialog>
    </span>
  );
}
