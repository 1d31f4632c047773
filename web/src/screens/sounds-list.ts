/** Which sounds of a corpus the list shows, and in which order. */

import type { CorpusListing, ListedFile } from "../state/records";

export const SORTS: Record<string, (a: ListedFile, b: ListedFile) => number> = {
  name: (a, b) => a.name.localeCompare(b.name, "en", { numeric: true }),
  length: (a, b) => b.duration_s - a.duration_s,
  loudness: (a, b) => (b.loudness ?? -Infinity) - (a.loudness ?? -Infinity),
  weight: (a, b) => b.weight - a.weight,
};

/** Whether something is said of a file that a person may want to see. */
export const isFlagged = (file: ListedFile) =>
  file.is_measured && (!file.used || file.flags.length > 0);

/** The folder of a file; empty for one at the top. */
export const folderOf = (file: ListedFile) => file.name.split("/").slice(0, -1).join("/");

export function foldersOf(listing: CorpusListing): string[] {
  return [...new Set(listing.files.map(folderOf))].filter(Boolean).sort();
}

export function listed(listing: CorpusListing, query: URLSearchParams): ListedFile[] {
  const words = (query.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const folder = query.get("folder") ?? "";
  const onlyFlagged = query.get("flagged") === "1";
  const sort = SORTS[query.get("sort") ?? "name"] ?? SORTS.name;
  return listing.files
    .filter((file) => !onlyFlagged || isFlagged(file))
    .filter((file) => !folder || `${folderOf(file)}/`.startsWith(`${folder}/`))
    .filter((file) => {
      const text = [file.name, ...file.tags, file.note].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort(sort);
}

/** How many files are used, left out and muted, in words. */
export function countText(listing: CorpusListing): string {
  const measured = listing.files.filter((file) => file.is_measured);
  const skipped = measured.filter((file) => !file.used && !file.muted).length;
  const parts = [`${listing.used} used`, `${skipped} skipped`];
  const unread = listing.files.length - measured.length;
  if (unread) parts.push(`${unread} not measured yet`);
  if (listing.muted) parts.push(`${listing.muted} muted`);
  return parts.join(" · ");
}
