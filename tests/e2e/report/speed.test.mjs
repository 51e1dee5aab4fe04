// Ten million items open quickly, and stay quick to the hand.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Reports } from "./browser.mjs";
import { bigRun } from "./fixtures.mjs";

// ms of computing until the page is ready: half of the 2 s that the report may take to open
const limit = 1000;
const frameLimit = 100; // ms for the script of one frame; a tenth of that is usual, the rest is for busy machines

const reports = new Reports();
before(() => reports.start());
after(() => reports.stop());

const run = bigRun();

/**
 * The CPU time of the page's main thread while `action` lasts, in ms. Unlike the time on a clock,
 * it does not grow with what else the machine does.
 * @param {import("playwright-core").Page} page @param {() => Promise<unknown>} action
 */
async function computingTime(page, action) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const threadTime = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return 1000 * (metrics.find(({ name }) => name === "ThreadTime")?.value ?? NaN);
  };
  const before = await threadTime();
  await action();
  return (await threadTime()) - before;
}

test("ten million items in 100,000 slices are interactive after a second of computing", () =>
  reports.show("big", run, async (page) => {
    assert.equal(
      run.lanes.reduce((sum, lane) => sum + lane.slices.start.length, 0),
      100_000,
    );
    assert.equal(run.summary.produced, 10_000_000);
    const time = await computingTime(page, async () => {
      await page.reload();
      await page.waitForSelector("html[data-ready]");
    });
    assert.ok(
      time > 0 && time < limit,
      `ready after ${time} ms of computing, the limit is ${limit} ms`,
    );
    console.log(`ready after ${time} ms of computing`);
  }));

test("a step of zoom draws in one quick frame", () =>
  reports.show("frames", run, async (page) => {
    const times = await page.evaluate(async () => {
      const frame = () => new Promise(requestAnimationFrame);
      const canvas = /** @type {HTMLElement} */ (document.getElementById("lanes"));
      /** @type {number[]} */
      const times = [];
      for (let i = 0; i < 20; i++) {
        await frame();
        canvas.dispatchEvent(new KeyboardEvent("keydown", { key: i % 2 ? "-" : "+" }));
        // The page asked for the frame before this does: what it draws lies between the frame's
        // beginning and here.
        times.push(
          await new Promise((resolve) =>
            requestAnimationFrame((began) => resolve(performance.now() - began)),
          ),
        );
      }
      return times.sort((a, b) => a - b);
    });
    const median = times[times.length >> 1];
    assert.ok(
      median < frameLimit,
      `a frame takes ${median.toFixed(1)} ms, the limit is ${frameLimit} ms`,
    );
    console.log(`a step of zoom takes ${median.toFixed(1)} ms`);
  }));
