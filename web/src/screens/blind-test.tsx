/** A blind test: X and Y at one instant and one loudness, a vote, and at the end the count. */

import { Icon } from "../parts/icon";
import { audition, current, hearSide, isPlaying, side, swap } from "../player/player";
import type { Sound } from "../player/sounds";
import { BASE, post, remove } from "../state/api";
import { percent } from "../state/format";
import { useKeys } from "../state/keys";
import type { ComparisonView } from "../state/records";
import { place, setQuery } from "../state/route";
import { toastError } from "../state/toasts";

interface Props {
  comparison: ComparisonView;
  onChange: (next: ComparisonView) => void;
}

type Result = NonNullable<ComparisonView["result"]>;
type Choice = "x" | "y" | "same";

export function BlindTest({ comparison, onChange }: Props) {
  if (comparison.is_over) return <Outcome comparison={comparison} />;
  const { pairs } = comparison;
  const wanted = Number(place.value.query.get("pair"));
  const open = pairs.find((pair) => pair.number === wanted) ?? pairs.find((pair) => !pair.choice);
  const pair = open ?? pairs[0];
  if (!pair) return null;
  return (
    <Pair key={pair.number} number={pair.number} comparison={comparison} onChange={onChange} />
  );
}

/** A side of a pair. Neither its title nor its address says what it is. */
function soundOf(comparison: ComparisonView, number: number, letter: "x" | "y"): Sound {
  const audio = `${BASE}/comparisons/${comparison.id}/pairs/${number}/${letter}/audio`;
  return {
    key: audio,
    title: `Pair ${number}, ${letter.toUpperCase()}`,
    audio,
    peaks: "",
    duration_s: 0,
    // Both were written at one loudness.
    loudness: null,
  };
}

function Pair({ number, comparison, onChange }: Props & { number: number }) {
  const x = soundOf(comparison, number, "x");
  const y = soundOf(comparison, number, "y");
  const isHere = current.value?.key === x.key;
  const pair = comparison.pairs.find((entry) => entry.number === number);
  const play = (wanted: 0 | 1) => {
    if (!isHere) {
      audition(x, y);
      if (wanted === 1) swap();
    } else hearSide(wanted);
  };
  const vote = async (choice: Choice) => {
    const why = (document.getElementById("why") as HTMLInputElement | null)?.value ?? "";
    try {
      const body = { pair: number, choice, why };
      onChange(await post<ComparisonView>(`/comparisons/${comparison.id}/votes`, body));
      setQuery({ pair: "" });
    } catch (error) {
      toastError(error);
    }
  };
  const last = comparison.pairs.filter((entry) => entry.choice && entry.number !== number).at(-1);
  const undo = async () => {
    if (!last) return;
    try {
      const path = `/comparisons/${comparison.id}/votes/${last.number}`;
      onChange(await remove<ComparisonView>(path));
      setQuery({ pair: String(last.number) });
    } catch (error) {
      toastError(error);
    }
  };
  useKeys("Blind test", [
    { key: "x", does: "Hear X", run: () => play(0) },
    { key: "y", does: "Hear Y", run: () => play(1) },
    { key: "1", does: "X is better", run: () => void vote("x") },
    { key: "2", does: "No difference", run: () => void vote("same") },
    { key: "3", does: "Y is better", run: () => void vote("y") },
  ]);
  const icon = (wanted: 0 | 1) =>
    isHere && isPlaying.value && side.value === wanted ? "pause" : "play";
  return (
    <section class="blind" aria-label={`Pair ${number}`}>
      <p class="muted">
        Pair {number} of {comparison.pairs.length}, {comparison.votes} voted
      </p>
      <progress
        value={comparison.votes / comparison.pairs.length}
        aria-label="Votes of this comparison"
      />
      <div class="blind-sides">
        {(["X", "Y"] as const).map((name, index) => (
          <button
            key={name}
            type="button"
            class="blind-side"
            aria-pressed={isHere && side.value === index}
            aria-label={`Hear ${name}`}
            onClick={() => play(index as 0 | 1)}
          >
            <Icon name={icon(index as 0 | 1)} filled /> {name}
          </button>
        ))}
      </div>
      <p class="muted small">
        Both at the same instant and the same loudness: <kbd>B</kbd> swaps while they play.
      </p>
      <div class="blind-votes">
        <button type="button" class="primary" onClick={() => vote("x")}>
          X is better
        </button>
        <button type="button" onClick={() => vote("same")}>
          No difference
        </button>
        <button type="button" class="primary" onClick={() => vote("y")}>
          Y is better
        </button>
      </div>
      <label class="field blind-why">
        <span>why?</span>
        <input id="why" type="text" defaultValue={pair?.why ?? ""} />
      </label>
      <button type="button" class="quiet small-button" disabled={!last} onClick={undo}>
        <Icon name="undo" /> Undo last
      </button>
    </section>
  );
}

function Outcome({ comparison }: { comparison: ComparisonView }) {
  const { result } = comparison;
  return (
    <section class="stack">
      {result && (
        <p class="verdict-sentence">
          <ResultText result={result} />
        </p>
      )}
      <details>
        <summary>Which was which</summary>
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">pair</th>
              <th scope="col">X</th>
              <th scope="col">Y</th>
              <th scope="col">better</th>
              <th scope="col">why</th>
            </tr>
          </thead>
          <tbody>
            {comparison.pairs.map((pair) => (
              <tr key={pair.number}>
                <td>{pair.number}</td>
                <td>{pair.x}</td>
                <td>{pair.y}</td>
                <td>
                  {pair.choice === "same" ? "no difference" : (pair.choice?.toUpperCase() ?? "")}
                </td>
                <td>{pair.why}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}

export function ResultText({ result }: { result: Result }) {
  const [first, second] = result.sides;
  const [one, two] = result.preferred;
  return (
    <>
      {first} preferred {one}, {second} {two}, equal {result.equal}. Chance gives as much or more in{" "}
      {percent(result.chance)} of cases.
    </>
  );
}
