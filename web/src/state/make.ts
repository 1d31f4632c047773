/** What the knobs of Make say: a draft by model, that the server keeps. */

import { effect, type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { cutAt, type Point } from "../lanes/curve-points";
import { loadDraft, saveDraft } from "./drafts";
import type { NewTakes } from "./records";
import { toastError } from "./toasts";

export const DESCRIPTORS = ["loudness", "brightness", "noisiness", "pitch", "onsets"] as const;
export type Descriptor = (typeof DESCRIPTORS)[number];

/** Ways to make a sound, by the names of the library. */
export const WAYS = {
  new: { name: "new", takesSource: false, lastsAsSource: false },
  continue: { name: "go on", takesSource: true, lastsAsSource: false },
  "one-shot": { name: "one-shot", takesSource: false, lastsAsSource: false },
  loop: { name: "loop", takesSource: false, lastsAsSource: false },
  variation: { name: "variation", takesSource: true, lastsAsSource: true },
  infill: { name: "infill", takesSource: true, lastsAsSource: true },
} as const;
export type Way = keyof typeof WAYS;

export interface Knob {
  name: string;
  label: string;
  least: number;
  most: number;
  step: number;
  usual: number;
  unit?: string;
}

/** Colours of the descriptors, by the names of their tokens. */
export const TOKENS: Record<Descriptor, string> = {
  loudness: "level-1",
  brightness: "level-2",
  noisiness: "level-4",
  pitch: "level-6",
  onsets: "level-8",
};

/** Knobs that are always there, and those behind "more". */
export const KNOBS: Knob[] = [
  { name: "nearness", label: "nearness", least: 0, most: 1, step: 0.05, usual: 0.5 },
  { name: "temperature", label: "wildness", least: 0, most: 2, step: 0.05, usual: 1 },
];
/** How strictly curves and tags are followed: it stands beside them. */
export const GUIDANCE: Knob = {
  name: "guidance",
  label: "guidance",
  least: 0,
  most: 5,
  step: 0.1,
  usual: 1,
};
export const MORE_KNOBS: Knob[] = [
  { name: "top_p", label: "top p", least: 0.05, most: 1, step: 0.01, usual: 0.97 },
  { name: "swing", label: "swing", least: 0, most: 1, step: 0.05, usual: 0 },
  { name: "lead_in", label: "lead-in", least: 0, most: 12, step: 0.5, usual: 4, unit: "s" },
  { name: "amount", label: "amount", least: 0, most: 1, step: 0.05, usual: 0.3 },
];

const ALL_KNOBS = [...KNOBS, GUIDANCE, ...MORE_KNOBS];

/** The name of a tag among the locks. */
export const lockOfTag = (tag: string) => `tag:${tag}`;

export interface Steer {
  kind: "free" | "value" | "curve";
  value: number;
  points: Point[];
}

export interface Source {
  kind: "render" | "sound";
  id: string;
  title: string;
  duration_s: number;
}

export interface MakeDraft {
  way: Way;
  duration: number;
  count: number;
  seed: number;
  locked: string[];
  knobs: Record<string, number>;
  /** Texts and numbers that are empty as a rule: tempo, form, like, max_copy. */
  texts: Record<string, string>;
  steer: Record<Descriptor, Steer>;
  /** Weights of tags, 0 to 1. */
  tags: Record<string, number>;
  /** A second model by its id, and its share from 0 to 1. */
  blend: { model: string; share: number } | null;
  source: Source | null;
  span: [number, number] | null;
}

const freeSteer = (): Steer => ({ kind: "free", value: 50, points: [] });

export function usualDraft(): MakeDraft {
  return {
    way: "new",
    duration: 10,
    count: 1,
    seed: 0,
    // Dice roll what a musician hears at once; the rest is unlocked by hand.
    locked: [GUIDANCE, ...MORE_KNOBS].map(({ name }) => name),
    knobs: {},
    texts: {},
    steer: Object.fromEntries(DESCRIPTORS.map((name) => [name, freeSteer()])) as MakeDraft["steer"],
    tags: {},
    blend: null,
    source: null,
    span: null,
  };
}

/** The draft of a model: it comes from the server, and goes there when it changes. */
export function useMakeDraft(model: string): Signal<MakeDraft> {
  const draft = useMemo(() => signal(usualDraft()), [model]);
  useEffect(() => {
    if (!model) return;
    const untouched = draft.peek();
    const place = `make-${model}`;
    let end = () => {};
    let isGone = false;
    loadDraft<MakeDraft>(place)
      .then((kept) => {
        if (isGone) return;
        // What was changed before it came is newer.
        const isTouched = draft.peek() !== untouched;
        if (kept && !isTouched) draft.value = { ...usualDraft(), ...kept };
        let isFirst = !isTouched;
        end = effect(() => {
          const now = draft.value;
          if (!isFirst) saveDraft(place, now);
          isFirst = false;
        });
      })
      .catch(toastError);
    return () => {
      isGone = true;
      end();
    };
  }, [model]);
  return draft;
}

/** Settings of `generate`: only what is set; all else is the library's to choose. */
export function settingsOf(draft: MakeDraft): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  const { lastsAsSource } = WAYS[draft.way];
  if (draft.way !== "new") settings.way = draft.way;
  if (!lastsAsSource) settings.duration = draft.duration;
  for (const knob of ALL_KNOBS) {
    const value = draft.knobs[knob.name];
    const isFit = knob.name !== "amount" || draft.way === "variation";
    if (value !== undefined && value !== knob.usual && isFit) settings[knob.name] = value;
  }
  for (const name of ["tempo", "max_copy"]) {
    if (draft.texts[name]) settings[name] = Number(draft.texts[name]);
  }
  for (const name of ["form", "like"]) if (draft.texts[name]) settings[name] = draft.texts[name];
  const tags = Object.entries(draft.tags).filter(([, weight]) => weight > 0);
  if (tags.length) settings.tags = tags;
  if (draft.way === "infill" && draft.span) [settings.start, settings.stop] = draft.span;
  for (const name of DESCRIPTORS) {
    const { kind, value, points } = draft.steer[name];
    if (kind === "value") settings[name] = value;
    const shown = lastsAsSource ? points : cutAt(points, draft.duration);
    if (kind === "curve" && shown.length) settings[name] = shown;
  }
  return settings;
}

