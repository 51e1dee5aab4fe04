// How long items took: a histogram over the logarithm of time, with its percentiles marked.

import uPlot from "uplot";
import { axis, countAxis, labelFont, plot, wholeSteps } from "./charts";
import { byId, make, numberCell, numbersOf } from "./dom";
import { exactTime, formatCount, formatTime } from "./format";
import type { Durations, Run } from "./run";
import { palette } from "./theme";

const marks = [
  ["p50", "p50"],
  ["p90", "p90"],
  ["p99", "p99"],
  ["p999", "p99.9"],
  ["max", "max"],
] as const;
const rowHeight = 14; // px of the marks' labels
const yAxisWidth = 52;

// Durations of 0 have no logarithm: they stand at half a nanosecond.
function log(nanoseconds: number): number {
  return Math.log10(Math.max(nanoseconds, 0.5));
}

function drawBars(chart: uPlot, buckets: Durations["buckets"]): void {
  const { ctx, bbox } = chart;
  ctx.fillStyle = palette().parts.work;
  const bottom = bbox.top + bbox.height;
  for (const [from, to, count] of buckets) {
    const left = Math.round(chart.valToPos(log(from), "x", true));
    const right = Math.round(chart.valToPos(log(to), "x", true));
    const top = Math.min(bottom - 2, chart.valToPos(count, "y", true));
    ctx.fillRect(left, top, Math.max(2, right - left - 1), bottom - top);
  }
}

interface Mark {
  label: string;
  at: number;
  row: number;
}

// Labels that would overlap go to rows of their own, above the plot. Positions are shares of the
// plot's width in px.
function layOut(durations: Durations, [from, to]: Range, width: number): Mark[] {
  const free: number[] = [];
  return marks.map(([key, label]) => {
    const at = log(durations[key]);
    const left = ((at - from) / (to - from)) * width;
    const found = free.findIndex((end) => end < left);
    const row = found < 0 ? free.length : found;
    free[row] = left + 8 * label.length + 6;
    return { label, at, row };
  });
}

function drawMarks(chart: uPlot, placed: Mark[]): void {
  const { ctx, bbox } = chart;
  const ratio = bbox.width / chart.over.clientWidth || devicePixelRatio;
  ctx.save();
  ctx.font = labelFont.replace(/^\d+/, (size) => String(Number(size) * ratio));
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillStyle = palette().text;
  for (const { label, at, row } of placed) {
    const x = Math.round(chart.valToPos(at, "x", true));
    const width = ctx.measureText(label).width;
    const left = Math.max(bbox.left, Math.min(x - width / 2, bbox.left + bbox.width - width));
    const y = bbox.top - (row + 0.7) * rowHeight * ratio;
    const top = y + (rowHeight / 2) * ratio;
    ctx.fillText(label, left, y);
    ctx.fillRect(x, top, Math.max(1, Math.round(ratio)), bbox.top + bbox.height - top);
  }
  ctx.restore();
}

// Whole decades where there are some in view, else what is round, else three places.
function decades(_: uPlot, __: number, min: number, max: number): number[] {
  const at: number[] = [];
  for (let i = Math.ceil(min); i <= max; i++) at.push(i);
  if (at.length >= 3) return at;
  const finer: number[] = [];
  for (let i = Math.floor(min); i <= max; i++)
    for (const digit of [1, 2, 5]) finer.push(i + Math.log10(digit));
  const within = finer.filter((value) => value >= min && value <= max);
  return within.length >= 2 ? within : [1, 3, 5].map((sixth) => min + ((max - min) * sixth) / 6);
}

type Range = [from: number, to: number];

function rangeOf({ buckets, max }: Durations): Range {
  const least = log(buckets[0]![0]);
  const most = Math.max(log(buckets.at(-1)![1]), log(max));
  const margin = Math.max(0.05, (most - least) * 0.03);
  return [least - margin, most + margin];
}

function options(durations: Durations): Omit<uPlot.Options, "width"> {
  const { buckets } = durations;
  const range = rangeOf(durations);
  const top = buckets.reduce((peak, bucket) => Math.max(peak, bucket[2]), 1);
  const place = (chart: uPlot) => layOut(durations, range, chart.width - yAxisWidth);
  const above = (chart: uPlot) =>
    (1 + Math.max(...place(chart).map(({ row }) => row))) * rowHeight + 8;
  return {
    height: 260,
    padding: [above, 14, 0, 0],
    cursor: { show: false },
    scales: { x: { time: false, range: () => range }, y: { range: () => [0, top * 1.05] } },
    axes: [
      { ...axis((value) => formatTime(10 ** value), { space: 50, size: 34 }), splits: decades },
      countAxis({ size: yAxisWidth, incrs: wholeSteps }),
    ],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: {
      draw: [
        (chart) => {
          drawBars(chart, buckets);
          drawMarks(chart, place(chart));
        },
      ],
    },
  };
}

function percentiles(durations: Durations): HTMLElement {
  const all = [["mean", "mean"], ...marks] as const;
  return make(
    "dl",
    { class: "percentiles" },
    ...all.map(([key, label]) =>
      make(
        "div",
        { class: "figure" },
        make("dt", {}, label),
        make(
          "dd",
          {
            "data-figure": `duration_${key}`,
            "data-value": durations[key],
            title: exactTime(durations[key]),
          },
          formatTime(durations[key]),
        ),
      ),
    ),
  );
}

export function buildHistogram(run: Run): void {
  const { durations, words } = run;
  const body = byId("durations-body");
  const frame = make("div", { class: "chart", id: "durations-chart" });
  body.append(percentiles(durations), frame);
  const spoken = marks.map(([key, label]) => `${label} ${formatTime(durations[key])}`).join(", ");
  const middles = durations.buckets.map(([from, to]) => (log(from) + log(to)) / 2);
  plot(
    frame,
    `Histogram of durations: ${spoken}. The numbers are in the table below.`,
    options(durations),
    [middles, durations.buckets.map((bucket) => bucket[2])],
  );
  body.append(
    numbersOf({
      caption: `Durations of ${formatCount(durations.count)} ${durations.count === 1 ? words.item : words.items}`,
      head: ["from", "to", words.items],
      rows: durations.buckets.map(([from, to, count]) => [
        numberCell(formatTime(from), from, exactTime(from)),
        numberCell(formatTime(to), to, exactTime(to)),
        numberCell(formatCount(count), count),
      ]),
    }),
  );
}
