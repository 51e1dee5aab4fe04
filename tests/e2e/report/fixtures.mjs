// Runs for the page to show, made by chance from fixed seeds, in the shape the library writes.

/** @typedef {import("../../../src/report/page/src/run.ts").Run} Run */
/** @typedef {import("../../../src/report/page/src/run.ts").Lane} Lane */

const parts = /** @type {const} */ (["generator", "work", "collector", "idle"]);

/** A generator of numbers from 0 to 1 (mulberry32). @param {number} seed */
function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @returns {Lane} */
function emptyLane(/** @type {string} */ name) {
  return {
    name,
    kind: "worker",
    items: 0,
    busy: 0,
    time: { generator: 0, work: 0, collector: 0, idle: 0 },
    slices: {
      start: [],
      generator: [],
      work: [],
      collector: [],
      idle: [],
      items: [],
      failed: [],
      first: [],
      name: [],
    },
  };
}

/**
 * Appends a slice behind the last one.
 * @param {Lane} lane
 * @param {Partial<Record<(typeof parts)[number], number>>} time
 * @param {{items?: number, failed?: number, first?: number, name?: number}} what
 */
function addSlice(lane, time, what = {}) {
  const { slices } = lane;
  const last = slices.start.length - 1;
  slices.start.push(
    last < 0 ? 0 : parts.reduce((sum, part) => sum + slices[part][last], slices.start[last]),
  );
  for (const part of parts) {
    slices[part].push(time[part] ?? 0);
    lane.time[part] += time[part] ?? 0;
    if (part !== "idle") lane.busy += time[part] ?? 0;
  }
  slices.items.push(what.items ?? 0);
  slices.failed.push(what.failed ?? 0);
  slices.first.push(what.first ?? 0);
  slices.name.push(what.name ?? 0);
  lane.items += what.items ?? 0;
}

/** @returns {Run} A run of no items, in no time. */
export function emptyRun() {
  return {
    format: 1,
    version: "0.1.0",
    title: "",
    started: 1764025938.123,
    words: { item: "item", items: "items", lane: "worker", lanes: "workers" },
    summary: {
      produced: 0,
      succeeded: 0,
      failed: 0,
      cancelled: 0,
      retries: 0,
      wall: 0,
      paused: 0,
      workers: 2,
      peak_in_flight: 0,
      peak_memory: 0,
      stopped: false,
      bound: "balanced",
      generator_share: 0,
      work_share: 0,
      collector_share: 0,
      idle_share: 0,
    },
    queue: 200,
    memory: null,
    rate: 0,
    cpu: { time: 0, efficiency: null },
    broken_off: null,
    verdict: {
      bound: "nothing",
      headline: "Nothing to do: the generator yielded no items.",
      detail: "",
      best_factor: null,
      advice: [],
    },
    stages: [],
    turns: null,
    parts: { generator: "generator", work: "work", collector: "collector", idle: "idle" },
    thinned: false,
    resolution: 0,
    lanes: [],
    names: [],
    series: { t: [], rate: [], in_flight: [] },
    durations: { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0, buckets: [] },
    slowest: [],
    failures: { total: 0, other: 0, groups: [] },
  };
}

/** What follows from the lanes: shares, wall, CPU. @param {Run} run */
function settle(run) {
  const { summary, lanes } = run;
  const time = { generator: 0, work: 0, collector: 0, idle: 0 };
  for (const lane of lanes) for (const part of parts) time[part] += lane.time[part];
  summary.workers = lanes.length;
  summary.wall = lanes.reduce(
    (most, lane) =>
      Math.max(
        most,
        parts.reduce((sum, part) => sum + lane.time[part], 0),
      ),
    0,
  );
  const all = parts.reduce((sum, part) => sum + time[part], 0);
  if (all > 0) for (const part of parts) summary[`${part}_share`] = time[part] / all;
  summary.produced = lanes.reduce((sum, lane) => sum + lane.items, 0) + summary.cancelled;
  summary.succeeded = summary.produced - summary.failed - summary.cancelled;
  run.rate = summary.wall > 0 ? (summary.succeeded + summary.failed) / (summary.wall / 1e9) : 0;
  const busy = all - time.idle;
  run.cpu = { time: Math.round(busy * 0.98), efficiency: all > 0 ? (busy * 0.98) / all : null };
  return run;
}

