/** A long list: one tab stop, arrows move, only rows in sight are there. */

import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualizerOptions,
} from "@tanstack/virtual-core";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useKeys } from "../state/keys";

interface Props<T> {
  /** Says what is listed. */
  label: string;
  items: readonly T[];
  keyOf: (item: T) => string;
  rowHeight: number;
  /** Key of the selected item; empty if none is. */
  selected: string;
  onSelect: (item: T, how: "key" | "click") => void;
  /** Names of columns; an empty one is for controls without a word. */
  columns: readonly string[];
  /** Cells of a row, each with `role="gridcell"`. */
  row: (item: T) => ComponentChildren;
  rowClass?: (item: T) => string;
  /** Called when the last row comes into sight. */
  onEnd?: () => void;
  /** Further keys: what each does with the selected item. */
  keys?: readonly ListKey<T>[];
}

interface ListKey<T> {
  key: string;
  does: string;
  run: (item: T) => void;
}

const PAGE_ROWS = 10;

export function List<T>(props: Props<T>) {
  const { items, keyOf, selected, rowHeight } = props;
  const root = useRef<HTMLDivElement>(null);
  const virtual = useVirtual(root, items.length, rowHeight);
  const index = items.findIndex((item) => keyOf(item) === selected);

  const moveTo = (to: number) => {
    const item = items[Math.min(items.length - 1, Math.max(0, to))];
    if (!item) return;
    props.onSelect(item, "key");
    virtual.scrollToIndex(Math.min(items.length - 1, Math.max(0, to)), { align: "auto" });
  };
  const last = virtual.getVirtualItems().at(-1)?.index ?? -1;
  const isAtEnd = items.length > 0 && last >= items.length - 1;
  useEffect(() => {
    if (isAtEnd) props.onEnd?.();
  }, [isAtEnd, items.length]);
  // They hold wherever the focus is, but where something else takes them.
  useKeys("List", [
    ...MOVES.map(({ key, does, to }) => ({
      key,
      does,
      run: () => moveTo(to(index, items.length)),
    })),
    ...(props.keys ?? []).map(({ key, does, run }) => ({
      key,
      does,
      run: () => {
        const item = items[index];
        if (item) run(item);
      },
    })),
  ]);
  return (
    <div
      ref={root}
      class="list"
      role="grid"
      tabIndex={0}
      aria-label={props.label}
      aria-rowcount={items.length + 1}
      aria-activedescendant={index < 0 ? undefined : rowId(index)}
    >
      <div class="list-head list-row" role="row" aria-rowindex={1}>
        {props.columns.map((name) => (
          <span key={name} role="columnheader">
            {name}
          </span>
        ))}
      </div>
      <div class="list-body" role="rowgroup" style={{ height: `${virtual.getTotalSize()}px` }}>
        {virtual.getVirtualItems().map((place) => {
          const item = items[place.index];
          if (!item) return null;
          const key = keyOf(item);
          const top = place.start - virtual.options.scrollMargin;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the grid
            <div
              key={key}
              id={rowId(place.index)}
              role="row"
              class={`list-row ${props.rowClass?.(item) ?? ""}`}
              aria-rowindex={place.index + 2}
              aria-selected={key === selected}
              style={{ transform: `translateY(${top}px)`, height: `${rowHeight}px` }}
              onClick={() => props.onSelect(item, "click")}
            >
              {props.row(item)}
            </div>
          );
        })}
      </div>
    </div>
  );
}

const rowId = (index: number) => `row-${index}`;

const MOVES: { key: string; does: string; to: (index: number, length: number) => number }[] = [
  { key: "ArrowDown", does: "Next, and play it", to: (index) => index + 1 },
  {
    key: "ArrowUp",
    does: "The one before, and play it",
    to: (index, length) => (index < 0 ? length : index) - 1,
  },
  { key: "PageDown", does: `${PAGE_ROWS} on`, to: (index) => index + PAGE_ROWS },
  { key: "PageUp", does: `${PAGE_ROWS} back`, to: (index) => index - PAGE_ROWS },
  { key: "Home", does: "The first", to: () => 0 },
  { key: "End", does: "The last", to: (_, length) => length - 1 },
];

type Options = VirtualizerOptions<HTMLElement, HTMLElement>;

/** Rows in sight of a list that scrolls with the whole screen. */
function useVirtual(root: { current: HTMLElement | null }, count: number, rowHeight: number) {
  const [, redraw] = useState(0);
  const [margin, setMargin] = useState(0);
  const options: Options = {
    count,
    estimateSize: () => rowHeight,
    getScrollElement: () => document.getElementById("screen"),
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    scrollMargin: margin,
    // The head of the list stays in sight, above its rows.
    scrollPaddingStart: rowHeight,
    overscan: 6,
    onChange: () => redraw((n) => n + 1),
  };
  const [virtual] = useState(() => new Virtualizer<HTMLElement, HTMLElement>(options));
  virtual.setOptions(options);
  useLayoutEffect(() => virtual._didMount(), []);
  useLayoutEffect(() => {
    const body = root.current?.querySelector<HTMLElement>(".list-body");
    const screen = document.getElementById("screen");
    if (body && screen) {
      const top = body.getBoundingClientRect().top - screen.getBoundingClientRect().top;
      setMargin(Math.round(top + screen.scrollTop));
    }
    virtual._willUpdate();
  });
  return virtual;
}
