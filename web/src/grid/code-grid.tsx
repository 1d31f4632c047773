/** The code grid: a canvas to the eye, a grid of cells to keys and to screen readers. */

import { effect, type Signal, signal, untracked } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { type Axis, onWheel } from "../lanes/axis";
import { keyName, lettersOn } from "../state/keys";
import { colourOf, isLight } from "../state/theme";
import { type Codes, codeAt, isLocked } from "./codes";
import { moveCell } from "./cursor";
import { paintCodes, paintMarks, type View } from "./paint";
import { type Hands, onPointerDown } from "./pointer";
import { levelAt, rowsOf } from "./rows";
import { type Cell, type Region, regionOf } from "./selection";
import { type Counts, Tiles } from "./tiles";

/** What the grid tells the screen that it is part of. */
export interface GridEvents {
  /** A column is to be heard. */
  onColumn?: (frame: number) => void;
  /** The region is to be heard. */
  onRegion?: (region: Region) => void;
  onMove?: (region: Region, to: number, isCopy: boolean) => void;
  onStretch?: (region: Region, factor: number) => void;
  onLock?: (region: Region) => void;
  /** The selection is held over a place outside of the grid, or dropped there. */
  onCarry?: (region: Region, event: PointerEvent, isDrop: boolean) => void;
  /** The brush has passed over this region. */
  onPaint?: (region: Region) => void;
}

export interface GridProps extends GridEvents {
  axis: Axis;
  codes: Signal<Codes>;
  /** Frames that the last change of `codes` touched; undefined: all of them. */
  changed: Signal<[number, number] | null | undefined>;
  selection: Signal<Region | null>;
  cell: Signal<Cell>;
  /** Place of the sound that plays, in seconds; negative: none. */
  playhead: Signal<number>;
  height: number;
  /** Says what is shown; "Codes" by itself. */
  label?: string;
  /** How often the corpus uses each code, level by level. */
  counts?: Signal<readonly Counts[]>;
  /** Levels that are not heard. */
  silent?: Signal<ReadonlySet<number>>;
  /** Level that drags paint instead of select; null: none. */
  brush?: Signal<number | null>;
  /** Where something would come to lie. */
  ghost?: Signal<Region | null>;
  /** Whether the codes are only looked at: nothing is moved or stretched. */
  isFixed?: boolean;
}

/** Columns of cells round the focused one that screen readers find. */
const AROUND = 2;

