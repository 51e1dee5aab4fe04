// The recorded run, as the library writes it into the page. Times are nanoseconds since the run
// began, shares 0 to 1.

export const parts = ["work", "generator", "collector", "idle"] as const;
export type Part = (typeof parts)[number];
// What a lane is busy with, in the order in which the timeline stacks it from the bottom.
export const busyParts = ["work", "generator", "collector"] as const;

export interface Summary {
  produced: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  retries: number;
  wall: number;
  paused: number;
  workers: number;
  peak_in_flight: number;
  peak_memory: number;
  stopped: boolean;
  bound: string;
  generator_share: number;
  work_share: number;
  collector_share: number;
  idle_share: number;
}

// Columns of equal length, in order of start, never overlapping.
export type Slices = Record<Part | "start" | "items" | "failed" | "first" | "name", number[]>;

export interface Lane {
  name: string;
  kind: string;
  items: number;
  busy: number;
  time: Record<Part, number>;
  slices: Slices;
}

// A lane of items that wait for another attempt; its "work" is that.
export function isWaiting(lane: Lane): boolean {
  return lane.kind === "backoff";
}

// What a part of a lane is called.
export function partOf(run: Run, lane: Lane, part: Part): string {
  return part === "work" && isWaiting(lane) ? "waiting for another attempt" : run.parts[part];
}

export interface Slow {
  index: number;
  name: string;
  start: number;
  duration: number;
  lane: string;
  attempt: number;
  failed: boolean;
}

export interface FailureGroup {
  kind: string;
  message: string;
  count: number;
  examples: { index: number; name: string; attempts: number }[];
}

export interface Durations {
  count: number;
  mean: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
  buckets: [from: number, to: number, count: number][];
}

export interface Waits {
  waits: number;
  waited: number;
  // How many at a time, on average.
  waiting: number;
}

export interface Stage extends Waits {
  name: string;
  share: number;
  time: number;
  attempts: number;
  limit: number | null;
}

export interface Run {
  format: number;
  version: string;
  title: string;
  started: number;
  words: { item: string; items: string; lane: string; lanes: string };
  summary: Summary;
  queue: number | null;
  memory: number | null;
  rate: number;
  cpu: { time: number | null; efficiency: number | null } | null;
  broken_off: string | null;
  verdict: {
    bound: string;
    headline: string;
    detail: string;
    best_factor: number | null;
    advice: { do: string; why: string }[];
  };
  stages: Stage[];
  turns: Waits | null;
  parts: Record<Part, string>;
  thinned: boolean;
  resolution: number;
  lanes: Lane[];
  names: string[];
  series: { t: number[]; rate: number[]; in_flight: number[] };
  durations: Durations;
  slowest: Slow[];
  failures: { total: number; other: number; groups: FailureGroup[] };
}

const formatRead = 1;

// Throws an Error in words where the text is no run that this page can show.
export function parseRun(text: string): Run {
  let run: Run;
  try {
    run = JSON.parse(text) as Run;
  } catch {
    throw new Error("This page holds no recorded run.");
  }
  if (run.format !== formatRead) {
    throw new Error(
      `This page shows runs of format ${formatRead}; the run it holds has format ${run.format}.`,
    );
  }
  return run;
}

// "item 17", for an item without a name.
export function nameOf(run: Run, index: number, name: string): string {
  return name === "" ? `${run.words.item} ${index}` : name;
}

// "1 item", "2 items": the run's own words.
export function wordFor(run: Run, count: number): string {
  return count === 1 ? run.words.item : run.words.items;
}
