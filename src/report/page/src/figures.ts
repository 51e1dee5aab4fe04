// The run in figures. Each says its exact value in data-value.

import { byId, make } from "./dom";
import {
  exactBytes,
  exactTime,
  formatBytes,
  formatCount,
  formatPercent,
  formatReal,
  formatTime,
  unknown,
} from "./format";
import { wordFor, type Run } from "./run";

interface Figure {
  id: string;
  label: string;
  shown: string;
  value: number | string | boolean;
  note?: string;
  exact?: string;
  isBad?: boolean;
}

function counts(run: Run): Figure[] {
  const { summary, words } = run;
  const count = (
    id: "produced" | "succeeded" | "failed" | "cancelled" | "retries",
    label: string,
  ): Figure => ({ id, label, shown: formatCount(summary[id]), value: summary[id] });
  return [
    { ...count("produced", `${words.items} taken`) },
    { ...count("succeeded", "succeeded") },
    { ...count("failed", "failed"), isBad: summary.failed > 0 },
    { ...count("cancelled", "cancelled") },
    { ...count("retries", "retries") },
  ];
}

// Most runs are never paused.
function paused(run: Run): Figure[] {
  const { wall, paused: time } = run.summary;
  if (time === 0) return [];
  return [
    {
      id: "paused",
      label: "paused",
      shown: formatTime(time),
      value: time,
      note: `${formatPercent(time / wall)} of the wall time; in no share and no rate`,
      exact: exactTime(time),
    },
  ];
}

// Most items have no weights.
function memory(run: Run): Figure[] {
  const bytes = run.summary.peak_memory;
  if (bytes === 0) return [];
  return [
    {
      id: "peak_memory",
      label: "most memory in flight",
      shown: formatBytes(bytes),
      value: bytes,
      note:
        run.memory === null
          ? "of items' weights; there is no bound"
          : `of ${formatBytes(run.memory)} that the run allows`,
      exact: exactBytes(bytes),
    },
  ];
}

function speed(run: Run): Figure[] {
  const { summary, words, cpu, queue } = run;
  const time = cpu?.time ?? null;
  const workers = `${formatCount(summary.workers)} ${summary.workers === 1 ? words.lane : words.lanes}`;
  return [
    {
      id: "wall",
      label: "wall time",
      shown: formatTime(summary.wall),
      value: summary.wall,
      exact: exactTime(summary.wall),
    },
    ...paused(run),
    {
      id: "rate",
      label: `${words.items} per second`,
      shown: formatReal(run.rate),
      value: run.rate,
    },
    {
      id: "cpu_efficiency",
      label: "CPU efficiency",
      shown: formatPercent(cpu?.efficiency),
      value: cpu?.efficiency ?? "",
      note: time === null ? `of ${workers}` : `${formatTime(time)} of CPU time`,
    },
    {
      id: "workers",
      label: summary.workers === 1 ? words.lane : words.lanes,
      shown: formatCount(summary.workers),
      value: summary.workers,
    },
    {
      id: "peak_in_flight",
      label: "most in flight",
      shown: formatCount(summary.peak_in_flight),
      value: summary.peak_in_flight,
      note:
        queue === null
          ? `${wordFor(run, summary.peak_in_flight)} at once`
          : `of ${formatCount(queue)} the queue allows`,
    },
    ...memory(run),
  ];
}

function figureElement(figure: Figure): HTMLElement {
  return make(
    "div",
    { class: figure.isBad ? "figure bad" : "figure" },
    make("dt", {}, figure.label),
    make(
      "dd",
      {
        "data-figure": figure.id,
        "data-value": String(figure.value),
        title: figure.exact ?? (figure.shown === unknown ? "not known" : String(figure.value)),
      },
      figure.shown,
    ),
    figure.note ? make("dd", { class: "note" }, figure.note) : null,
  );
}

export function buildFigures(run: Run): void {
  byId("figures").append(...[...counts(run), ...speed(run)].map(figureElement));
  const stopped = byId("stopped");
  stopped.dataset.value = String(run.summary.stopped);
  stopped.textContent = run.summary.stopped ? "stopped before its end" : "ran to its end";
  const bound = byId("bound");
  bound.dataset.value = run.summary.bound;
  bound.textContent =
    run.verdict.bound === run.summary.bound
      ? `bound: ${run.summary.bound}`
      : `bound: ${run.summary.bound} (${run.verdict.bound})`;
}