export function CodeGrid(props: GridProps) {
  const base = useRef<HTMLCanvasElement>(null);
  const above = useRef<HTMLCanvasElement>(null);
  const root = useRef<HTMLDivElement>(null);
  const state = useMemo(() => new GridState(props), [props.axis]);
  state.props = props;
  useEffect(() => {
    if (base.current && above.current) return state.attach(base.current, above.current);
    return undefined;
  }, [state, props.height]);
  useEffect(() => {
    const element = root.current;
    if (!element) return;
    const wheel = (event: WheelEvent) => onWheel(props.axis, event);
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [props.axis]);
  const { frame, level } = props.cell.value;
  return (
    <div
      ref={root}
      class="code-grid"
      role="grid"
      tabIndex={0}
      aria-label={props.label ?? "Codes"}
      aria-multiselectable
      aria-rowcount={props.codes.value.levels}
      aria-colcount={props.codes.value.frames}
      aria-activedescendant={cellId(props.label, frame, level)}
      style={{ height: `${props.height}px` }}
      onPointerDown={(event) => onPointerDown(state.hands, event)}
      onKeyDown={(event) => state.onKey(event)}
      onFocus={() => {
        state.hasFocus.value = true;
      }}
      onBlur={() => {
        state.hasFocus.value = false;
      }}
    >
      <canvas ref={base} />
      <canvas ref={above} />
      <Cells
        label={props.label}
        codes={props.codes.value}
        cell={props.cell.value}
        selection={props.selection.value}
      />
    </div>
  );
}

/** The cells round the focused one, for screen readers: a canvas has none. */
interface CellsProps {
  label: string | undefined;
  codes: Codes;
  cell: Cell;
  selection: Region | null;
}

function Cells({ label, codes, cell, selection }: CellsProps) {
  const first = Math.max(0, cell.frame - AROUND);
  const last = Math.min(codes.frames - 1, cell.frame + AROUND);
  const frames = Array.from({ length: last - first + 1 }, (_, n) => first + n);
  return (
    <div class="hidden-text">
      {codes.names.map((name, level) => (
        <div key={name} role="row" aria-rowindex={level + 1}>
          {frames.map((frame) => (
            <span
              key={frame}
              id={cellId(label, frame, level)}
              role="gridcell"
              aria-colindex={frame + 1}
              aria-selected={isIn(selection, frame, level)}
            >
              {cellText(codes, { frame, level })}
            </span>
          ))}
        </div>
      ))}
    </div>
  );
}

/** Two grids may be open: their cells are told apart. */
const cellId = (label: string | undefined, frame: number, level: number) =>
  `${label ? "other" : "cell"}-${level}-${frame}`;

function isIn(region: Region | null, frame: number, level: number): boolean {
  if (!region || frame < region.from || frame >= region.to) return false;
  return level >= region.top && level < region.bottom;
}

/** "Timbre, frame 47, 1.00 s, code 17, locked". */
export function cellText(codes: Codes, { frame, level }: Cell): string {
  const seconds = (frame / codes.frameRate).toFixed(2);
  const lock = isLocked(codes, frame, level) ? ", locked" : "";
  return `${codes.names[level]}, frame ${frame}, ${seconds} s, code ${codeAt(codes, frame, level)}${lock}`;
}

/** Draws when something has changed, at most once a frame of the screen. */
class GridState {
  readonly tiles = new Tiles();
  readonly hasFocus = signal(false);
  private readonly pressed = signal<Cell | null>(null);
  private readonly ghost = signal<Region | null>(null);
  private readonly nothing = new Set<number>();

  constructor(public props: GridProps) {}

  /** Draws on two canvases until the function that it returns is called. */
  attach(base: HTMLCanvasElement, above: HTMLCanvasElement): () => void {
    let wanted = 0;
    let codesWanted = true;
    let painted: unknown[] = [];
    const draw = () => {
      wanted = 0;
      const view = this.view();
      const codes = this.props.codes.peek();
      const rows = rowsOf(codes.levels, view.height);
      const silent = this.props.silent?.peek() ?? this.nothing;
      if (codesWanted) paintCodes(base, view, rows, codes, this.tiles, silent);
      codesWanted = false;
      paintMarks(
        above,
        view,
        rows,
        codes,
        untracked(() => this.marks()),
      );
    };
    const plan = (withCodes: boolean) => {
      codesWanted ||= withCodes;
      wanted ||= requestAnimationFrame(draw);
    };
    const ends = [
      effect(() => {
        const light = isLight.value;
        const counts = this.props.counts?.value;
        const isSame = light === painted[0] && counts === painted[1];
        const changed = isSame ? this.props.changed.peek() : undefined;
        painted = [light, counts];
        this.tiles.set(this.props.codes.value, light, changed, counts);
        plan(true);
      }),
      effect(() => {
        const { start, perPixel, width } = this.props.axis;
        void [start.value, perPixel.value, width.value, this.props.silent?.value];
        plan(true);
      }),
      effect(() => {
        this.marks();
        plan(false);
      }),
    ];
    return () => {
      for (const end of ends) end();
      cancelAnimationFrame(wanted);
    };
  }

  private view(): View {
    const { axis, codes, height } = this.props;
    const { frameRate } = codes.peek();
    return {
      start: axis.start.peek() * frameRate,
      perFrame: 1 / (axis.perPixel.peek() * frameRate),
      width: axis.width.peek(),
      height,
    };
  }

  private marks() {
    const { selection, cell, playhead, codes } = this.props;
    return {
      selection: selection.value,
      ghost: this.ghost.value ?? this.props.ghost?.value ?? null,
      cell: cell.value,
      hasFocus: this.hasFocus.value,
      pressed: this.pressed.value,
      playhead: playhead.value * codes.value.frameRate,
      accent: colourOf("accent"),
    };
  }

  readonly hands: Hands = {
    codes: () => this.props.codes.peek(),
    cellAt: (x, y) => this.cellAt(x, y),
    frameAt: (x) => this.props.axis.timeAt(x) * this.props.codes.peek().frameRate,
    xOf: (frame) => this.props.axis.xOf(frame / this.props.codes.peek().frameRate),
    selection: () => this.props.selection.peek(),
    select: (region) => {
      this.props.selection.value = region;
    },
    focus: (cell) => {
      this.props.cell.value = cell;
    },
    press: (cell) => {
      this.pressed.value = cell;
    },
    ghost: (region) => {
      this.ghost.value = region;
    },
    move: (region, to, isCopy) => this.props.onMove?.(region, to, isCopy),
    stretch: (region, factor) => this.props.onStretch?.(region, factor),
    carry: (region, event, isDrop) => this.props.onCarry?.(region, event, isDrop),
    brush: () => this.props.brush?.peek() ?? null,
    paint: (region) => this.props.onPaint?.(region),
    isFixed: () => this.props.isFixed ?? false,
  };

  private cellAt(x: number, y: number): Cell {
    const codes = this.props.codes.peek();
    const frame = Math.floor(this.props.axis.timeAt(x) * codes.frameRate);
    const rows = rowsOf(codes.levels, this.props.height);
    return {
      frame: Math.min(codes.frames - 1, Math.max(0, frame)),
      level: levelAt(rows, Math.max(0, y)),
    };
  }

  onKey(event: KeyboardEvent): void {
    const { cell, codes, selection } = this.props;
    const name = keyName(event);
    const to = moveCell(codes.peek(), cell.peek(), name.replace("Shift+", ""));
    if (to) {
      const anchor = event.shiftKey ? (this.anchor ?? cell.peek()) : to;
      this.anchor = event.shiftKey ? anchor : null;
      cell.value = to;
      if (event.shiftKey) selection.value = regionOf(anchor, to);
      this.props.axis.reveal(to.frame / codes.peek().frameRate);
    } else if (!this.act(name)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Where an extension by Shift began. */
  private anchor: Cell | null = null;

  private act(name: string): boolean {
    const { cell, selection, codes } = this.props;
    const { frame, level } = cell.peek();
    const region = selection.peek() ?? regionOf(cell.peek(), cell.peek());
    if (name === "Space") this.props.onColumn?.(frame);
    else if (name === "Enter") selection.value = regionOf({ frame, level }, { frame, level });
    else if (name === "Ctrl+a") selection.value = allOf(codes.peek());
    else if (name === "p" && lettersOn.value) this.props.onRegion?.(region);
    else if (name === "k" && lettersOn.value) this.props.onLock?.(region);
    else return false;
    return true;
  }
}

const allOf = (codes: Codes): Region => ({
  from: 0,
  to: codes.frames,
  top: 0,
  bottom: codes.levels,
});
