/** Notifications of the system: only where a person asked for them, and while nobody looks. */

import { stored } from "./stored";
import { toastError } from "./toasts";

export const tellsAtEnd = stored("tellAtEnd", false);

/** Switches notifications on or off; the browser may ask first. */
export async function setTellsAtEnd(isOn: boolean): Promise<void> {
  tellsAtEnd.value = isOn;
  if (!isOn || Notification.permission === "granted") return;
  const answer = await Notification.requestPermission();
  if (answer === "granted") return;
  tellsAtEnd.value = false;
  toastError(new Error("The browser allows no notifications here: its settings of the site do."));
}

export function notify(title: string, text: string): void {
  const isWanted = tellsAtEnd.peek() && document.hidden && "Notification" in window;
  if (isWanted && Notification.permission === "granted") new Notification(title, { body: text });
}
