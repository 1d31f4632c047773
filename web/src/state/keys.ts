/** Keys: what each does where, in one table that the help shows. */

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { stored } from "./stored";

export interface Binding {
  /** `event.key`, with `Ctrl+` or `Shift+` before it where they count: "Space", "Shift+,". */
  key: string;
  does: string;
  /** Does it; without it, a part of the page takes the key by itself, and the help names it. */
  run?: (event: KeyboardEvent) => void;
}

interface Group {
  name: string;
  bindings: Binding[];
}

/** Groups of bindings, the latest first. */
export const groups = signal<Group[]>([]);

/** Whether keys of a single letter do something (WCAG 2.1.4). */
export const lettersOn = stored("letterKeys", true);

/** Binds keys while the component is there; what they do is what the latest bindings say. */
export function useKeys(name: string, bindings: Binding[]): void {
  const latest = useRef(bindings);
  latest.current = bindings;
  // Before the screen is painted: a key works as soon as what it acts on is seen.
  useLayoutEffect(() => {
    const bound = bindings.map((binding, n) => ({
      ...binding,
      ...(binding.run && { run: (event: KeyboardEvent) => latest.current[n]?.run?.(event) }),
    }));
    return bindKeys(name, bound);
  }, []);
}

export function bindKeys(name: string, bindings: Binding[]): () => void {
  const group = { name, bindings };
  groups.value = [group, ...groups.value];
  return () => {
    groups.value = groups.value.filter((entry) => entry !== group);
  };
}

/** Keys whose sign with Shift differs from layout to layout. */
const BY_PLACE: Record<string, string> = { Comma: ",", Period: "." };

/** The name of a key, as bindings have it. */
export function keyName(event: KeyboardEvent): string {
  const sign = event.shiftKey ? BY_PLACE[event.code] : undefined;
  const base = sign ?? (event.key === " " ? "Space" : event.key);
  const isSign = base.length === 1;
  const ctrl = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  // Shift is part of a sign that it makes, such as "?".
  const shift = event.shiftKey && (!isSign || sign || ctrl) ? "Shift+" : "";
  return ctrl + shift + (isSign ? base.toLowerCase() : base);
}

/** Whether keys belong to the element: one that text or a choice is entered in. */
export function takesKeys(target: EventTarget | null, name: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest("dialog[open]")) return true;
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  // Enter presses what has the focus, since Space plays.
  if (name === "Enter" && target.closest("button, a, summary, label")) return true;
  if (!(target instanceof HTMLInputElement)) {
    return target.tagName === "SUMMARY" && name === "Space";
  }
  if (target.type === "checkbox" || target.type === "radio") return name === "Space";
  if (target.type === "range") return /Arrow|Home|End|Page/.test(name);
  return true;
}

/** Whether text of one line is entered in it: Escape leaves it, so that letters are keys again. */
function isLine(target: EventTarget | null): target is HTMLInputElement {
  if (!(target instanceof HTMLInputElement) || target.closest("dialog[open]")) return false;
  return !/^(checkbox|radio|range)$/.test(target.type);
}

function onKeyDown(event: KeyboardEvent): void {
  const name = keyName(event);
  if (event.defaultPrevented || event.altKey) return;
  if (name === "Escape" && isLine(event.target)) {
    event.target.blur();
    return;
  }
  if (takesKeys(event.target, name)) return;
  if (name.length === 1 && /[a-z]/.test(name) && !lettersOn.value) return;
  const all = groups.value.flatMap((group) => group.bindings);
  const binding = all.find((each) => each.key === name && each.run);
  if (!binding?.run) return;
  event.preventDefault();
  binding.run(event);
}

/** Space plays, whatever has the focus: a button is pressed by Enter. */
function onKeyUp(event: KeyboardEvent): void {
  if (event.key === " " && event.target instanceof HTMLButtonElement) event.preventDefault();
}

export function startKeys(): void {
  document.addEventListener("keydown", onKeyDown);
  document.addEventListener("keyup", onKeyUp);
}
