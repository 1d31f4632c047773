/** Dark or light: as the system has it, or as the switch says. */

import { computed, effect, signal } from "@preact/signals";
import { stored } from "./stored";

export type Theme = "auto" | "dark" | "light";

const system = matchMedia("(prefers-color-scheme: light)");
const systemIsLight = signal(system.matches);
system.addEventListener("change", () => {
  systemIsLight.value = system.matches;
});

export const theme = stored<Theme>("theme", "auto");

export const isLight = computed(() =>
  theme.value === "auto" ? systemIsLight.value : theme.value === "light",
);

effect(() => {
  const root = document.documentElement;
  if (theme.value === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme.value;
});

const still = matchMedia("(prefers-reduced-motion: reduce)");
export const isStill = signal(still.matches);
still.addEventListener("change", () => {
  isStill.value = still.matches;
});

/**
 * Colours of the tokens as a canvas takes them, for the present theme.
 *
 * Each is asked for once a theme: a computed style lays out the whole page, which no frame has time for.
 */
export function colourOf(token: string): string {
  // Read, so that whatever draws in an effect draws again in another theme.
  const colours = isLight.value ? lightColours : darkColours;
  const known = colours.get(token);
  if (known) return known;
  probe.style.color = `var(--${token})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  colours.set(token, colour);
  return colour;
}

const lightColours = new Map<string, string>();
const darkColours = new Map<string, string>();

const probe = document.createElement("span");
