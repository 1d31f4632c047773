/** Records of the server. Names are those of the library's dataclasses. */

export interface SessionView {
  version: string;
  run: string;
  workspace: string;
  free_bytes: number;
  cores: number;
  is_local: boolean;
  is_player_ready: boolean;
  is_training: boolean;
  last_event: number;
}

export interface CorpusView {
  id: string;
  name: string;
  folder: string;
  is_owned: boolean;
  is_there: boolean;
  listing: CorpusListing | null;
}

export interface CorpusList {
  corpora: CorpusView[];
  remarks: string[];
}

export interface PlaceView {
  token: string;
  name: string;
  path: string;
  sounds: number;
  is_counted: boolean;
  has_folders: boolean;
}

export interface ListedFile {
  name: string;
  hash: string;
  used: boolean;
  reason: string;
  flags: string[];
  duration_s: number;
  loudness: number | null;
  tempo: number | null;
  key: string | null;
  muted: boolean;
  weight: number;
  tags: string[];
  note: string;
  generated: boolean;
}

export interface CorpusListing {
  id: string;
  folder: string;
  verdict: string;
  advice: string[];
  total_s: number;
  used: number;
  muted: number;
  generated_share: number;
  files: ListedFile[];
  absent: string[];
}

export type JobState = "waiting" | "running" | "done" | "stopped" | "failed" | "cut-off";

export interface Job {
  id: string;
  kind: string;
  title: string;
  state: JobState;
  sentence: string;
  stage: string;
  progress: number | null;
  remaining_s: number | null;
  ahead: number;
  is_stopping: boolean;
  created: number;
  changed: number;
  saved: number | null;
  last_event: number;
  arguments: Record<string, unknown>;
  distill: string;
}

export interface JobEvent {
  n: number;
  t: number;
  type: string;
  data: Record<string, unknown>;
}

export interface LevelHealth {
  name: string;
  utilisation: number;
  perplexity: number;
  dead_codes?: number;
}
