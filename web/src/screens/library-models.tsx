/** The models of the library, as families of versions. */

import { AsCommands } from "../parts/commands";
import { Icon } from "../parts/icon";
import { patch, post, put, query, remove } from "../state/api";
import { bytes, clock, count, percent } from "../state/format";
import type { DeletedView, ModelsView, ModelView } from "../state/records";
import { useResource } from "../state/resource";
import { hrefOf } from "../state/route";
import { toast, toastError } from "../state/toasts";

export function LibraryModels() {
  const resource = useResource<ModelsView>("/models", "library");
  const models = resource.value.value?.models;
  if (!models) return resource.error.value ? <p class="bad">{resource.error.value}</p> : null;
  const families = Map.groupBy(models, (model) => model.family || model.id);
  return (
    <div class="stack">
      <p class="muted">
        Who has a model file can hear your recordings nearly as they were: think before you share
        one.
      </p>
      {resource.value.value?.problems.map((problem) => (
        <p key={problem} class="warn">
          {problem}
        </p>
      ))}
      <label class="button add-model">
        <Icon name="plus" /> Add a model file
        <input
          type="file"
          class="hidden-text"
          accept=".sda"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) put(query("/models", { name: file.name }), file).catch(toastError);
          }}
        />
      </label>
      {models.length === 0 && <p class="muted">None yet: a training makes one.</p>}
      <div class="families">
        {[...families.values()].map((family) => (
          <section key={family[0]?.id} class="panel family">
            {family.map((model) => (
              <ModelCard key={model.id} model={model} />
            ))}
          </section>
        ))}
      </div>
    </div>
  );
}

function ModelCard({ model }: { model: ModelView }) {
  const bin = async () => {
    try {
      const deleted = await remove<DeletedView>(`/models/${model.id}`);
      toast(`${deleted.name} is in the bin`, () => {
        post(`/models/${model.id}/restore`).catch(toastError);
      });
    } catch (error) {
      toastError(error);
    }
  };
  const facts = [
    model.minutes !== null ? `${Math.round(model.minutes)} min` : "",
    count(model.corpus_files, "sound"),
    clock(model.corpus_s, 0),
    bytes(model.bytes),
    model.change ? model.change_text : "",
  ];
  return (
    <article class="model-card">
      <div class="row">
        <input
          type="text"
          class="name-field"
          aria-label="Name of the model"
          value={model.name}
          onChange={(event) =>
            patch(`/models/${model.id}`, { name: event.currentTarget.value }).catch(toastError)
          }
        />
        <span class="state">v{model.version}</span>
        <span class="row spread">
          {model.has_prior && (
            <a class="button small-button" href={hrefOf("make", model.id)}>
              Make
            </a>
          )}
          <a class="button small-button" href={hrefOf("train", "", { from: model.id })}>
            Go on from it
          </a>
          <button
            type="button"
            class="quiet icon-only small-button"
            aria-label={`${model.name} to the bin`}
            title="To the bin"
            onClick={bin}
          >
            <Icon name="trash" />
          </button>
        </span>
      </div>
      <p>{model.verdict}</p>
      {model.prior_verdict && <p class="muted">{model.prior_verdict}</p>}
      <p class="muted small">{facts.filter(Boolean).join(" · ")}</p>
      <ul class="model-levels" aria-label="Codes in use by level">
        {model.health.levels.map((level, n) => (
          <li
            key={level.name}
            title={`${level.name}: ${level.word}, ${percent(level.utilisation)}`}
          >
            <span class="level-bar">
              <span
                style={{
                  width: `${100 * level.utilisation}%`,
                  background: `var(--level-${(n % 8) + 1})`,
                }}
              />
            </span>
            <span class="hidden-text">
              {level.name}: {level.word}, {percent(level.utilisation)}
            </span>
          </li>
        ))}
      </ul>
      <AsCommands lines={model.commands} />
    </article>
  );
}
