/** The chip of the header: the job that works now, and all jobs behind it. */

import { Icon } from "../parts/icon";
import { minutes, when } from "../state/format";
import { aliveJobs, jobs, resumeJob, stopJob } from "../state/jobs";
import type { JobView } from "../state/records";
import { hrefOf } from "../state/route";

/** Jobs in the list, at most: the screen of trainings shows them all. */
const MOST_SHOWN = 8;

export function JobChip() {
  const [job] = aliveJobs.value;
  return (
    <div class="job-chip">
      <button type="button" class="quiet small-button" popovertarget="jobs">
        {job ? (
          <>
            <span class={job.state === "running" ? "dot dot-on" : "dot"} aria-hidden="true" />
            <span class="cut">{job.title}</span>
            {job.remaining_s !== null && <span>{minutes(job.remaining_s)} left</span>}
          </>
        ) : (
          <span class="muted">no job</span>
        )}
        <Icon name="chevronDown" />
      </button>
      <div id="jobs" popover="auto" class="popover">
        <h2>Jobs</h2>
        {jobs.value.length === 0 && <p class="muted">None yet: a training is one.</p>}
        <ul class="stack">
          {jobs.value.slice(0, MOST_SHOWN).map((entry) => (
            <JobLine key={entry.id} job={entry} />
          ))}
        </ul>
      </div>
    </div>
  );
}

function JobLine({ job }: { job: JobView }) {
  const isAlive = job.state === "running" || job.state === "waiting";
  return (
    <li class="job-line">
      <div class="row">
        <a href={hrefOf("train", job.id)} class="cut">
          {job.title}
        </a>
        <span class="muted small spread">
          {job.kind}, {job.state}, {when(job.changed)}
        </span>
      </div>
      {job.state === "running" && job.progress !== null && (
        <progress value={job.progress} aria-label={`Progress of ${job.title}`} />
      )}
      <div class="row">
        {job.sentence && <p class="small muted job-sentence">{job.sentence}</p>}
        {isAlive && (
          <button
            type="button"
            class="small-button spread"
            disabled={job.is_stopping}
            onClick={() => stopJob(job)}
          >
            {job.state === "waiting" ? "Remove" : "Stop"}
          </button>
        )}
        {job.can_resume && (
          <button type="button" class="small-button spread" onClick={() => resumeJob(job)}>
            Go on
          </button>
        )}
      </div>
    </li>
  );
}