/** Series and durations, of a plausible shape. @param {Run} run @param {() => number} random */
function addCurves(run, random, points = 120) {
  const { wall, produced } = run.summary;
  for (let i = 0; i < points; i++) {
    run.series.t.push(Math.round(((i + 0.5) / points) * wall));
    run.series.rate.push(run.rate * (0.7 + 0.6 * random()) * Math.min(1, (i + 1) / 8));
    run.series.in_flight.push(
      Math.round(run.summary.peak_in_flight * (i === 5 ? 1 : 0.3 + 0.7 * random())),
    );
  }
  const mean = Math.max(
    1,
    Math.round((run.summary.work_share * wall * run.summary.workers) / Math.max(1, produced)),
  );
  for (let i = -6; i <= 12; i++) {
    const count = Math.round(produced * 0.22 * Math.exp(-((i / 3) ** 2)));
    if (count > 0)
      run.durations.buckets.push([
        Math.round(mean * 2 ** (i / 2)),
        Math.round(mean * 2 ** ((i + 1) / 2)),
        count,
      ]);
  }
  Object.assign(run.durations, {
    count: produced,
    mean,
    p50: Math.round(mean * 1.05),
    p90: mean * 3,
    p99: mean * 8,
    p999: mean * 31,
    max: mean * 64,
  });
  return run;
}

/**
 * Every item a slice of its own, with the generator, the collector and idling between.
 * @param {{seed: number, lanes: number, items: number, work: number, generator: number, collector:
 *   number, idle: number, failEvery?: number}} shape times in nanoseconds
 */
function fineRun(shape) {
  const random = dice(shape.seed);
  const run = emptyRun();
  let index = 0;
  for (let l = 0; l < shape.lanes; l++) run.lanes.push(emptyLane(`worker ${l}`));
  const vary = (/** @type {number} */ mean) => Math.round(mean * (0.4 + 1.2 * random()));
  for (let i = 0; i < shape.items; i++) {
    for (const lane of run.lanes) {
      addSlice(lane, { generator: vary(shape.generator) });
      const fails =
        shape.failEvery !== undefined && index % shape.failEvery === shape.failEvery - 1;
      let name = 0;
      if (index % 3 === 0) name = run.names.push(`photos/2024/holiday_${index}.jpg`);
      addSlice(
        lane,
        { work: vary(shape.work * (random() < 0.02 ? 8 : 1)) },
        { items: 1, failed: fails ? 1 : 0, first: index++, name },
      );
      if (fails) run.summary.failed++;
      addSlice(lane, { collector: vary(shape.collector) });
      if (shape.idle > 0) addSlice(lane, { idle: vary(shape.idle) });
    }
  }
  run.summary.peak_in_flight = 37;
  settle(run);
  addSlowest(run);
  return addCurves(run, random);
}

/** @param {Run} run */
function addSlowest(run) {
  for (const lane of run.lanes) {
    const { slices } = lane;
    slices.start.forEach((start, i) => {
      if (slices.items[i] !== 1) return;
      run.slowest.push({
        index: slices.first[i],
        name: slices.name[i] ? run.names[slices.name[i] - 1] : "",
        start,
        duration: slices.work[i],
        lane: lane.name,
        attempt: 1,
        failed: slices.failed[i] > 0,
      });
    });
  }
  run.slowest.sort((a, b) => b.duration - a.duration);
  run.slowest.splice(20);
}

export function balancedRun() {
  const run = fineRun({
    seed: 1,
    lanes: 4,
    items: 60,
    work: 3e6,
    generator: 4e5,
    collector: 3e5,
    idle: 6e5,
    failEvery: 41,
  });
  run.title = "thumbnails";
  run.summary.retries = 7;
  run.failures = {
    total: run.summary.failed,
    other: 0,
    groups: [
      {
        kind: "exception",
        message: "cannot decode: unexpected end of file",
        count: 3,
        examples: [
          { index: 40, name: "photos/2024/broken.jpg", attempts: 2 },
          { index: 81, name: "", attempts: 1 },
        ],
      },
      {
        kind: "timeout",
        message: "took longer than 20 ms",
        count: run.summary.failed - 3,
        examples: [{ index: 122, name: "photos/2024/huge.tiff", attempts: 1 }],
      },
    ],
  };
  run.verdict = {
    bound: "work",
    headline: "Work-bound: 4 of 4 workers were busy 86 % of the time.",
    detail:
      "More cores would help up to about 7 workers; then the generator (11 % of a core) bounds the run.",
    best_factor: 1.75,
    advice: [
      {
        do: "Use more workers",
        why: "work takes 70 % of all time, and nothing else is close to its limit",
      },
      {
        do: "Let the collector do less",
        why: "it runs one item at a time and takes 7 % of a core",
      },
    ],
  };
  run.summary.bound = "work";
  return run;
}

