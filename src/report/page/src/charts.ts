// What the charts share: uPlot in the page's colours, as wide as its frame, with words for those
// who cannot see it.

import uPlot from "uplot";
import { formatTick } from "./format";
import { onThemeChange, palette } from "./theme";
import { ticksBetween } from "./ticks";

export const labelFont = "12px system-ui, sans-serif";

export function axis(
  format: (value: number, step: number, largest: number) => string,
  more: Partial<uPlot.Axis> = {},
): uPlot.Axis {
  return {
    stroke: () => palette().muted,
    grid: { stroke: () => palette().line, width: 1 },
    ticks: { stroke: () => palette().line, width: 1 },
    font: labelFont,
    values: (_, at) => {
      const step = (at[1] ?? 1) - (at[0] ?? 0);
      return at.map((value) => (value === null ? "" : format(value, step, at.at(-1) ?? 1)));
    },
    ...more,
  };
}

// The timeline's own ticks. A label that would be cut off at the right is left out.
export function timeAxis(): uPlot.Axis {
  const ticks = (chart: uPlot, from: number, to: number) =>
    ticksBetween(from, to, Math.max(2, Math.floor((chart.width - 60) / 110)));
  return axis(formatTick, {
    size: 34,
    splits: (chart, _, from, to) => ticks(chart, from, to).at,
    values: (chart, at) => {
      const { min = 0, max = 1 } = chart.scales.x!;
      const { step } = ticks(chart, min, max);
      const last = max - ((max - min) * 40) / chart.width;
      return at.map((value) => (value > last ? "" : formatTick(value, step, max)));
    },
  });
}

// Of an axis that counts.
export const wholeSteps = Array.from({ length: 13 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat();

// 1500 as "1.5k": short enough for an axis.
export function formatSmall(value: number): string {
  const [size, letter] = (
    [
      [1e9, "G"],
      [1e6, "M"],
      [1e3, "k"],
    ] as const
  ).find((unit) => Math.abs(value) >= unit[0]) ?? [1, ""];
  return `${Number((value / size).toPrecision(3))}${letter}`;
}

export function countAxis(more: Partial<uPlot.Axis> = {}): uPlot.Axis {
  return axis(formatSmall, { size: 52, space: 26, ...more });
}

export function plot(
  frame: HTMLElement,
  label: string,
  options: Omit<uPlot.Options, "width">,
  data: uPlot.AlignedData,
): uPlot {
  const width = () => Math.max(200, frame.clientWidth);
  const chart = new uPlot({ ...options, width: width(), legend: { show: false } }, data, frame);
  chart.ctx.canvas.setAttribute("role", "img");
  chart.ctx.canvas.setAttribute("aria-label", label);
  new ResizeObserver(() => {
    if (chart.width !== width()) chart.setSize({ width: width(), height: options.height });
  }).observe(frame);
  onThemeChange(() => chart.redraw());
  return chart;
}
