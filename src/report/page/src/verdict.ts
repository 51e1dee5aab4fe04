// What held the run back, and what to change.

import { byId, foreign, make } from "./dom";
import { formatReal, formatTime } from "./format";
import type { Run } from "./run";

function factorFigure(factor: number): HTMLElement {
  return make(
    "p",
    { class: "factor", "data-figure": "best_factor", "data-value": factor },
    make("span", {}, "up to "),
    make("strong", {}, `${formatReal(factor)}\u00d7`),
    make("span", {}, " faster at best"),
  );
}

function adviceList(advice: Run["verdict"]["advice"]): HTMLElement {
  const items = advice.map((piece) =>
    make("li", {}, foreign(piece.do, { class: "do" }), foreign(piece.why, { class: "why" })),
  );
  return make(
    "div",
    { class: "advice" },
    make("h3", {}, advice.length === 1 ? "What to change" : "What to change, most useful first"),
    make("ol", { id: "advice" }, ...items),
  );
}

export function buildVerdict(run: Run): void {
  const { verdict } = run;
  if (run.broken_off !== null) {
    byId("notices").append(
      make(
        "p",
        { class: "notice broken", id: "broken-off" },
        make("strong", {}, "The run was broken off: "),
        foreign(run.broken_off),
      ),
    );
  }
  if (run.thinned) {
    byId("notices").append(make("p", { class: "notice", id: "thinned" }, thinnedSentence(run)));
  }
  const section = byId("verdict");
  section.dataset.bound = verdict.bound;
  byId("headline").append(foreign(verdict.headline));
  byId("detail").append(foreign(verdict.detail));
  const factor = verdict.best_factor;
  if (factor !== null && Number.isFinite(factor) && factor > 1)
    byId("headline").after(factorFigure(factor));
  if (verdict.advice.length > 0) section.append(adviceList(verdict.advice));
}

function thinnedSentence(run: Run): string {
  return (
    `This run was longer than its recording has room for: spans shorter than ${formatTime(run.resolution)} were ` +
    "merged, so the timeline shows shares of time where it would show single " +
    `${run.words.items}; ` +
    "the figures count everything."
  );
}
