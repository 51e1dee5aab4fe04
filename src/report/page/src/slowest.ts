// The slowest items. Choosing one shows it in the timeline.

import { byId, foreign, make, numberCell, tableElement, type Cell } from "./dom";
import { exactTime, formatCount, formatTime } from "./format";
import { nameOf, type Run, type Slow } from "./run";

function row(run: Run, slow: Slow, choose: ((slow: Slow) => void) | null): Cell[] {
  const name = foreign(nameOf(run, slow.index, slow.name));
  const button = choose
    ? make("button", { type: "button", class: "link", title: "Show in the timeline" }, name)
    : name;
  if (choose) button.addEventListener("click", () => choose(slow));
  return [
    { text: button, value: slow.index },
    numberCell(formatTime(slow.duration), slow.duration, exactTime(slow.duration)),
    numberCell(formatTime(slow.start), slow.start, exactTime(slow.start)),
    { text: foreign(slow.lane) },
    numberCell(formatCount(slow.attempt), slow.attempt),
    { text: slow.failed ? make("span", { class: "failed-mark" }, "failed") : "succeeded" },
  ];
}

// choose: null where there is no timeline to show it in.
export function buildSlowest(run: Run, choose: ((slow: Slow) => void) | null): void {
  byId("slowest-body").append(
    tableElement({
      caption: choose
        ? `The ${run.words.items} that took longest; choose one to see it in the timeline`
        : "What took longest",
      head: [run.words.item, "took", "started at", run.words.lane, "attempt", "outcome"],
      rows: run.slowest.map((slow) => row(run, slow, choose)),
    }),
  );
}
