/** What a sound does over time beside what was asked of it, as percentiles of the corpus. */

import { useState } from "preact/hooks";
import type { Axis } from "../lanes/axis";
import type { Point } from "../lanes/curve-points";
import { CurveView } from "../lanes/curve-view";
import { query } from "../state/api";
import { DESCRIPTORS, TOKENS } from "../state/make";
import type { MeasuredCurves, RenderView } from "../state/records";
import { useResource } from "../state/resource";

const HEIGHT = 40;

export function RenderCurves({ axis, view }: { axis: Axis; view: RenderView }) {
  const [isOpen, setOpen] = useState(false);
  const asked = (view.recipe.steering ?? {}) as Record<string, Point[] | undefined>;
  return (
    <details class="render-curves" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="small muted">asked and measured curves</summary>
      {isOpen && <Measured axis={axis} view={view} asked={asked} />}
    </details>
  );
}

interface Props {
  axis: Axis;
  view: RenderView;
  asked: Record<string, Point[] | undefined>;
}

function Measured({ axis, view, asked }: Props) {
  const path = query(`/sounds/${view.hash}/descriptors`, { model: view.model_id });
  const resource = useResource<MeasuredCurves>(path);
  const measured = resource.value.value;
  if (resource.error.value) return <p class="small bad">{resource.error.value}</p>;
  if (!measured) return <p class="small muted">Measuring …</p>;
  return (
    <>
      <p class="small muted">Percentiles of your sounds: dots measured, line asked.</p>
      {DESCRIPTORS.map((name) => (
        <div key={name} class="curve-view">
          <span class="small muted">{name}</span>
          <CurveView
            axis={axis}
            label={name}
            token={TOKENS[name]}
            points={asked[name] ?? []}
            measured={{ values: measured.curves[name] ?? [], rate: measured.frame_rate }}
            height={HEIGHT}
          />
        </div>
      ))}
    </>
  );
}
