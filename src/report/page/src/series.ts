// Throughput and items in flight over time, showing the same range of time as the timeline.

import uPlot from "uplot";
import { countAxis, plot, timeAxis, wholeSteps } from "./charts";
import { byId, make, numberCell, numbersOf } from "./dom";
import { exactTime, formatCount, formatReal, formatTime } from "./format";
import type { Run } from "./run";
import { palette } from "./theme";
import { zoomByWheel } from "./timeline_input";
import type { View } from "./view";

interface Curve {
  id: string;
  title: string;
  unit: string;
  values: number[];
  isCount: boolean;
  colour: () => string;
  format: (value: number) => string;
  // Drawn as a dashed line where the curve comes near it.
  bound: number | null;
}

function curvesOf(run: Run): Curve[] {
  const { series, words, queue } = run;
  return [
    {
      id: "rate",
      title: "Throughput",
      unit: `${words.items}/s`,
      values: series.rate,
      isCount: false,
      format: formatReal,
      colour: () => palette().accent,
      bound: null,
    },
    {
      id: "in-flight",
      title: "In flight",
      unit: words.items,
      values: series.in_flight,
      isCount: true,
      format: formatCount,
      colour: () => palette().parts.collector,
      bound: queue,
    },
  ];
}

function largest(values: number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

// So that an instant stands below itself: the width of the lanes' names.
function leftOfTimeline(): number {
  const lanes = document.getElementById("lanes");
  const left =
    lanes && lanes.getBoundingClientRect().left - byId("series-body").getBoundingClientRect().left;
  return Math.max(52, Math.round(left ?? 0));
}

function drawBound(chart: uPlot, bound: number): void {
  if (bound > (chart.scales.y!.max ?? 0)) return;
  const { ctx, bbox } = chart;
  const y = Math.round(chart.valToPos(bound, "y", true));
  ctx.save();
  ctx.strokeStyle = palette().muted;
  ctx.setLineDash([6, 4]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

function optionsOf(
  curve: Curve,
  view: View,
  readOut: (index: number | null) => void,
): Omit<uPlot.Options, "width"> {
  const top = largest(curve.values);
  const roof = curve.bound !== null && curve.bound <= 3 * top ? Math.max(top, curve.bound) : top;
  return {
    height: 160,
    padding: [10, 0, 0, 0],
    cursor: { sync: { key: "time" }, y: false, drag: { x: true, y: false, setScale: false } },
    scales: {
      x: { time: false, range: () => [view.from, view.to] },
      y: { range: () => [0, roof > 0 ? roof * 1.08 : 1] },
    },
    axes: [
      timeAxis(),
      countAxis({ size: leftOfTimeline, ...(curve.isCount ? { incrs: wholeSteps } : {}) }),
    ],
    series: [
      {},
      {
        stroke: curve.colour,
        width: 1.5,
        fill: () => `${curve.colour()}22`,
        points: { show: curve.values.length < 3 },
      },
    ],
    hooks: {
      setCursor: [(chart) => readOut(chart.cursor.idx ?? null)],
      draw: [
        (chart) => {
          if (curve.bound !== null) drawBound(chart, curve.bound);
        },
      ],
      setSelect: [
        (chart) => {
          const { left, width } = chart.select;
          if (width >= 4) view.set(chart.posToVal(left, "x"), chart.posToVal(left + width, "x"));
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

function buildCurve(run: Run, view: View, curve: Curve): HTMLElement {
  const { t } = run.series;
  const reading = make("span", { class: "reading", id: `${curve.id}-reading` });
  const peak = `peak ${curve.format(largest(curve.values))} ${curve.unit}`;
  const bound = curve.bound === null ? "" : `, the queue allows ${curve.format(curve.bound)}`;
  const readOut = (index: number | null) => {
    const value = index === null ? undefined : curve.values[index];
    reading.textContent =
      value === undefined
        ? peak + bound
        : `${curve.format(value)} ${curve.unit} at ${formatTime(t[index!])}`;
  };
  readOut(null);
  const frame = make("div", { class: "chart", id: `${curve.id}-chart` });
  byId("series-body").append(make("h3", {}, curve.title, " ", reading), frame);
  const label = `${curve.title} over time: ${peak}${bound}. The numbers are in the table below.`;
  const chart = plot(frame, label, optionsOf(curve, view, readOut), [t, curve.values]);
  view.watch(() => chart.setScale("x", { min: view.from, max: view.to }));
  zoomByWheel(view, chart.over);
  return frame;
}

export function buildSeries(run: Run, view: View): void {
  const { t, rate, in_flight } = run.series;
  const body = byId("series-body");
  for (const curve of curvesOf(run)) buildCurve(run, view, curve);
  body.append(
    numbersOf({
      caption: "Throughput and in flight",
      head: ["time", `${run.words.items}/s`, "in flight"],
      rows: t.map((time, i) => [
        numberCell(formatTime(time), time, exactTime(time)),
        numberCell(formatReal(rate[i]), rate[i] ?? 0),
        numberCell(formatCount(in_flight[i]), in_flight[i] ?? 0),
      ]),
    }),
  );
}
