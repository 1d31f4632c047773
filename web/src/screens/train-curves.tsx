/** Curves of a training, and how it uses its codes. */

import { useMemo } from "preact/hooks";
import type uPlot from "uplot";
import { Chart, joinCurves, type Series } from "../parts/chart";
import { percent } from "../state/format";
import type { JobDetail, JobEvent } from "../state/records";
import { figure } from "../state/training";

/** Points of a curve that a chart shows, at most: it has no more columns. */
const MOST_SHOWN = 600;

interface Level {
  name: string;
  utilisation: number;
  perplexity: number;
}

const CODEC_SERIES: Series[] = [
  { label: "batch", token: "edge", width: 1 },
  { label: "own sounds", token: "accent", hasPoints: true },
  { label: "held out", token: "level-5", dash: [6, 4], hasPoints: true },
];

export function CodecCurves({ detail }: { detail: JobDetail }) {
  const steps = detail.curves.StepMetrics;
  const checks = detail.curves.ValidationMetrics;
  const data = useMemo(
    () => joinCurves([table(steps, ["mel_loss"]), table(checks, ["own_loss", "val_loss"])]),
    [steps, checks],
  );
  const levels = steps?.at(-1)?.data.levels as Level[] | undefined;
  if (!steps && !checks) return null;
  return (
    <>
      <section class="panel">
        <Chart
          label="Distance (lower is nearer)"
          xLabel="minutes"
          data={data}
          series={CODEC_SERIES}
          height={200}
        />
      </section>
      {levels && <Levels levels={levels} />}
    </>
  );
}

/** Minutes and the named figures of events. */
function table(events: JobEvent[] | undefined, names: string[]): uPlot.AlignedData {
  const all = events ?? [];
  const every = Math.max(1, Math.ceil(all.length / MOST_SHOWN));
  const shown = all.filter((_, n) => n % every === 0 || n === all.length - 1);
  const xs = shown.map((event) => (figure(event, "elapsed_s") ?? 0) / 60);
  return [xs, ...names.map((name) => shown.map((event) => figure(event, name)))];
}

/** Use of the codebooks; 30 % is where the library calls it low. */
function Levels({ levels }: { levels: Level[] }) {
  return (
    <section class="panel">
      <h2 class="chart-title">Codes in use</h2>
      <table class="levels">
        <thead class="hidden-text">
          <tr>
            <th scope="col">Level</th>
            <th scope="col">Share in use</th>
            <th scope="col">Perplexity</th>
          </tr>
        </thead>
        <tbody>
          {levels.map((level, n) => (
            <tr key={level.name}>
              <th scope="row">{level.name}</th>
              <td>
                <span class="level-bar">
                  <span
                    style={{
                      width: percent(level.utilisation).replace(" ", ""),
                      background: `var(--level-${(n % 8) + 1})`,
                    }}
                  />
                </span>
              </td>
              <td class="number">{percent(level.utilisation)}</td>
              <td class="number muted small">{level.perplexity.toFixed(0)} effective</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const PRIOR_SERIES: Series[] = [
  { label: "perplexity", token: "accent", hasPoints: true },
  { label: "best", token: "level-5", dash: [6, 4], hasPoints: true },
];

export function PriorCurves({ detail }: { detail: JobDetail }) {
  const epochs = detail.curves.PriorEpochMetrics;
  const data = useMemo((): uPlot.AlignedData => {
    const all = epochs ?? [];
    return [
      all.map((event) => figure(event, "epoch") ?? 0),
      all.map((event) => figure(event, "val_perplexity")),
      all.map((event) => figure(event, "best_perplexity")),
    ];
  }, [epochs]);
  if (!epochs) return null;
  return (
    <section class="panel">
      <Chart
        label="Learning to generate: perplexity of held-out codes (lower is surer)"
        xLabel="epoch"
        data={data}
        series={PRIOR_SERIES}
        height={180}
        digits={1}
      />
    </section>
  );
}
