/** Pages of renders, as far as they were asked for. */

import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { get, query } from "./api";
import { onEvents, onRenewal } from "./events";
import type { RenderLine, RenderPage } from "./records";
import { isModelNoted } from "./renders";
import { toastError } from "./toasts";

export interface RenderFilter {
  q?: string;
  model?: string;
  way?: string;
  starred?: string;
  most_copy?: string;
}

export function useRenderPages(filter: RenderFilter) {
  const path = query("/renders", { ...filter });
  const pages = useMemo(() => makePages(path), [path]);
  useEffect(() => {
    void pages.reload();
    const ends = [
      onRenewal(() => void pages.reload()),
      onEvents("library", (event) => {
        if (event.type === "library.render" || isModelNoted(event)) void pages.reload();
      }),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [pages]);
  return pages;
}

function makePages(path: string) {
  const lines = signal<RenderLine[] | null>(null);
  const total = signal(0);
  let cursor = "";
  let isLoading = false;
  let isStale = false;
  const load = async (after: string, limit: number) => {
    isLoading = true;
    try {
      const mark = path.includes("?") ? "&" : "?";
      const more = after ? `${mark}limit=${limit}&cursor=${after}` : `${mark}limit=${limit}`;
      const page = await get<RenderPage>(path + more);
      lines.value = after ? [...(lines.peek() ?? []), ...page.renders] : page.renders;
      if (!after) total.value = page.total;
      cursor = page.cursor;
    } catch (error) {
      toastError(error);
    } finally {
      isLoading = false;
    }
    if (isStale) await reload();
  };
  /** Loads as many as are shown, from the latest on; news that come meanwhile make it load again. */
  const reload = async () => {
    isStale = isLoading;
    if (!isLoading) await load("", Math.max(PAGE, lines.peek()?.length ?? 0));
  };
  const more = async () => {
    if (cursor && !isLoading) await load(cursor, PAGE);
  };
  return { lines, total, reload, more };
}

const PAGE = 200;
