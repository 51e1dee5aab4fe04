// Builds the page from the run that it holds.

import { byId, foreign, make } from "./dom";
import { buildFailures } from "./failures";
import { buildFigures } from "./figures";
import { formatDate } from "./format";
import { buildHistogram } from "./histogram";
import { parseRun, parts, type Run } from "./run";
import { buildSeries } from "./series";
import { buildShares } from "./shares";
import { buildSlowest } from "./slowest";
import { buildStages } from "./stages";
import { setUpTheme } from "./theme";
import { Timeline } from "./timeline";
import { buildVerdict } from "./verdict";
import { View } from "./view";
import { buildZoomBar } from "./zoom_bar";

// The end of what was recorded: a slice may outlast the wall time by a clock's tick.
function endOf(run: Run): number {
  let end = Math.max(run.summary.wall, run.series.t.at(-1) ?? 0);
  for (const { slices } of run.lanes) {
    const last = slices.start.length - 1;
    if (last >= 0)
      end = Math.max(
        end,
        parts.reduce((sum, part) => sum + slices[part][last]!, slices.start[last]!),
      );
  }
  return end;
}

function buildHeader(run: Run): void {
  const title = run.title || "parwork run";
  document.title = `${title} \u2013 parwork report`;
  byId("title").append(foreign(title));
  const about = [formatDate(run.started), `parwork ${run.version}`].filter((text) => text !== "");
  byId("about").append(foreign(about.join(" \u00b7 ")));
}

// A section whose picture would be empty says so in a sentence instead.
function none(id: string, sentence: string): void {
  byId(id).append(make("p", { class: "none" }, sentence));
}

function buildTimes(run: Run): Timeline | null {
  const end = endOf(run);
  const view = new View(Math.max(end, 1));
  const hasSlices = end > 0 && run.lanes.some((lane) => lane.slices.start.length > 0);
  let timeline: Timeline | null = null;
  if (hasSlices) {
    buildZoomBar(view);
    timeline = new Timeline(run, view);
    timeline.build();
  } else {
    byId("timeline-help").remove();
    none("timeline-body", `No ${run.words.lane} did anything that took time.`);
  }
  if (end > 0 && run.series.t.length > 1) buildSeries(run, view);
  else none("series-body", "The run was too short for a curve.");
  return timeline;
}

function build(run: Run): void {
  buildHeader(run);
  buildVerdict(run);
  buildFigures(run);
  buildShares(run);
  buildStages(run);
  const timeline = buildTimes(run);
  if (run.durations.buckets.length > 0) buildHistogram(run);
  else none("durations-body", `No ${run.words.item} was finished.`);
  if (run.slowest.length > 0) {
    buildSlowest(
      run,
      timeline &&
        ((slow) => {
          timeline.zoomTo(slow.start, slow.start + slow.duration);
          timeline.goTo(slow.lane, slow.start, slow.start + slow.duration);
        }),
    );
  } else none("slowest-body", `No ${run.words.item} was timed on its own.`);
  buildFailures(run);
}

function read(): Run | null {
  try {
    return parseRun(byId("run").textContent ?? "");
  } catch (error) {
    byId("headline").textContent = error instanceof Error ? error.message : String(error);
    return null;
  }
}

function start(): void {
  setUpTheme(byId("theme"));
  const run = read();
  if (run) build(run);
  else
    for (const section of document.querySelectorAll("section:not(#verdict), #shares"))
      section.remove();
  // Set once the first picture is on the screen: milliseconds since the page was asked for.
  requestAnimationFrame(() => {
    document.documentElement.dataset.ready = String(Math.round(performance.now()));
  });
}

start();
