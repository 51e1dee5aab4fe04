// What a report shows is what it was made of.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { figure, Reports } from "./browser.mjs";
import {
  assertPercent,
  assertSaneText,
  assertSummary,
  assertTime,
  tableOf,
  withCommas,
} from "./figures.mjs";
import * as fixtures from "./fixtures.mjs";

const reports = new Reports();
before(() => reports.start());
after(() => reports.stop());

const parts = /** @type {const} */ (["work", "generator", "collector", "idle"]);
const runs = {
  balanced: fixtures.balancedRun(),
  generator: fixtures.generatorBoundRun(),
  lanes: fixtures.manyLanesRun(),
  big: fixtures.bigRun(),
  single: fixtures.singleItemRun(),
  broken: fixtures.brokenOffRun(),
  empty: fixtures.emptyRun(),
  instant: fixtures.instantRun(),
  paused: fixtures.pausedRun(),
  staged: fixtures.stagedRun(),
};

for (const [name, run] of Object.entries(runs)) {
  test(name, (t) =>
    reports.show(name, run, async (page) => {
      await t.test("every figure of the summary is shown", () => assertFigures(page, run));
      await t.test("the verdict is shown in words", () => assertVerdict(page, run));
      await t.test("the tables below the pictures hold their numbers", () =>
        assertTables(page, run),
      );
    }),
  );
}

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("./fixtures.mjs").Run} Run */

/** @param {Page} page @param {Run} run */
async function assertFigures(page, run) {
  await assertSummary(page, run.summary);
  await assertSaneText(page);
  assert.equal((await figure(page, "rate")).value, String(run.rate));
  const cpu = await figure(page, "cpu_efficiency");
  if (run.cpu?.efficiency == null) assert.equal(cpu.text, "\u2013");
  else assertPercent(cpu.text, run.cpu.efficiency);
  assert.equal((await figure(page, "failures_total")).value, String(run.failures.total));
  assert.equal(await page.locator("h1").innerText(), run.title || "parwork run");
}

/** @param {Page} page @param {Run} run */
async function assertVerdict(page, run) {
  assert.equal(await page.locator("#headline").innerText(), run.verdict.headline);
  assert.equal(await page.locator("#detail").textContent(), run.verdict.detail);
  const advice = await page
    .locator("#advice li")
    .evaluateAll((items) =>
      items.map((item) => [
        item.querySelector(".do")?.textContent,
        item.querySelector(".why")?.textContent,
      ]),
    );
  assert.deepEqual(
    advice,
    run.verdict.advice.map((piece) => [piece.do, piece.why]),
  );
  const factors = await page
    .locator("[data-figure=best_factor]")
    .evaluateAll((all) => all.map((one) => one.getAttribute("data-value")));
  assert.deepEqual(
    factors,
    run.verdict.best_factor === null ? [] : [String(run.verdict.best_factor)],
  );
}

/** @param {Page} page @param {Run} run */
async function assertTables(page, run) {
  if (run.lanes.some((lane) => lane.slices.start.length > 0)) {
    assert.deepEqual(
      await tableOf(page, "Time of each worker"),
      run.lanes.map((lane) => [
        lane.name,
        String(lane.items),
        String(lane.busy),
        ...parts.map((part) => String(lane.time[part])),
      ]),
    );
  }
  if (run.series.t.length > 1) {
    assert.deepEqual(
      await tableOf(page, "Throughput and in flight"),
      run.series.t.map((t, i) => [
        String(t),
        String(run.series.rate[i]),
        String(run.series.in_flight[i]),
      ]),
    );
  }
  if (run.durations.count === 0) return;
  assert.deepEqual(
    await tableOf(page, "Durations of"),
    run.durations.buckets.map((bucket) => bucket.map(String)),
  );
  for (const key of /** @type {const} */ (["mean", "p50", "p90", "p99", "p999", "max"])) {
    const shown = await figure(page, `duration_${key}`);
    assert.equal(shown.value, String(run.durations[key]));
    assertTime(shown.text, run.durations[key]);
  }
}

test("a pause and the memory in flight are figures, with what bounds them", () =>
  reports.show("pause", runs.paused, async (page) => {
    const figures = await page.locator("#figures").innerText();
    assert.match(figures, /25\.0 % of the wall time; in no share and no rate/);
    assert.equal((await figure(page, "peak_memory")).text, "48 MiB");
    assert.match(figures, /of 64 MiB that the run allows/);
    assert.match(await page.locator("#paused-help").innerText(), /^The run was paused for /);
  }));

