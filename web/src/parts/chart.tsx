/** Curves over one axis, with the figures behind them as a table. */

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colourOf, isLight } from "../state/theme";

export interface Series {
  label: string;
  /** Colour, by its token. */
  token: string;
  width?: number;
  dash?: number[];
  hasPoints?: boolean;
}

export interface ChartProps {
  label: string;
  /** Says what runs along the bottom. */
  xLabel: string;
  /** Places along the bottom, then values of each series; null where it has none. */
  data: uPlot.AlignedData;
  series: readonly Series[];
  height: number;
  digits?: number;
}

/** Rows of the table of figures, at most: the last ones. */
const MOST_ROWS = 12;

export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const light = isLight.value;
  const names = props.series.map((entry) => entry.label).join(",");

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const made = new uPlot(optionsOf(props, element.clientWidth), props.data, element);
    plot.current = made;
    const observer = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: props.height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [names, props.height, light]);

  useEffect(() => plot.current?.setData(props.data), [props.data]);

  return (
    <figure class="chart">
      <figcaption class="row">
        <h2 class="chart-title">{props.label}</h2>
        <span class="row spread small">
          {props.series.map((entry) => (
            <span key={entry.label} class="chart-key">
              <span
                class={entry.dash ? "chart-line is-dashed" : "chart-line"}
                style={{ borderColor: `var(--${entry.token})` }}
              />
              {entry.label}
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={place} class="chart-plot" style={{ height: `${props.height}px` }} />
      <details>
        <summary class="small muted">show figures</summary>
        <Figures {...props} />
      </details>
    </figure>
  );
}

function Figures({ data, series, xLabel, digits = 2 }: ChartProps) {
  const [xs] = data;
  const rows = Array.from({ length: xs.length }, (_, n) => n)
    .filter((n) => series.some((entry, k) => entry.hasPoints && data[k + 1]?.[n] != null))
    .slice(-MOST_ROWS);
  return (
    <table class="figures">
      <thead>
        <tr>
          <th scope="col">{xLabel}</th>
          {series.map((entry) => (
            <th key={entry.label} scope="col">
              {entry.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((n) => (
          <tr key={n}>
            <td>{xs[n]?.toFixed(1)}</td>
            {series.map((entry, k) => (
              <td key={entry.label}>{data[k + 1]?.[n]?.toFixed(digits) ?? ""}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function optionsOf(props: ChartProps, width: number): uPlot.Options {
  const axis = {
    stroke: colourOf("muted"),
    font: "12px Inter, sans-serif",
    grid: { stroke: colourOf("line"), width: 1 },
    ticks: { show: false },
    gap: 6,
  };
  return {
    width,
    height: props.height,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    // From the start on: a few points close together would have an axis of their own otherwise.
    scales: { x: { time: false, range: (_, __, last) => [0, Math.max(last, Number.MIN_VALUE)] } },
    axes: [
      {
        ...axis,
        size: 28,
        label: props.xLabel,
        labelFont: axis.font,
        labelSize: 16,
        values: (_, ticks) => ticks.map((tick) => `${tick}`),
      },
      { ...axis, size: 44 },
    ],
    series: [
      { label: props.xLabel },
      ...props.series.map((entry) => ({
        label: entry.label,
        stroke: colourOf(entry.token),
        width: entry.width ?? 2,
        ...(entry.dash ? { dash: entry.dash } : {}),
        points: { show: entry.hasPoints ?? false, size: 5, fill: colourOf(entry.token) },
        spanGaps: true,
      })),
    ],
  };
}

/** Aligns curves with places of their own along the bottom. */
export const joinCurves = (tables: uPlot.AlignedData[]): uPlot.AlignedData => uPlot.join(tables);
