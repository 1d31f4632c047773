/** The place of the page: its URL. Back and forward go from place to place. */

import { computed, signal } from "@preact/signals";

export const SCREENS = ["sounds", "train", "make", "codes", "library", "compare"] as const;

export type Screen = (typeof SCREENS)[number];

export interface Place {
  screen: Screen;
  /** Id of what the screen shows; empty for its list. */
  id: string;
  query: URLSearchParams;
}

const url = signal(location.pathname + location.search);

export const place = computed<Place>(() => parsePlace(url.value));

export function parsePlace(text: string): Place {
  const { pathname, searchParams } = new URL(text, location.origin);
  const [, first = "", id = ""] = pathname.split("/");
  const screen = SCREENS.find((name) => name === first) ?? "sounds";
  return { screen, id: decodeURIComponent(id), query: searchParams };
}

/** URL of a place. */
export function hrefOf(screen: Screen, id = "", query: Record<string, string> = {}): string {
  const path = id ? `/${screen}/${encodeURIComponent(id)}` : `/${screen}`;
  const text = new URLSearchParams(query).toString();
  return text ? `${path}?${text}` : path;
}

export function go(href: string, how: "push" | "replace" = "push"): void {
  if (how === "push") history.pushState(null, "", href);
  else history.replaceState(null, "", href);
  url.value = location.pathname + location.search;
}

/** Changes entries of the query in place; an empty text removes one. */
export function setQuery(changes: Record<string, string>): void {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(changes)) {
    if (value) query.set(key, value);
    else query.delete(key);
  }
  const text = query.toString();
  go(location.pathname + (text ? `?${text}` : ""), "replace");
}

/** Follows links within the page without loading it anew. */
function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target || link.hasAttribute("download")) return;
  if (link.origin !== location.origin || link.hash || link.pathname.startsWith("/api/")) return;
  event.preventDefault();
  go(link.pathname + link.search);
}

export function startRouting(): void {
  addEventListener("popstate", () => {
    url.value = location.pathname + location.search;
  });
  document.addEventListener("click", followLink);
}
