/** Make: new sounds by knobs and curves, as takes or without end. */

import { useEffect } from "preact/hooks";
import { Icon } from "../parts/icon";
import { liveState, startLive, stopLive } from "../player/live";
import { current, isPlaying, toggle, unload } from "../player/player";
import { post } from "../state/api";
import { lettersOn, useKeys } from "../state/keys";
import { afterOrder, rolled, settingsOf, takesOf, useMakeDraft, WAYS } from "../state/make";
import type { ModelsView, ModelView, TaskView } from "../state/records";
import { useResource } from "../state/resource";
import { go, hrefOf, place } from "../state/route";
import { toastError } from "../state/toasts";
import { Knobs } from "./make-knobs";
import { LiveLane } from "./make-live";
import { Presets } from "./make-presets";
import { SourceLane } from "./make-source";
import { Steering } from "./make-steering";
import { Takes } from "./make-takes";

export function Make() {
  const { id } = place.value;
  const resource = useResource<ModelsView>("/models", "library");
  const list = resource.value.value?.models;
  const able = list?.filter((model) => model.has_prior);
  const first = able?.[0];
  useEffect(() => {
    if (!id && first) go(hrefOf("make", first.id), "replace");
  }, [id, first]);
  if (!list) return resource.error.value ? <p class="bad">{resource.error.value}</p> : null;
  const model = list.find((entry) => entry.id === id);
  if (model) return <MakeScreen key={model.id} model={model} models={able ?? []} />;
  return (
    <div class="first">
      <h1>{id ? "This model is not here" : "No model can generate yet"}</h1>
      <p class="muted">A training that ends with “learn to generate” makes one.</p>
      <a class="button primary" href={hrefOf("train")}>
        Train
      </a>
    </div>
  );
}

function MakeScreen({ model, models }: { model: ModelView; models: ModelView[] }) {
  const draft = useMakeDraft(model.id);
  const now = draft.value;
  const needsSource = WAYS[now.way].takesSource && !now.source;

  const make = async () => {
    const ordered = draft.peek();
    try {
      await post<TaskView[]>("/takes", takesOf(model.id, ordered));
      draft.value = afterOrder(draft.peek(), ordered.count);
    } catch (error) {
      toastError(error);
    }
  };
  const live = () => {
    if (liveState.peek() !== "off") return stopLive();
    const { seed, blend } = draft.peek();
    void startLive({
      model: model.id,
      settings: settingsOf(draft.peek()),
      seed,
      blend: blend && [blend.model, blend.share],
    });
    draft.value = afterOrder(draft.peek(), 1);
  };
  const roll = () => {
    draft.value = rolled(draft.peek());
  };
  // A take that is heard goes on and stops; else Space is for new sound.
  const isTake = () => liveState.peek() === "off" && current.peek()?.key.startsWith("render-");
  useKeys("Make", [
    {
      key: "Space",
      does: "New sound without end; a take that was chosen plays and stops",
      run: () => (isTake() ? toggle() : live()),
    },
    { key: "e", does: "New sound without end, or stop it", run: live },
    { key: "d", does: "Dice: roll what is not locked", run: roll },
    { key: "Ctrl+Enter", does: "Make takes", run: () => void make() },
  ]);
  useEffect(() => {
    // What was in the player came from another screen: Space is for new sound here.
    if (!isPlaying.peek()) unload();
    return stopLive;
  }, []);
  useEffect(() => {
    if (model.has_prior) post(`/models/${model.id}/warm`).catch(toastError);
  }, [model.id, model.bytes]);
  return (
    <>
      <div class="screen-head">
        <h1 class="hidden-text">Make</h1>
        <label class="field">
          <span>model</span>
          <select
            value={model.id}
            onChange={(event) => go(hrefOf("make", event.currentTarget.value))}
          >
            {models.map((entry) => (
              <option key={entry.id} value={entry.id}>
                {entry.name} v{entry.version}
              </option>
            ))}
          </select>
        </label>
        <fieldset class="segments">
          <legend class="hidden-text">Way</legend>
          {Object.entries(WAYS).map(([way, { name }]) => (
            <label key={way}>
              <input
                type="radio"
                name="way"
                checked={now.way === way}
                onChange={() => {
                  draft.value = { ...draft.peek(), way: way as keyof typeof WAYS };
                }}
              />
              <span>{name}</span>
            </label>
          ))}
        </fieldset>
        <Presets draft={draft} model={model} />
        <div class="row spread">
          <button
            type="button"
            class="primary"
            title="Space"
            aria-pressed={liveState.value !== "off"}
            disabled={!model.has_prior}
            onClick={live}
          >
            <Icon name={liveState.value === "off" ? "audioLines" : "square"} />
            {liveState.value === "off" ? "Play new sound" : "Stop"}
            {lettersOn.value && <kbd>Space</kbd>}
          </button>
          <button
            type="button"
            title="Ctrl+Enter"
            disabled={needsSource || !model.has_prior}
            onClick={make}
          >
            Make {now.count > 1 ? `${now.count} takes` : "a take"}
          </button>
        </div>
      </div>
      {!model.has_prior && <p class="warn">This model has not learned to generate yet.</p>}
      <LiveLane levels={model.levels} />
      <Knobs draft={draft} model={model} models={models} onRoll={roll} />
      <SourceLane draft={draft} />
      <Steering draft={draft} model={model} />
      <Takes model={model} draft={draft} />
    </>
  );
}
