// Failures, grouped by what they are.

import { byId, foreign, make, numberCell, tableElement } from "./dom";
import { formatCount } from "./format";
import { nameOf, type FailureGroup, type Run } from "./run";

function examples(run: Run, group: FailureGroup): HTMLElement {
  return make(
    "ul",
    { class: "examples" },
    ...group.examples.map((example) =>
      make(
        "li",
        {},
        foreign(nameOf(run, example.index, example.name)),
        example.attempts > 1 ? ` (${formatCount(example.attempts)} attempts)` : null,
      ),
    ),
  );
}

export function buildFailures(run: Run): void {
  const { total, other, groups } = run.failures;
  const body = byId("failures-body");
  const shown = make(
    "span",
    { "data-figure": "failures_total", "data-value": total },
    total === 0
      ? `No ${run.words.item} failed`
      : `${formatCount(total)} ${total === 1 ? "failure" : "failures"}`,
  );
  if (total === 0) {
    body.append(make("p", { class: "none" }, shown, "."));
    return;
  }
  body.append(
    make(
      "p",
      {},
      shown,
      ` in ${formatCount(groups.length)} ${groups.length === 1 ? "group" : "groups"}`,
      other > 0 ? `, and ${formatCount(other)} of other kinds that were not kept apart` : "",
      ".",
    ),
  );
  if (groups.length === 0) return;
  body.append(
    tableElement({
      caption: "Failures by kind and message, most frequent first",
      head: ["kind", "message", "count", "examples"],
      rows: groups.map((group) => [
        { text: foreign(group.kind, { class: "failed-mark" }) },
        { text: foreign(group.message) },
        numberCell(formatCount(group.count), group.count),
        { text: examples(run, group) },
      ]),
    }),
  );
}
