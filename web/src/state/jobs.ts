/** Jobs of the server, kept up to date by events. */

import { computed, signal } from "@preact/signals";
import { get, post } from "./api";
import { onEvents, onRenewal } from "./events";
import { notify } from "./notifications";
import type { JobEvent, JobView } from "./records";
import { politeText, toastError, urgentText } from "./toasts";

export const jobs = signal<JobView[]>([]);

/** Jobs that work or wait, in their order. */
export const aliveJobs = computed(() =>
  jobs.value.filter((job) => job.state === "running" || job.state === "waiting"),
);

export async function loadJobs(): Promise<void> {
  jobs.value = await get<JobView[]>("/jobs");
}

export async function stopJob(job: JobView): Promise<void> {
  await act(job, "stop");
}

export async function resumeJob(job: JobView): Promise<void> {
  await act(job, "resume");
}

async function act(job: JobView, verb: string): Promise<void> {
  try {
    place(await post<JobView>(`/jobs/${job.id}/${verb}`));
  } catch (error) {
    toastError(error);
  }
}

/** Puts a job in its place: the latest first, as the server lists them. */
export function place(job: JobView): void {
  const others = jobs.value.filter((entry) => entry.id !== job.id);
  const isNew = others.length === jobs.value.length;
  jobs.value = isNew
    ? [job, ...others]
    : jobs.value.map((entry) => (entry.id === job.id ? job : entry));
}

/** Tells of the end of a training to whoever looks elsewhere. */
function tell(id: string, type: string, sentence: string): void {
  const job = jobs.peek().find((entry) => entry.id === id);
  if (!job || job.kind === "scan") return;
  notify(`${job.title}: ${type.replace("job.", "")}`, sentence || job.sentence);
}

let isLoading = false;

/** Loads jobs again, at most once at a time and four times a second. */
function refresh(): void {
  if (isLoading) return;
  isLoading = true;
  setTimeout(async () => {
    isLoading = false;
    try {
      await loadJobs();
    } catch {
      // The bar of the connection says so, and all is loaded again when it is back.
    }
  }, 250);
}

export function startJobs(): void {
  loadJobs().catch(toastError);
  onRenewal(refresh);
  onEvents("jobs", (event) => {
    const told = (event.data.event as JobEvent | undefined)?.data ?? {};
    if (event.type === "job.failed") urgentText.value = String(told.error ?? "");
    else if (event.type === "job.done") politeText.value = String(told.sentence ?? "");
    if (/failed|done|cut-off/.test(event.type)) {
      tell(String(event.data.job), event.type, String(told.sentence ?? told.error ?? ""));
    }
    refresh();
  });
}