test("memory without a bound says so, and a run that was never paused nothing", () => {
  const run = fixtures.pausedRun();
  run.memory = null;
  run.summary.paused = 0;
  run.summary.peak_memory = 1;
  return reports.show("unbound", run, async (page) => {
    const figures = await page.locator("#figures").innerText();
    assert.match(figures, /1 byte\n+of items' weights; there is no bound/);
    assert.doesNotMatch(figures, /paused/);
    assert.equal(await page.locator("#paused-help").count(), 0);
  });
});

test("stages have a share each, limited ones their waits", () =>
  reports.show("stages", runs.staged, async (page) => {
    assert.deepEqual(
      await tableOf(page, "Share of the time in all stages"),
      runs.staged.stages.map((stage) => [
        stage.name,
        String(stage.share),
        String(stage.time),
        String(stage.attempts),
        ...(stage.limit === null
          ? ["", "", "", ""]
          : [stage.limit, stage.waits, stage.waited, stage.waiting].map(String)),
      ]),
    );
    const text = await page.locator("#stages").innerText();
    assert.match(text, /stage 0\s+35\.0 %\s+252 ms\s+240/);
    assert.match(text, /201\s+1\.23 s\s+5\.14/);
    assert.equal(
      await page.locator("#turns").innerText(),
      "1 item waited for one of an equal key: 60 ms in all, 0.25 at a time on average.",
    );
    assert.equal((await figure(page, "turn_waited")).value, "60000000");
  }));

test("keys without stages have no table, and other runs no such section", async () => {
  const run = fixtures.balancedRun();
  run.turns = { waits: 0, waited: 0, waiting: 0 };
  await reports.show("keyed", run, async (page) => {
    assert.equal(await page.locator("#stages table").count(), 0);
    assert.match(await page.locator("#turns").innerText(), /^0 items waited .* 0 s in all/);
  });
  await reports.show("plain", runs.balanced, async (page) =>
    assert.equal(await page.locator("#stages").count(), 0),
  );
});

test("the shares are drawn as wide as they are", () =>
  reports.show("shares", runs.balanced, async (page) => {
    const drawn = await page
      .locator("#share-bar")
      .evaluate((bar) =>
        Object.fromEntries(
          [...bar.children].map((segment) => [
            /** @type {HTMLElement} */ (segment).dataset.part,
            segment.getBoundingClientRect().width / bar.clientWidth,
          ]),
        ),
      );
    for (const part of parts) {
      const share = runs.balanced.summary[`${part}_share`];
      assert.ok(
        Math.abs((drawn[part] ?? 0) - share) < 0.003,
        `${part} is ${share}, drawn ${drawn[part]}`,
      );
    }
  }));

test("the slowest items are listed in their order", () =>
  reports.show("slowest", runs.balanced, async (page) => {
    assert.equal(runs.balanced.slowest.length, 20);
    const rows = await page
      .locator("#slowest-body tbody tr")
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
    assert.deepEqual(
      rows.map((row) => [row[0], row[3], row[5]]),
      runs.balanced.slowest.map((slow) => [
        slow.name || `item ${slow.index}`,
        slow.lane,
        slow.failed ? "failed" : "succeeded",
      ]),
    );
    rows.forEach((row, i) => assertTime(row[1] ?? "", runs.balanced.slowest[i].duration));
  }));

test("failures are grouped, counted and have examples", () =>
  reports.show("failures", runs.balanced, async (page) => {
    const rows = await page
      .locator("#failures-body tbody tr")
      .evaluateAll((all) =>
        all.map((row) =>
          [...row.children].map(
            (cell) =>
              [...cell.querySelectorAll("li")].map((item) => item.textContent).join("|") ||
              cell.textContent,
          ),
        ),
      );
    assert.deepEqual(rows, [
      [
        "exception",
        "cannot decode: unexpected end of file",
        "3",
        "photos/2024/broken.jpg (2 attempts)|item 81",
      ],
      ["timeout", "took longer than 20 ms", "2", "photos/2024/huge.tiff"],
    ]);
  }));

test("failures beyond the groups that were kept are counted", () =>
  reports.show("other", runs.lanes, async (page) => {
    assert.match(
      await page.locator("#failures-body").innerText(),
      /7 failures in 1 group, and 2 of other kinds/,
    );
  }));

test("a run without failures says so", () =>
  reports.show("none", runs.generator, async (page) => {
    assert.equal(await page.locator("#failures-body").innerText(), "No item failed.");
  }));

test("a broken-off run says so first, others say nothing of it", async () => {
  await reports.show("broken", runs.broken, async (page) => {
    const notice = page.locator("#broken-off");
    assert.match(
      await notice.innerText(),
      /broken off: the generator threw: cannot open directory/,
    );
    const [above, below] = [
      await notice.boundingBox(),
      await page.locator("#verdict").boundingBox(),
    ];
    assert.ok(above && below && above.y < below.y);
  });
  await reports.show("whole", runs.generator, async (page) =>
    assert.equal(await page.locator("#broken-off").count(), 0),
  );
});

test("a thinned run says so in one sentence, with the resolution", async () => {
  await reports.show("thinned", runs.big, async (page) => {
    assert.match(
      await page.locator("#thinned").innerText(),
      /^[^.]*spans shorter than 120 us were merged[^.]*\.$/,
    );
  });
  await reports.show("fine", runs.balanced, async (page) =>
    assert.equal(await page.locator("#thinned").count(), 0),
  );
});

test("a run of nothing has no empty frames", () =>
  reports.show("empty", runs.empty, async (page) => {
    assert.equal(await page.locator("canvas, #share-bar, table").count(), 0);
    for (const id of [
      "timeline-body",
      "series-body",
      "durations-body",
      "slowest-body",
      "failures-body",
    ]) {
      assert.match(
        await page.locator(`#${id}`).innerText(),
        /\.$/,
        `${id} says why it shows nothing`,
      );
    }
  }));

test("the run's own words are used", () => {
  const run = fixtures.balancedRun();
  run.words = { item: "job", items: "jobs", lane: "slot", lanes: "slots" };
  return reports.show("words", run, async (page) => {
    const text = await page.evaluate(() => document.body.innerText);
    assert.match(text, /jobs taken/);
    assert.match(text, /job 184/);
    assert.doesNotMatch(text, /item 184|items taken|items\/s/);
  });
});

test("counts have thousands separators", () =>
  reports.show("commas", runs.big, async (page) => {
    assert.equal((await figure(page, "produced")).text, "10,000,000");
    assert.equal(withCommas(10_000_000), "10,000,000");
  }));

test("times are written for people", () => {
  /** @type {[nanoseconds: number, text: string][]} */
  const times = [
    [0, "0 s"],
    [1, "1 ns"],
    [999, "999 ns"],
    [1000, "1 us"],
    [1234, "1.23 us"],
    [340_000, "340 us"],
    [999_400, "999 us"],
    [999_600, "1 ms"],
    [1_250_000_000, "1.25 s"],
    [12_345_000_000, "12.3 s"],
    [99.4e9, "99.4 s"],
    [99.6e9, "1 min 40 s"],
    [125e9, "2 min 05 s"],
    [3599.6e9, "1 h 00 min"],
    [11_220e9, "3 h 07 min"],
    [172_800e9, "48 h 00 min"],
  ];
  const run = fixtures.emptyRun();
  run.slowest = times.map(([duration], index) => ({
    index,
    name: "",
    start: 0,
    duration,
    lane: "",
    attempt: 1,
    failed: false,
  }));
  return reports.show("times", run, async (page) => {
    const cells = await page
      .locator("#slowest-body tbody td:nth-child(2)")
      .evaluateAll((all) =>
        all.map((cell) => [
          Number(cell.getAttribute("data-value")),
          cell.textContent,
          cell.getAttribute("title"),
        ]),
      );
    assert.deepEqual(
      cells,
      times.map(([time, text]) => [time, text, `${withCommas(time)} ns`]),
    );
  });
});

test("a run of another format is refused in words", () => {
  const run = fixtures.emptyRun();
  run.format = 2;
  return reports.show("format", run, async (page) => {
    assert.match(
      await page.locator("#headline").innerText(),
      /format 1; the run it holds has format 2/,
    );
  });
});
