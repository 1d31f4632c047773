/** The form before a training: nothing has to be filled in. */

import { useEffect, useRef, useState } from "preact/hooks";
import { AsCommand } from "../parts/commands";
import { ApiError, post } from "../state/api";
import { place as placeJob } from "../state/jobs";
import type { CorpusList, CorpusView, JobView, ModelsView, NewJob } from "../state/records";
import { useResource } from "../state/resource";
import { go, hrefOf, place, setQuery } from "../state/route";

export function NewTraining() {
  const corpora = useResource<CorpusList>("/corpora", "library").value.value?.corpora ?? [];
  const models = useResource<ModelsView>("/models", "library").value.value?.models ?? [];
  const { query } = place.value;
  const corpus = query.get("corpus") ?? corpora[0]?.id ?? "";
  const parent = query.get("from") ?? "";
  const form = useRef<HTMLFormElement>(null);
  const [order, setOrder] = useState<NewJob | null>(null);
  const listing = useResource<CorpusView>(corpus ? `/corpora/${corpus}` : "", "library").value.value
    ?.listing;
  // Before a scan nobody knows how long the sounds are.
  const minutes = listing?.verdict ? listing.default_minutes : undefined;
  const look = () => {
    if (form.current && corpus) setOrder(orderOf(new FormData(form.current), corpus, parent));
  };
  useEffect(look, [corpus, parent]);
  const [error, setError] = useState<{ text: string; field: string } | null>(null);
  const [isBusy, setBusy] = useState(false);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    try {
      const job = await post<JobView>("/jobs", orderOf(form, corpus, parent));
      placeJob(job);
      go(hrefOf("train", job.id));
    } catch (failure) {
      const field = failure instanceof ApiError ? failure.field : "";
      setError({ text: (failure as Error).message, field });
      document.getElementById(`new-${field}`)?.focus();
    } finally {
      setBusy(false);
    }
  };
  return (
    <form ref={form} class="panel form" onSubmit={submit} onInput={look}>
      <h1>New training</h1>
      <label class="form-row">
        <span>Sounds</span>
        <select
          value={corpus}
          onChange={(event) => setQuery({ corpus: event.currentTarget.value })}
        >
          {corpora.map((entry) => (
            <option key={entry.id} value={entry.id}>
              {entry.name}
            </option>
          ))}
        </select>
      </label>
      <label class="form-row">
        <span>Minutes</span>
        <input
          id="new-minutes"
          name="minutes"
          type="number"
          min="0.1"
          step="any"
          placeholder={minutes ? `${minutes}, as suits the sounds` : "as suits the sounds"}
          aria-invalid={error?.field === "minutes"}
        />
      </label>
      <label class="form-check">
        <input type="checkbox" name="prior" defaultChecked />
        <span>then learn to generate</span>
      </label>
      <details>
        <summary>Advanced</summary>
        <div class="stack form-more">
          <label class="form-row">
            <span>Name</span>
            <input id="new-name" name="name" type="text" placeholder="that of the folder" />
          </label>
          <label class="form-row">
            <span>Begins with</span>
            <select
              value={parent}
              onChange={(event) => setQuery({ from: event.currentTarget.value })}
            >
              <option value="">nothing: a first version</option>
              {models.map((model) => (
                <option key={model.id} value={model.id}>
                  {model.name} v{model.version}: go on from it
                </option>
              ))}
            </select>
          </label>
          <label class="form-row">
            <span>Channels</span>
            <select name="channels">
              <option value="">as the sounds have</option>
              <option value="1">mono</option>
              <option value="2">stereo</option>
            </select>
          </label>
          <label class="form-row">
            <span>Device</span>
            <select name="device">
              <option value="auto">the best of this machine</option>
              <option value="cpu">processor</option>
              <option value="cuda">graphics card (CUDA)</option>
              <option value="mps">graphics of Apple (MPS)</option>
            </select>
          </label>
          <label class="form-row">
            <span>Seed</span>
            <input id="new-seed" name="seed" type="number" step="1" placeholder="0" />
          </label>
        </div>
      </details>
      {error && (
        <p class="bad" role="alert">
          {error.text}
        </p>
      )}
      <div class="row">
        <button type="submit" class="primary" disabled={isBusy || !corpus}>
          Train
        </button>
        {!corpus && <span class="muted small">Choose a folder on Sounds first.</span>}
      </div>
      {order && <AsCommand path="/jobs/command" body={order} />}
    </form>
  );
}

/** What the form says; what it leaves open is the library's to choose. */
function orderOf(form: FormData, corpus: string, parent: string): NewJob {
  const settings: Record<string, number> = {};
  for (const name of ["minutes", "channels", "seed"]) {
    const text = String(form.get(name) ?? "");
    if (text) settings[name] = Number(text);
  }
  return {
    kind: parent ? "continue" : "train",
    corpus,
    model: parent,
    name: String(form.get("name") ?? ""),
    settings,
    prior: form.get("prior") ? {} : null,
    device: String(form.get("device") ?? "auto"),
  };
}
