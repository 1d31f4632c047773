/** The form of a new comparison: two models on the same seeds. */

import { useEffect, useRef, useState } from "preact/hooks";
import { AsCommand } from "../parts/commands";
import { post } from "../state/api";
import { onEvents } from "../state/events";
import type { ModelsView, TaskView } from "../state/records";
import { useResource } from "../state/resource";
import { go, hrefOf } from "../state/route";
import { toastError } from "../state/toasts";

/** The order that the form says. */
function orderOf(element: HTMLFormElement) {
  const form = new FormData(element);
  const number = (name: string) => Number(form.get(name));
  return {
    first: String(form.get("first") ?? ""),
    second: String(form.get("second") ?? ""),
    pairs: number("pairs"),
    duration: number("duration"),
    seed: number("seed"),
  };
}

export function NewComparison() {
  const models = useResource<ModelsView>("/models", "library").value.value?.models ?? [];
  const able = models.filter((model) => model.has_prior);
  const form = useRef<HTMLFormElement>(null);
  const [order, setOrder] = useState<ReturnType<typeof orderOf> | null>(null);
  const look = () => {
    if (form.current && able.length > 1) setOrder(orderOf(form.current));
  };
  useEffect(look, [able.length]);
  const [task, setTask] = useState<TaskView | null>(null);
  const [progress, setProgress] = useState<number | null>(null);
  useEffect(() => {
    if (!task) return;
    return onEvents("player", (event) => {
      if (event.data.task !== task.id) return;
      const { done, total, comparison, error } = event.data;
      if (typeof done === "number" && typeof total === "number") setProgress(done / total);
      if (event.type === "take.done" && comparison) go(hrefOf("compare", String(comparison)));
      if (event.type === "take.failed") toastError(new Error(String(error)));
      if (/done|failed|cancelled/.test(event.type)) setTask(null);
    });
  }, [task?.id]);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    try {
      const body = orderOf(event.currentTarget as HTMLFormElement);
      setTask(await post<TaskView>("/comparisons/models", body));
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <form ref={form} class="panel form" onSubmit={submit} onInput={look}>
      <h1>Which is better?</h1>
      <p class="muted">Two models make the same seeds; you hear pairs without names.</p>
      {(["first", "second"] as const).map((name, index) => (
        <label key={name} class="form-row">
          <span>{index ? "against" : "model"}</span>
          <select name={name}>
            {able.map((model, n) => (
              <option key={model.id} value={model.id} selected={n === index}>
                {model.name} v{model.version}
              </option>
            ))}
          </select>
        </label>
      ))}
      <label class="form-row">
        <span>Pairs</span>
        <input name="pairs" type="number" min="1" defaultValue="12" />
      </label>
      <label class="form-row">
        <span>Seconds</span>
        <input name="duration" type="number" min="0.1" step="any" defaultValue="8" />
      </label>
      <label class="form-row">
        <span>First seed</span>
        <input name="seed" type="number" min="0" step="1" defaultValue="0" />
      </label>
      <div class="row">
        <button type="submit" class="primary" disabled={task !== null || able.length < 2}>
          {task ? "Making pairs …" : "Make pairs"}
        </button>
        {able.length < 2 && <span class="muted small">It takes two models that can generate.</span>}
      </div>
      {order && <AsCommand path="/comparisons/models/command" body={order} />}
      {task && <progress value={progress ?? undefined} aria-label="Progress of the pairs" />}
    </form>
  );
}