export function generatorBoundRun() {
  const run = fineRun({
    seed: 2,
    lanes: 2,
    items: 300,
    work: 1e5,
    generator: 8e5,
    collector: 2e4,
    idle: 6e5,
  });
  run.title = "tree_walk";
  run.summary.bound = "generator";
  run.queue = null;
  run.verdict = {
    bound: "generator",
    headline: "Generator-bound: it was running 97 % of the time.",
    detail: "The workers waited for items 41 % of the time.",
    best_factor: 1.2,
    advice: [
      {
        do: "Use split() on the range",
        why: "then workers take items without calling the generator one at a time",
      },
    ],
  };
  return run;
}

/** 64 lanes of wide slices. */
export function manyLanesRun() {
  const run = fineRun({
    seed: 3,
    lanes: 64,
    items: 12,
    work: 5e7,
    generator: 1e6,
    collector: 2e6,
    idle: 2e7,
    failEvery: 97,
  });
  run.title = "render_frames";
  run.summary.bound = "balanced";
  run.failures = {
    total: run.summary.failed,
    other: 2,
    groups: [
      {
        kind: "error",
        message: "no space left on device",
        count: run.summary.failed - 2,
        examples: [],
      },
    ],
  };
  run.verdict = {
    bound: "balanced",
    headline: "Balanced: no part held this run back.",
    detail: "",
    best_factor: null,
    advice: [],
  };
  return run;
}

/** 100,000 merged slices of 100 items each: ten million items. */
export function bigRun() {
  const random = dice(4);
  const run = emptyRun();
  let index = 0;
  for (let l = 0; l < 8; l++) run.lanes.push(emptyLane(`worker ${l}`));
  for (let i = 0; i < 12500; i++) {
    for (const lane of run.lanes) {
      const slow = Math.sin(i / 900) > 0.6;
      const fails = random() < 0.0002 ? 1 : 0;
      addSlice(
        lane,
        {
          generator: Math.round(9000 * random()),
          work: Math.round(90000 + 30000 * random()),
          collector: Math.round(6000 * random()),
          idle: slow ? Math.round(80000 * random()) : 0,
        },
        { items: 100, failed: fails, first: index },
      );
      run.summary.failed += fails;
      index += 100;
    }
  }
  run.title = "ten million";
  run.summary.peak_in_flight = 800;
  run.queue = 800;
  run.thinned = true;
  run.resolution = 120000;
  run.summary.bound = "work";
  run.failures = {
    total: run.summary.failed,
    other: 0,
    groups: [
      {
        kind: "exception",
        message: "bad number",
        count: run.summary.failed,
        examples: [{ index: 5, name: "", attempts: 1 }],
      },
    ],
  };
  run.verdict = {
    bound: "work",
    headline: "Work-bound: 8 of 8 workers were busy 93 % of the time.",
    detail: "Workers spent 82 % of their time in work.",
    best_factor: 3.1,
    advice: [{ do: "Use more workers", why: "work bounds the run" }],
  };
  settle(run);
  return addCurves(run, random, 500);
}

export const hostileNames = [
  "</script><script>window.hacked=1</script>",
  '<img src=x onerror="window.hacked=1">',
  "\u202etxt.exe\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
  `${"very_long_name_without_a_break_".repeat(40)}.dat`,
  "<!--",
  "]]>",
  "&lt;b&gt;",
  "'\"`${window.hacked=1}",
  "a\u0000b\nc\td\u2028e\u2029f",
  "@PARWORK_RUN@",
  "javascript:window.hacked=1",
];

