/** Train: a new training, all trainings, or one of them with ears and eyes. */

import { AsCommands } from "../parts/commands";
import { Icon } from "../parts/icon";
import { minutes, percent, when } from "../state/format";
import { jobs, resumeJob, stopJob } from "../state/jobs";
import { setTellsAtEnd, tellsAtEnd } from "../state/notifications";
import type { JobDetail, JobView, ModelView } from "../state/records";
import { useResource } from "../state/resource";
import { hrefOf, place } from "../state/route";
import { useTraining } from "../state/training";
import { NewTraining } from "./new-training";
import { CodecCurves, PriorCurves } from "./train-curves";
import { Previews } from "./train-previews";

export function Train() {
  const { id } = place.value;
  return id ? <OneTraining key={id} id={id} /> : <AllTrainings />;
}

function AllTrainings() {
  const trainings = jobs.value.filter((job) => job.kind !== "scan");
  return (
    <div class="two-panes">
      <NewTraining />
      <section class="stack">
        <h2>Trainings</h2>
        {trainings.length === 0 && <p class="muted">None yet.</p>}
        <ul class="job-list">
          {trainings.map((job) => (
            <li key={job.id}>
              <a href={hrefOf("train", job.id)}>{job.title}</a>
              <span class={`state state-${job.state}`}>{job.state}</span>
              <span class="muted small">{when(job.changed)}</span>
              <p class="muted small">{job.sentence}</p>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function OneTraining({ id }: { id: string }) {
  const training = useTraining(id);
  const detail = training.detail.value;
  if (!detail) return <p class="bad">{training.error.value}</p>;
  // The list of jobs is the fresher one.
  const job = jobs.value.find((entry) => entry.id === id) ?? detail.job;
  return (
    <>
      <TrainingHead job={job} speed={speedText(detail)} model={detail.model} />
      <div class="training">
        <div class="stack training-curves">
          <CodecCurves detail={detail} />
          <PriorCurves detail={detail} />
          <SettingsUsed job={job} />
          <Log detail={detail} />
          <AsCommands lines={detail.commands} />
        </div>
        <Previews detail={detail} />
      </div>
    </>
  );
}

const STAGES: Record<string, string> = {
  scan: "reading the sounds",
  codec: "learning the sounds",
  encode: "reading the sounds as codes",
  prior: "learning to generate",
};

interface HeadProps {
  job: JobView;
  speed: string;
  /** Id of the model, once it is there. */
  model: string;
}

function TrainingHead({ job, speed, model }: HeadProps) {
  const isAlive = job.state === "running" || job.state === "waiting";
  const parts = [
    STAGES[job.stage] ?? job.stage,
    job.progress !== null ? percent(job.progress) : "",
    job.state === "running" && job.remaining_s !== null ? `${minutes(job.remaining_s)} left` : "",
    speed,
  ];
  return (
    <div class="training-head">
      <div class="screen-head">
        <h1>{job.title}</h1>
        <span class={`state state-${job.state}`}>
          {job.is_stopping ? "stopping" : job.state}
          {job.state === "waiting" && job.ahead > 0 ? `, ${job.ahead} before it` : ""}
        </span>
        <div class="row spread">
          {isAlive && (
            <button type="button" disabled={job.is_stopping} onClick={() => stopJob(job)}>
              {job.state === "waiting" ? "Remove" : "Stop and keep"}
            </button>
          )}
          {isAlive && <TellAtEnd />}
          {model && !isAlive && <NextStep model={model} />}
          {job.can_resume && (
            <button type="button" class="primary" onClick={() => resumeJob(job)}>
              Go on
            </button>
          )}
        </div>
      </div>
      {job.state === "running" && (
        <>
          <progress value={job.progress ?? undefined} aria-label={`Progress of ${job.title}`} />
          <p class="muted small">{parts.filter(Boolean).join(" · ")}</p>
        </>
      )}
      {job.sentence && <p class="verdict-sentence">{job.sentence}</p>}
    </div>
  );
}

/** The way on from a model that is there: sounds of it, or the generator that it still lacks. */
function NextStep({ model }: { model: string }) {
  const found = useResource<ModelView>(`/models/${model}`, "library").value.value;
  if (!found) return null;
  return found.has_prior ? (
    <a class="button primary" href={hrefOf("make", model)}>
      <Icon name="audioLines" /> Make new sound
    </a>
  ) : (
    <span class="muted small">It has not learned to generate.</span>
  );
}

/** A notification of the system at the end, where the browser allows it. */
function TellAtEnd() {
  if (!("Notification" in window)) return null;
  return (
    <label class="field small">
      <input
        type="checkbox"
        checked={tellsAtEnd.value}
        onChange={(event) => void setTellsAtEnd(event.currentTarget.checked)}
      />
      tell me at the end
    </label>
  );
}

/** How fast the sounds go by, from the last step. */
function speedText(detail: JobDetail): string {
  const factor = detail.curves.StepMetrics?.at(-1)?.data.realtime_factor;
  return typeof factor === "number" ? `${factor.toFixed(1)} × real time` : "";
}

/** Arguments that the title says already, or that are empty. */
const UNSAID = new Set(["sounds", "output"]);

function SettingsUsed({ job }: { job: JobView }) {
  const entries = Object.entries(job.arguments).filter(
    ([name, value]) => !UNSAID.has(name) && value !== null && value !== "" && value !== false,
  );
  return (
    <details>
      <summary>Settings used</summary>
      <dl class="facts">
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt class="muted">{name.replaceAll("_", " ")}</dt>
            <dd>{settingText(value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function settingText(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const entries = Object.entries(value).filter(([, each]) => each !== null);
  if (!entries.length) return "as suits the sounds";
  return entries.map(([name, each]) => `${name.replaceAll("_", " ")} ${each}`).join(", ");
}

function Log({ detail }: { detail: JobDetail }) {
  const verdicts = [
    ...(detail.curves.ValidationMetrics ?? []),
    ...(detail.curves.PriorEpochMetrics ?? []),
  ].filter(
    (event, n, all) => event.data.verdict && event.data.verdict !== all[n - 1]?.data.verdict,
  );
  return (
    <details>
      <summary>Log</summary>
      <ol class="log small">
        {verdicts.map((event) => (
          <li key={event.n}>
            <span class="muted">{when(event.t)}</span> {String(event.data.verdict)}
          </li>
        ))}
      </ol>
    </details>
  );
}
