/** What is done with a corpus as a whole: scanned, and given new sounds. */

import { useEffect } from "preact/hooks";
import { ApiError, post, put, query } from "./api";
import { count } from "./format";
import { aliveJobs, place as placeJob } from "./jobs";
import type { CorpusView, JobView } from "./records";
import { useResource } from "./resource";
import { toast, toastError } from "./toasts";

export async function scanCorpus(id: string): Promise<void> {
  try {
    placeJob(await post<JobView>(`/corpora/${id}/scan`));
  } catch (error) {
    toastError(error);
  }
}

/** A corpus with its files, kept up to date; one that was never scanned is scanned now. */
export function useCorpus(id: string) {
  const resource = useResource<CorpusView>(id ? `/corpora/${id}` : "", "library");
  const corpus = resource.value.value;
  const scan = aliveJobs.value.find((job) => job.kind === "scan" && job.corpus === id);
  // What it has measured is there already; a hundred times are often enough.
  const percentDone = Math.floor(100 * (scan?.progress ?? 0));
  useEffect(() => {
    if (id) resource.reload();
  }, [id, scan?.id, percentDone]);
  const isUnknown = corpus?.is_there && !corpus.listing?.verdict;
  useEffect(() => {
    if (isUnknown) void scanCorpus(id);
  }, [id, isUnknown]);
  return { resource, scan };
}

export interface Upload {
  /** Name in the corpus, with folders. */
  path: string;
  file: File;
}

/** Files that are sent at a time: the server works on as many. */
const AT_A_TIME = 3;

/** Sends files into a corpus, and scans it. */
export async function sendSounds(id: string, uploads: Upload[]): Promise<void> {
  const waiting = [...uploads];
  const refused: string[] = [];
  let sent = 0;
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      try {
        await put(query(`/corpora/${id}/files`, { path: next.path }), next.file);
        sent++;
      } catch (error) {
        refused.push(`${next.path}: ${(error as Error).message}`);
        // A full disk, or a server that is gone, takes no other file either.
        if (error instanceof ApiError && [0, 507].includes(error.status)) waiting.length = 0;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  if (refused[0]) {
    const more = refused.length > 1 ? ` (and ${refused.length - 1} more)` : "";
    toastError(new Error(refused[0] + more));
  }
  if (!sent) return;
  toast(`${count(sent, "sound")} added`);
  await scanCorpus(id);
}

/** Files of a drop, those in folders too. */
export async function droppedFiles(transfer: DataTransfer): Promise<Upload[]> {
  const entries = [...transfer.items]
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  const found = await Promise.all(entries.map((entry) => filesOf(entry, "")));
  return found.flat();
}

async function filesOf(entry: FileSystemEntry, folder: string): Promise<Upload[]> {
  const path = folder + entry.name;
  // Hidden files are those of the system, not sounds.
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) =>
      (entry as FileSystemFileEntry).file(done, fail),
    );
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Upload[] = [];
  // A reader gives some hundred entries at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) =>
      reader.readEntries(done, fail),
    );
    if (!some.length) return found;
    for (const each of some) found.push(...(await filesOf(each, `${path}/`)));
  }
}
