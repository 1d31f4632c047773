/** Compare: blind tests, new and old, and one of them pair by pair. */

import { AsCommands } from "../parts/commands";
import { Icon } from "../parts/icon";
import { post, remove } from "../state/api";
import { when } from "../state/format";
import type { ComparisonList, ComparisonView } from "../state/records";
import { useResource } from "../state/resource";
import { go, hrefOf, place } from "../state/route";
import { toast, toastError } from "../state/toasts";
import { BlindTest, ResultText } from "./blind-test";
import { NewComparison } from "./new-comparison";

export function Compare() {
  const { id } = place.value;
  return id ? <OneComparison key={id} id={id} /> : <AllComparisons />;
}

function AllComparisons() {
  const resource = useResource<ComparisonList>("/comparisons", "library");
  const list = resource.value.value?.comparisons;
  return (
    <div class="two-panes">
      <NewComparison />
      <section class="stack">
        <h2>Comparisons</h2>
        {list?.length === 0 && <p class="muted">None yet.</p>}
        {resource.error.value && <p class="bad">{resource.error.value}</p>}
        <ul class="job-list">
          {list?.map((comparison) => (
            <li key={comparison.id}>
              <a href={hrefOf("compare", comparison.id)}>{comparison.name || "Blind test"}</a>
              <span class={comparison.is_over ? "state state-done" : "state"}>
                {comparison.is_over
                  ? "over"
                  : `${comparison.votes} of ${comparison.pairs.length} votes`}
              </span>
              <span class="muted small">{when(comparison.made)}</span>
              {comparison.result && (
                <p class="muted small">
                  <ResultText result={comparison.result} />
                </p>
              )}
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

/** Moves a comparison to the bin, with an undo. */
async function binComparison(id: string): Promise<void> {
  // First, or the screen would ask once more for what is gone.
  go(hrefOf("compare"));
  try {
    await remove(`/comparisons/${id}`);
    // Before its end, its name would say what is compared.
    toast("The comparison is in the bin", () => void restoreComparison(id));
  } catch (error) {
    toastError(error);
  }
}

async function restoreComparison(id: string): Promise<void> {
  try {
    await post(`/comparisons/${id}/restore`);
    toast("The comparison is back");
  } catch (error) {
    toastError(error);
  }
}

function OneComparison({ id }: { id: string }) {
  const resource = useResource<ComparisonView>(`/comparisons/${id}`, "library");
  const comparison = resource.value.value;
  if (!comparison) return resource.error.value ? <p class="bad">{resource.error.value}</p> : null;
  const take = (next: ComparisonView) => {
    resource.value.value = next;
  };
  const end = () => post<ComparisonView>(`/comparisons/${id}/end`).then(take, toastError);
  return (
    <>
      <div class="screen-head">
        <h1>{comparison.name || "Blind test"}</h1>
        <p class="muted">{comparison.pairs.length} pairs, blind</p>
        <div class="row spread">
          {!comparison.is_over && (
            <button type="button" onClick={end}>
              End now
            </button>
          )}
          <button type="button" onClick={() => void binComparison(id)}>
            <Icon name="trash" /> To the bin
          </button>
        </div>
      </div>
      <BlindTest comparison={comparison} onChange={take} />
      <AsCommands lines={comparison.commands} />
    </>
  );
}