/** The draft with settings of a preset; what they leave open is as usual. */
export function withSettings(draft: MakeDraft, settings: Record<string, unknown>): MakeDraft {
  const { knobs, texts, steer, ...rest } = usualDraft();
  const { seed, count, locked, source, span, blend } = draft;
  for (const { name } of ALL_KNOBS) {
    if (typeof settings[name] === "number") knobs[name] = settings[name];
  }
  for (const name of ["tempo", "max_copy", "form", "like"]) {
    if (settings[name] !== undefined) texts[name] = String(settings[name]);
  }
  for (const name of DESCRIPTORS) {
    const points = settings[name] as Point[] | undefined;
    const [first] = points ?? [];
    if (!points || !first) continue;
    // The library keeps one value as a curve of one point.
    const kind = points.length > 1 ? "curve" : "value";
    steer[name] = { kind, value: first[1], points: kind === "curve" ? points : [] };
  }
  const way = typeof settings.way === "string" && settings.way in WAYS ? settings.way : "new";
  const duration = typeof settings.duration === "number" ? settings.duration : rest.duration;
  const kept = { seed, count, locked, source, span, blend };
  const tags = Object.fromEntries((settings.tags as [string, number][] | undefined) ?? []);
  return { ...rest, ...kept, tags, knobs, texts, steer, way: way as Way, duration };
}

export function takesOf(model: string, draft: MakeDraft): NewTakes {
  const { source } = draft;
  const order: NewTakes = {
    model,
    settings: settingsOf(draft),
    seed: draft.seed,
    count: draft.count,
  };
  if (WAYS[draft.way].takesSource && source) {
    order.source = { kind: source.kind, id: source.id };
  }
  if (draft.blend) order.blend = draft.blend;
  return order;
}

/** The draft after `count` sounds were ordered: the next one is another, unless its seed is locked. */
export function afterOrder(draft: MakeDraft, count: number): MakeDraft {
  if (draft.locked.includes("seed")) return draft;
  return { ...draft, seed: draft.seed + count };
}

/** Whether curves, values or tags steer. */
export function isSteered(draft: MakeDraft): boolean {
  const isTagged = Object.values(draft.tags).some((weight) => weight > 0);
  return isTagged || DESCRIPTORS.some((name) => draft.steer[name].kind !== "free");
}

/** Largest seed that is rolled: it stays short enough to be read out. */
const MOST_SEED = 10_000;

/** The draft with all knobs that are not locked rolled, and the seed. */
export function rolled(draft: MakeDraft): MakeDraft {
  const free = (name: string) => !draft.locked.includes(name);
  const knobs = { ...draft.knobs };
  const within = ({ least, most, step }: Pick<Knob, "least" | "most" | "step">) => {
    const steps = Math.round((most - least) / step);
    return Number((least + step * Math.round(Math.random() * steps)).toFixed(2));
  };
  for (const knob of ALL_KNOBS.filter(({ name }) => free(name))) knobs[knob.name] = within(knob);
  const tags = { ...draft.tags };
  for (const tag of Object.keys(tags).filter((name) => free(lockOfTag(name)))) {
    tags[tag] = within({ least: 0, most: 1, step: 0.05 });
  }
  const seed = free("seed") ? Math.floor(Math.random() * MOST_SEED) : draft.seed;
  return { ...draft, knobs, tags, seed };
}