/** Every string that comes from outside is hostile. */
export function hostileRun() {
  const run = balancedRun();
  const name = (/** @type {number} */ i) => hostileNames[i % hostileNames.length];
  run.title = name(0);
  run.version = name(1);
  run.names = hostileNames;
  run.slowest.forEach((slow, i) => {
    slow.name = name(i);
    const slices = run.lanes.find((lane) => lane.name === slow.lane)?.slices;
    if (slices) slices.name[slices.start.indexOf(slow.start)] = 1 + (i % hostileNames.length);
  });
  run.broken_off = name(0);
  Object.assign(run.verdict, {
    headline: name(1),
    detail: name(0),
    advice: hostileNames.map((text) => ({ do: text, why: text })),
  });
  run.failures.groups = hostileNames.map((text, i) => ({
    kind: text,
    message: text,
    count: i + 1,
    examples: [{ index: i, name: text, attempts: 3 }],
  }));
  run.failures.total = run.failures.groups.reduce((sum, group) => sum + group.count, 0);
  run.lanes.forEach((lane, i) => {
    run.slowest
      .filter((slow) => slow.lane === lane.name)
      .forEach((slow) => {
        slow.lane = name(i);
      });
    lane.name = name(i);
  });
  return run;
}

export function singleItemRun() {
  const run = emptyRun();
  run.title = "one";
  const lane = emptyLane("worker 0");
  addSlice(lane, { generator: 1200 });
  addSlice(lane, { work: 340000 }, { items: 1, first: 0 });
  addSlice(lane, { collector: 800 });
  run.lanes.push(lane);
  run.summary.peak_in_flight = 1;
  run.summary.bound = "work";
  run.verdict = {
    bound: "work",
    headline: "Work-bound: one item.",
    detail: "",
    best_factor: null,
    advice: [],
  };
  settle(run);
  run.series = { t: [171000], rate: [run.rate], in_flight: [0] };
  run.durations = {
    count: 1,
    mean: 340000,
    p50: 340000,
    p90: 340000,
    p99: 340000,
    p999: 340000,
    max: 340000,
    buckets: [[331000, 345000, 1]],
  };
  addSlowest(run);
  return run;
}

/** Paused for a part of its time, with weighed items. */
export function pausedRun() {
  const run = generatorBoundRun();
  run.title = "paused";
  run.summary.paused = Math.round(run.summary.wall / 4);
  run.rate *= 4 / 3;
  run.summary.peak_memory = 50_331_648;
  run.memory = 67_108_864;
  return run;
}

/** Three stages, one of them limited, of items with keys. */
export function stagedRun() {
  const run = balancedRun();
  const waits = { waits: 0, waited: 0, waiting: 0 };
  run.stages = [
    { name: "stage 0", share: 0.35, time: 252e6, attempts: 240, limit: null, ...waits },
    {
      name: "stage 1",
      share: 0.6495,
      time: 467_640_000,
      attempts: 247,
      limit: 2,
      waits: 201,
      waited: 1_234_567_890,
      waiting: 5.144,
    },
    { name: "stage 2", share: 0.0005, time: 360_000, attempts: 240, limit: 4, ...waits },
  ];
  run.turns = { waits: 1, waited: 60_000_000, waiting: 0.25 };
  return run;
}

/** Three items in less time than the clock can tell. */
export function instantRun() {
  const run = emptyRun();
  run.title = "instant";
  Object.assign(run.summary, { produced: 3, succeeded: 3, peak_in_flight: 3 });
  run.lanes.push(emptyLane("worker 0"), emptyLane("worker 1"));
  run.lanes[0].items = 3;
  run.durations = {
    count: 3,
    mean: 0,
    p50: 0,
    p90: 0,
    p99: 0,
    p999: 0,
    max: 0,
    buckets: [[0, 1, 3]],
  };
  for (let i = 0; i < 3; i++) {
    run.slowest.push({
      index: i,
      name: "",
      start: 0,
      duration: 0,
      lane: "worker 0",
      attempt: 1,
      failed: false,
    });
  }
  run.verdict = {
    bound: "balanced",
    headline: "Too short to tell.",
    detail: "",
    best_factor: null,
    advice: [],
  };
  return run;
}

export function brokenOffRun() {
  const run = generatorBoundRun();
  run.broken_off = "the generator threw: cannot open directory /data: Permission denied";
  run.summary.stopped = true;
  run.summary.cancelled = 12;
  run.cpu = null;
  return settleCounts(run);
}

/** @param {Run} run */
function settleCounts(run) {
  const { summary } = run;
  summary.succeeded = summary.produced - summary.failed - summary.cancelled;
  return run;
}

/**
 * A run as the library writes it: the object's JSON in place of the marker.
 * @param {string} page
 * @param {Run} run
 */
export function reportOf(page, run) {
  const json = JSON.stringify(run)
    .replaceAll("<", "\\u003c")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
  const [head, tail] = page.split("@PARWORK_RUN@");
  return head + json + tail;
}
