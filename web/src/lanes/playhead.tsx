/** The playhead over the lanes. */

import type { Signal } from "@preact/signals";
import type { Axis } from "./axis";

export function Playhead({ axis, at }: { axis: Axis; at: Signal<number> }) {
  const x = axis.xOf(at.value);
  if (at.value < 0 || x < 0 || x > axis.width.value) return null;
  return <span class="playhead" style={{ left: `${x}px` }} />;
}
