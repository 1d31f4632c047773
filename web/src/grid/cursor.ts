/** Keys that move the focused cell. */

import { type Codes, nextChange } from "./codes";
import type { Cell } from "./selection";

/** Frames of a page. */
const PAGE = 32;

/** The cell that a key leads to; null for other keys. */
export function moveCell(codes: Codes, cell: Cell, key: string): Cell | null {
  const frame = frameAfter(codes, cell, key);
  if (frame !== null) {
    return { frame: Math.min(codes.frames - 1, Math.max(0, frame)), level: cell.level };
  }
  if (key === "ArrowUp") return { ...cell, level: Math.max(0, cell.level - 1) };
  if (key === "ArrowDown") return { ...cell, level: Math.min(codes.levels - 1, cell.level + 1) };
  return null;
}

function frameAfter(codes: Codes, { frame, level }: Cell, key: string): number | null {
  switch (key) {
    case "ArrowLeft":
      return frame - 1;
    case "ArrowRight":
      return frame + 1;
    case "Ctrl+ArrowLeft":
      return nextChange(codes, frame, level, -1);
    case "Ctrl+ArrowRight":
      return nextChange(codes, frame, level, 1);
    case "PageUp":
      return frame - PAGE;
    case "PageDown":
      return frame + PAGE;
    case "Home":
      return 0;
    case "End":
      return codes.frames - 1;
    default:
      return null;
  }
}
