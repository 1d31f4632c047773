/** Signals that this browser remembers. */

import { effect, type Signal, signal } from "@preact/signals";

export function stored<T>(name: string, usual: T): Signal<T> {
  const key = `distill.${name}`;
  const value = signal(read(key, usual));
  effect(() => write(key, value.value));
  return value;
}

export function read<T>(key: string, usual: T): T {
  try {
    const text = localStorage.getItem(key);
    return text === null ? usual : JSON.parse(text);
  } catch {
    // Storage is switched off, or holds something else.
    return usual;
  }
}

export function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage is switched off or full: it is only remembered until the tab closes.
  }
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // As above.
  }
}
