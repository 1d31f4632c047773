/** Places that files, and the sound of the dock, are dropped on. */

import { useEffect, useRef } from "preact/hooks";

/** Type of what is dragged from the dock: a sound, as JSON. */
export const DRAGGED_SOUND = "application/x-distill-sound";

/** Lets things be dropped on the element that takes the ref; the same can be done by a button. */
export function useDrop<E extends HTMLElement>(onDrop: (event: DragEvent) => void) {
  const element = useRef<E>(null);
  const latest = useRef(onDrop);
  latest.current = onDrop;
  useEffect(() => {
    const target = element.current;
    if (!target) return;
    const over = (event: DragEvent) => event.preventDefault();
    const drop = (event: DragEvent) => {
      event.preventDefault();
      latest.current(event);
    };
    target.addEventListener("dragover", over);
    target.addEventListener("drop", drop);
    return () => {
      target.removeEventListener("dragover", over);
      target.removeEventListener("drop", drop);
    };
  }, []);
  return element;
}

/** Lets the element that takes the ref be dragged, with what `carried` gives; null: not at all. */
export function useDragOfSound<E extends HTMLElement>(carried: object | null) {
  const element = useRef<E>(null);
  const latest = useRef(carried);
  latest.current = carried;
  useEffect(() => {
    const start = (event: DragEvent) => {
      event.dataTransfer?.setData(DRAGGED_SOUND, JSON.stringify(latest.current));
    };
    element.current?.addEventListener("dragstart", start);
  }, []);
  return element;
}
