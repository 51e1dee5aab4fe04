// The stages of work, a share for each, and how long items waited for a place in one, or for
// one of an equal key.

import { byId, make, numberCell, tableElement, type Cell } from "./dom";
import { exactTime, formatCount, formatPercent, formatReal, formatTime, unknown } from "./format";
import { wordFor, type Run, type Stage, type Waits } from "./run";

function time(value: number): Cell {
  return numberCell(formatTime(value), value, exactTime(value));
}

function waitCells(waits: Waits): Cell[] {
  return [
    numberCell(formatCount(waits.waits), waits.waits),
    time(waits.waited),
    numberCell(formatReal(waits.waiting), waits.waiting),
  ];
}

function row(stage: Stage): Cell[] {
  const none = (): Cell => ({ text: unknown, value: "", number: true });
  const isLimited = stage.limit !== null;
  return [
    { text: stage.name },
    numberCell(formatPercent(stage.share), stage.share),
    time(stage.time),
    numberCell(formatCount(stage.attempts), stage.attempts),
    isLimited ? numberCell(formatCount(stage.limit), stage.limit!) : none(),
    ...(isLimited ? waitCells(stage) : [none(), none(), none()]),
  ];
}

function stageTable(run: Run): HTMLElement {
  const { items } = run.words;
  return tableElement({
    caption: "Share of the time in all stages, and waiting for a place",
    head: [
      "stage",
      "share",
      "time",
      "attempts",
      "limit",
      `${items} that waited`,
      "waited in all",
      "waiting on average",
    ],
    rows: run.stages.map(row),
  });
}

function turnSentence(run: Run, turns: Waits): HTMLElement {
  const figure = (id: string, shown: string, value: number): HTMLElement =>
    make("span", { "data-figure": id, "data-value": value }, shown);
  return make(
    "p",
    { id: "turns" },
    figure("turn_waits", formatCount(turns.waits), turns.waits),
    ` ${wordFor(run, turns.waits)} waited for one of an equal key: `,
    figure("turn_waited", formatTime(turns.waited), turns.waited),
    " in all, ",
    figure("turn_waiting", formatReal(turns.waiting), turns.waiting),
    " at a time on average.",
  );
}

// A run whose work has neither has no such section.
export function buildStages(run: Run): void {
  if (run.stages.length === 0 && run.turns === null) {
    byId("stages").remove();
    return;
  }
  const body = byId("stages-body");
  if (run.stages.length > 0) body.append(stageTable(run));
  if (run.turns !== null) body.append(turnSentence(run, run.turns));
}
