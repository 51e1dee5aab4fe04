// Where the workers' time went: one bar of four shares.

import { byId, make } from "./dom";
import { formatPercent } from "./format";
import { parts, type Part, type Run } from "./run";

function shareOf(run: Run, part: Part): number {
  const share = run.summary[`${part}_share`];
  return Number.isFinite(share) ? Math.max(0, Math.min(1, share)) : 0;
}

export function buildShares(run: Run): void {
  const bar = make("div", { class: "share-bar", id: "share-bar", role: "img" });
  const legend = make("ul", { class: "legend" });
  for (const part of parts) {
    const share = shareOf(run, part);
    const segment = make("div", { class: `segment ${part}`, "data-part": part });
    segment.style.width = `${share * 100}%`;
    if (share > 0) bar.append(segment);
    legend.append(
      make(
        "li",
        {},
        make("span", { class: `swatch ${part}` }),
        make("span", { class: "label" }, run.parts[part]),
        make(
          "span",
          {
            class: "percent",
            "data-figure": `${part}_share`,
            "data-value": run.summary[`${part}_share`],
          },
          formatPercent(run.summary[`${part}_share`]),
        ),
      ),
    );
  }
  const spoken = parts
    .map((part) => `${run.parts[part]} ${formatPercent(shareOf(run, part))}`)
    .join(", ");
  bar.setAttribute("aria-label", `Where the time of the ${run.words.lanes} went: ${spoken}`);
  byId("shares").append(...(bar.children.length > 0 ? [bar] : []), legend);
}
