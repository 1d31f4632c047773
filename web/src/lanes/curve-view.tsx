/** A curve that is looked at: what was asked, and what the sound does. */

import { colourOf, isLight } from "../state/theme";
import type { Axis } from "./axis";
import { drawCurve, drawMeasured, drawScale, type Measured } from "./curve-drawing";
import type { Point } from "./curve-points";
import { LaneCanvas } from "./lane";

interface Props {
  axis: Axis;
  label: string;
  token: string;
  points: readonly Point[];
  measured: Measured | null;
  height: number;
}

export function CurveView({ axis, label, token, points, measured, height }: Props) {
  const light = isLight.value;
  const known = (measured?.values ?? []).filter((value) => value !== null);
  const mean = known.reduce((sum, value) => sum + value, 0) / Math.max(1, known.length);
  const text = known.length ? `${Math.round(mean)} % on average` : "not measured";
  return (
    <div class="lane" role="img" aria-label={`${label}: ${text}`}>
      <LaneCanvas
        axis={axis}
        height={height}
        deps={[points, measured, light, token]}
        draw={(pen) => {
          drawScale(pen);
          if (measured) drawMeasured(axis, pen, measured);
          drawCurve(axis, pen, points, colourOf(token), -1);
        }}
      />
    </div>
  );
}
