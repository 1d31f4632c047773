/** Seconds along the top of the lanes. A drag on it selects all levels. */

import { clock } from "../state/format";
import { colourOf, isLight } from "../state/theme";
import type { Axis } from "./axis";
import { LaneCanvas, type Pen } from "./lane";
import { tickStep } from "./ruler-ticks";
import { dragSpan, type Span } from "./span";

const HEIGHT = 20;

interface Props {
  axis: Axis;
  onSelect?: (span: Span | null) => void;
  onSeek?: (seconds: number) => void;
}

export function Ruler({ axis, onSelect, onSeek }: Props) {
  const light = isLight.value;
  return (
    <div class="lane ruler" onPointerDown={(event) => dragSpan(axis, event, onSelect, onSeek)}>
      <LaneCanvas axis={axis} height={HEIGHT} deps={[light]} draw={(pen) => drawRuler(axis, pen)} />
    </div>
  );
}

function drawRuler(axis: Axis, { pen, width, height }: Pen): void {
  const step = tickStep(axis.perPixel.peek());
  const digits = Math.max(0, Math.min(3, Math.ceil(-Math.log10(step))));
  pen.font = "11px Inter, sans-serif";
  pen.textBaseline = "middle";
  const line = colourOf("line");
  const text = colourOf("muted");
  const first = Math.floor(axis.start.peek() / step);
  for (let n = first; axis.xOf(n * step) < width; n++) {
    const x = Math.round(axis.xOf(n * step));
    pen.fillStyle = line;
    pen.fillRect(x, 0, 1, height);
    pen.fillStyle = text;
    pen.fillText(clock(n * step, digits), x + 4, height / 2);
  }
}
