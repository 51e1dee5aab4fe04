// The timeline draws what was recorded, zooms, pans, and says what stands under the pointer or the
// keyboard's cursor.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { changedRange, range, Reports } from "./browser.mjs";
import { assertPercent, assertTime, withCommas } from "./figures.mjs";
import * as fixtures from "./fixtures.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("./fixtures.mjs").Run} Run */

const reports = new Reports();
before(() => reports.start());
after(() => reports.stop());

const run = fixtures.balancedRun();
const whole = { from: 0, to: run.summary.wall };
const axisHeight = 24;

/** @param {Page} page @returns {Promise<{x: number, y: number, width: number, height: number}>} */
async function canvasBox(page) {
  await page.locator("#lanes").scrollIntoViewIfNeeded();
  const box = await page.locator("#lanes").boundingBox();
  assert.ok(box);
  return box;
}

/**
 * Where a slice's middle is in the window, at the whole run.
 * @param {Page} page
 * @param {Run} shown
 * @param {number} lane
 * @param {number} slice
 */
async function placeOf(page, shown, lane, slice) {
  const box = await canvasBox(page);
  const { start, work, idle, generator, collector } = shown.lanes[lane].slices;
  const length = work[slice] + idle[slice] + generator[slice] + collector[slice];
  const { from, to } = await range(page);
  return {
    x: box.x + ((start[slice] + length / 2 - from) / (to - from)) * box.width,
    y: box.y + axisHeight + ((lane + 0.5) / shown.lanes.length) * (box.height - axisHeight),
    width: (length / (to - from)) * box.width,
  };
}

/**
 * The longest slice of a lane for which `wanted` holds.
 * @param {number} lane
 * @param {(slice: number) => boolean} wanted
 */
function longest(lane, wanted) {
  const { slices } = run.lanes[lane];
  const found = slices.start
    .map((_, i) => i)
    .filter((i) => slices.work[i] > 0 && wanted(i))
    .sort((a, b) => slices.work[b] - slices.work[a])[0];
  assert.ok(found !== undefined, "the fixture has such a slice");
  return found;
}

/** @param {Page} page */
async function tipLines(page) {
  await page.locator("#tip").waitFor({ state: "visible", timeout: 5000 });
  return page.locator("#tip > *").allInnerTexts();
}

/** @param {{from: number, to: number}} a */
const span = (a) => a.to - a.from;

test("at first the whole run is in view", () =>
  reports.show("whole", run, async (page) => {
    assert.deepEqual(await range(page), whole);
  }));

test("buttons zoom in and out, pan and show the whole run", () =>
  reports.show("buttons", run, async (page) => {
    await page.click("#zoom-in");
    const closer = await changedRange(page, whole);
    assert.ok(Math.abs(span(closer) / span(whole) - 0.5) < 1e-9);
    await page.click("#pan-right");
    const later = await changedRange(page, closer);
    assert.ok(later.from > closer.from && Math.abs(span(later) - span(closer)) < 1);
    await page.click("#pan-left");
    const back = await changedRange(page, later);
    assert.ok(Math.abs(back.from - (later.from - span(closer) / 2)) < 1);
    await page.click("#zoom-in");
    const closest = await changedRange(page, back);
    await page.click("#zoom-out");
    const wider = await changedRange(page, closest);
    assert.ok(Math.abs(span(wider) / span(closest) - 2) < 1e-9);
    await page.click("#zoom-reset");
    assert.deepEqual(await changedRange(page, wider), whole);
  }));

test("a wheel zooms where it points, and out again", () =>
  reports.show("wheel", run, async (page) => {
    const box = await canvasBox(page);
    const at = 0.25;
    await page.mouse.move(box.x + box.width * at, box.y + box.height / 2);
    await page.mouse.wheel(0, -400);
    const closer = await changedRange(page, whole);
    assert.ok(span(closer) < span(whole) * 0.7);
    const instant = closer.from + span(closer) * at;
    assert.ok(
      Math.abs(instant - span(whole) * at) < span(whole) * 0.002,
      "what is under the pointer stays there",
    );
    await page.mouse.wheel(200, 0);
    const later = await changedRange(page, closer);
    assert.ok(
      later.from > closer.from && Math.abs(span(later) - span(closer)) < 1,
      "sideways pans",
    );
    await page.mouse.wheel(0, 5000);
    assert.deepEqual(await changedRange(page, later), whole);
  }));

test("a pinch on a touchpad (a wheel with ctrl) zooms", () =>
  reports.show("pinch", run, async (page) => {
    const box = await canvasBox(page);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -60);
    const closer = await changedRange(page, whole);
    assert.ok(span(closer) < span(whole));
  }));

test("scrolling the page does not get stuck on the timeline", () =>
  reports.show("scroll", run, async (page) => {
    await page.setViewportSize({ width: 1200, height: 500 });
    const box = await canvasBox(page);
    const before = await page.evaluate(() => window.scrollY);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.wheel(0, 120);
    await page.waitForFunction((y) => window.scrollY > y, before, { timeout: 5000 });
    assert.deepEqual(await range(page), whole);
  }));

test("keys zoom, pan and show the whole run", () =>
  reports.show("keys", run, async (page) => {
    await page.focus("#lanes");
    await page.keyboard.press("+");
    const closer = await changedRange(page, whole);
    assert.ok(Math.abs(span(closer) / span(whole) - 0.5) < 1e-9);
    await page.keyboard.press("ArrowRight");
    const later = await changedRange(page, closer);
    assert.ok(later.from > closer.from);
    await page.keyboard.press("ArrowLeft");
    const back = await changedRange(page, later);
    assert.ok(Math.abs(back.from - closer.from) < 1);
    await page.keyboard.press("-");
    assert.deepEqual(await changedRange(page, back), whole);
    for (const key of ["0", "Home"]) {
      await page.keyboard.press("+");
      const zoomed = await changedRange(page, whole);
      await page.keyboard.press(key);
      assert.deepEqual(await changedRange(page, zoomed), whole, `${key} shows the whole run`);
    }
  }));

test("dragging selects a range, with shift or on the axis it pans, a double click shows all", () =>
  reports.show("drag", run, async (page) => {
    const box = await canvasBox(page);
    const drag = async (
      /** @type {number} */ from,
      /** @type {number} */ to,
      /** @type {number} */ y,
    ) => {
      await page.mouse.move(box.x + box.width * from, y);
      await page.mouse.down();
      await page.mouse.move(box.x + (box.width * (from + to)) / 2, y);
      await page.mouse.move(box.x + box.width * to, y);
      await page.mouse.up();
    };
    const lanes = box.y + box.height / 2;
    await drag(0.6, 0.2, lanes);
    const selected = await changedRange(page, whole);
    assert.ok(
      Math.abs(selected.from / whole.to - 0.2) < 0.003 &&
        Math.abs(selected.to / whole.to - 0.6) < 0.003,
    );
    await page.keyboard.down("Shift");
    await drag(0.5, 0.4, lanes);
    await page.keyboard.up("Shift");
    const panned = await changedRange(page, selected);
    assert.ok(
      Math.abs(panned.from - (selected.from + 0.1 * span(selected))) < span(selected) * 0.01,
    );
    await drag(0.4, 0.5, box.y + axisHeight / 2);
    const back = await changedRange(page, panned);
    assert.ok(Math.abs(back.from - selected.from) < span(selected) * 0.01);
    await page.mouse.dblclick(box.x + box.width / 2, lanes);
    assert.deepEqual(await changedRange(page, back), whole);
  }));

test("zooming ends where nothing more is to be seen", () =>
  reports.show("deep", run, async (page) => {
    let now = whole;
    for (let i = 0; i < 60 && span(now) > 100; i++) {
      await page.click("#zoom-in");
      now = await changedRange(page, now);
    }
    assert.equal(span(now), 100);
    const text = await page.locator("#range").innerText();
    assert.match(text, /\(100 ns\)$/);
  }));

test("the charts over time follow the timeline, and it follows them", () =>
  reports.show("series", run, async (page) => {
    const picture = () =>
      page
        .locator("#rate-chart canvas")
        .evaluate((canvas) => /** @type {HTMLCanvasElement} */ (canvas).toDataURL());
    const before = await picture();
    await page.click("#zoom-in");
    const closer = await changedRange(page, whole);
    await page.waitForFunction(
      (old) =>
        /** @type {HTMLCanvasElement} */ (
          document.querySelector("#rate-chart canvas")
        ).toDataURL() !== old,
      before,
      { timeout: 5000 },
    );
    await page.click("#zoom-reset");
    await changedRange(page, closer);
    await page.waitForFunction(
      (old) =>
        /** @type {HTMLCanvasElement} */ (
          document.querySelector("#rate-chart canvas")
        ).toDataURL() === old,
      before,
      { timeout: 5000 },
    );
    const over = page.locator("#in-flight-chart .u-over");
    await over.scrollIntoViewIfNeeded();
    const box = await over.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width * 0.25, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
    await page.mouse.move(box.x + box.width * 0.75, box.y + 40);
    await page.mouse.up();
    const selected = await changedRange(page, whole);
    assert.ok(
      Math.abs(selected.from / whole.to - 0.25) < 0.01 &&
        Math.abs(selected.to / whole.to - 0.75) < 0.01,
    );
  }));

test("an instant stands at the same place in the timeline and in the charts", () =>
  reports.show("aligned", run, async (page) => {
    const lanes = await page.locator("#lanes").boundingBox();
    const chart = await page.locator("#rate-chart .u-over").boundingBox();
    assert.ok(lanes && chart);
    assert.ok(Math.abs(lanes.x - chart.x) <= 1 && Math.abs(lanes.width - chart.width) <= 2);
  }));

test("hovering names an item, its duration and its part", () =>
  reports.show("hover", run, async (page) => {
    const { slices } = run.lanes[2];
    for (const named of [true, false]) {
      const slice = longest(2, (i) => slices.name[i] > 0 === named && slices.failed[i] === 0);
      const { x, y } = await placeOf(page, run, 2, slice);
      await page.mouse.move(x, y);
      const [title, time, place] = await tipLines(page);
      assert.equal(
        title,
        named ? run.names[slices.name[slice] - 1] : `item ${slices.first[slice]}`,
      );
      assert.match(time, /^work, /);
      assertTime(time.slice("work, ".length), slices.work[slice]);
      assert.match(place, /^worker 2, at /);
    }
    await page.mouse.move(2, 2);
    await page.locator("#tip").waitFor({ state: "hidden", timeout: 5000 });
  }));

test("hovering a failed item says that it failed", () =>
  reports.show("failed", run, async (page) => {
    const lane = run.lanes.findIndex((one) => one.slices.failed.some((failed) => failed > 0));
    const { x, y } = await placeOf(
      page,
      run,
      lane,
      longest(lane, (i) => run.lanes[lane].slices.failed[i] > 0),
    );
    await page.mouse.move(x, y);
    assert.ok((await tipLines(page)).includes("failed"));
  }));

test("hovering what is narrower than a pixel counts its items and sums up its parts", () => {
  const big = fixtures.bigRun();
  return reports.show("many", big, async (page) => {
    const box = await canvasBox(page);
    const x = Math.ceil(box.x + box.width / 2);
    await page.mouse.move(x, box.y + axisHeight + 10);
    const pixel = big.summary.wall / box.width;
    const expected = sumUp(big.lanes[0], Math.floor(x - box.x) * pixel, pixel);
    assert.ok(expected.items > 100, "several slices share the pixel");
    const [title, time, shares] = await tipLines(page);
    assert.equal(title, `${withCommas(expected.items)} items, the first is item ${expected.first}`);
    assertTime(time, expected.length);
    const [, work, share] = /^work (.+?) \((.+?)\), generator /.exec(shares) ?? [];
    assertTime(work, expected.work);
    assertPercent(share, expected.work / expected.length);
  });
});

/**
 * All slices that touch a pixel.
 * @param {import("./fixtures.mjs").Lane} lane
 * @param {number} from
 * @param {number} pixel
 */
function sumUp({ slices }, from, pixel) {
  const sum = { items: 0, first: -1, length: 0, work: 0 };
  slices.start.forEach((start, i) => {
    const length = slices.work[i] + slices.generator[i] + slices.collector[i] + slices.idle[i];
    if (start + length <= from || start >= from + pixel) return;
    if (sum.first < 0) sum.first = slices.first[i];
    sum.items += slices.items[i];
    sum.length += length;
    sum.work += slices.work[i];
  });
  return sum;
}

/**
 * The colour of a canvas's pixel, "#rrggbb".
 * @param {Page} page
 * @param {number} x
 * @param {number} y in CSS pixels of the window
 */
function pixelAt(page, x, y) {
  return page.locator("#lanes").evaluate(
    (element, [left, top]) => {
      const canvas = /** @type {HTMLCanvasElement} */ (element);
      const box = canvas.getBoundingClientRect();
      const copy = new OffscreenCanvas(1, 1).getContext("2d"); // reading the page's own would slow it down
      if (!copy) throw new Error("no canvas to copy to");
      copy.drawImage(
        canvas,
        Math.floor(((left - box.left) * canvas.width) / box.width),
        Math.floor(((top - box.top) * canvas.height) / box.height),
        1,
        1,
        0,
        0,
        1,
        1,
      );
      const { data } = copy.getImageData(0, 0, 1, 1);
      return (
        "#" + [...data.slice(0, 3)].map((value) => value.toString(16).padStart(2, "0")).join("")
      );
    },
    [x, y],
  );
}

/** @param {Page} page @param {string} name */
function colour(page, name) {
  return page.evaluate(
    (variable) => getComputedStyle(document.documentElement).getPropertyValue(variable).trim(),
    `--${name}`,
  );
}

test("slices have the colour of their part, failed ones a mark", () =>
  reports.show("colours", run, async (page) => {
    for (const part of /** @type {const} */ (["work", "generator", "collector", "idle"])) {
      const values = run.lanes[0].slices[part];
      const slice = values.indexOf(Math.max(...values));
      await page.click("#zoom-reset");
      const at = await placeOf(page, run, 0, slice);
      await page.mouse.move(at.x, at.y);
      for (let i = 0; i < 4; i++) {
        const before = await range(page);
        await page.mouse.wheel(0, -300);
        await changedRange(page, before);
      }
      const { x, y, width } = await placeOf(page, run, 0, slice);
      assert.ok(
        width > 5,
        `the ${part} slice is wide enough to be told from its neighbours: ${width} px`,
      );
      assert.equal(await pixelAt(page, x, y), await colour(page, part), part);
    }
    await page.click("#zoom-reset");
    const lane = run.lanes.findIndex((one) => one.slices.failed.some((failed) => failed > 0));
    const failed = await placeOf(
      page,
      run,
      lane,
      longest(lane, (i) => run.lanes[lane].slices.failed[i] > 0),
    );
    assert.equal(await pixelAt(page, failed.x, failed.y - 14), await colour(page, "failed"));
  }));

test("the area of a part in a lane of merged slices is its share of the time", () => {
  const big = fixtures.bigRun();
  big.lanes.forEach((lane) => lane.slices.failed.fill(0)); // their marks would cover some of it
  return reports.show("area", big, async (page) => {
    const box = await canvasBox(page);
    const areas = await page.locator("#lanes").evaluate((element, top) => {
      const canvas = /** @type {HTMLCanvasElement} */ (element);
      const style = getComputedStyle(document.documentElement);
      const names = ["work", "generator", "collector", "idle"];
      const colours = new Map(
        names.map((name) => [
          Number.parseInt(style.getPropertyValue(`--${name}`).trim().slice(1), 16),
          name,
        ]),
      );
      const { data } = /** @type {CanvasRenderingContext2D} */ (
        canvas.getContext("2d")
      ).getImageData(0, top, canvas.width, 22);
      /** @type {Record<string, number>} */
      const count = {};
      for (let i = 0; i < data.length; i += 4) {
        const name = colours.get((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]) ?? "other";
        count[name] = (count[name] ?? 0) + 4 / data.length;
      }
      return count;
    }, axisHeight);
    assert.equal(areas.other, undefined, "a lane has the colours of the parts alone");
    for (const part of /** @type {const} */ (["work", "generator", "collector"])) {
      const share = big.lanes[0].time[part] / big.summary.wall;
      assert.ok(
        Math.abs(areas[part] - share) < 0.02,
        `${part}: ${areas[part]} of the lane's area for ${share} of its time`,
      );
    }
    assert.ok(box.width > 0);
  });
});

test("the keyboard's cursor goes from span to span and from lane to lane, and speaks", () =>
  reports.show("cursor", run, async (page) => {
    const said = () => page.locator("#said").innerText();
    await page.locator("#zoom-reset").focus();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "lanes");
    const first = await said();
    assert.match(first, /worker 0, at 0 s$/);
    await page.keyboard.press("n");
    assert.notEqual(await said(), first);
    await page.keyboard.press("p");
    assert.equal(await said(), first);
    await page.keyboard.press("ArrowDown");
    assert.match(await said(), /worker 1, at /);
    const { slices } = run.lanes[1];
    for (let i = 0; i < 300 && !(await said()).includes("; work, "); i++)
      await page.keyboard.press("n");
    const words = await said();
    const item = slices.first.find(
      (index, i) =>
        slices.items[i] === 1 &&
        words.startsWith(
          `${slices.name[i] ? run.names[slices.name[i] - 1] : `item ${index}`}; work, `,
        ),
    );
    assert.ok(item !== undefined, `"${words}" names an item of the lane`);
    await page.keyboard.press("Enter");
    const closer = await changedRange(page, whole);
    assert.ok(span(closer) < span(whole) / 4);
    assert.deepEqual((await tipLines(page)).join("; "), words);
  }));

test("choosing one of the slowest items shows it in the timeline", () =>
  reports.show("slowest", run, async (page) => {
    const slow = run.slowest[3];
    await page.locator("#slowest-body tbody button").nth(3).click();
    const shown = await changedRange(page, whole);
    assert.ok(
      shown.from < slow.start &&
        shown.to > slow.start + slow.duration &&
        span(shown) < slow.duration * 3,
    );
    assert.equal((await tipLines(page))[0], slow.name || `item ${slow.index}`);
    const box = await page.locator("#lanes").boundingBox();
    assert.ok(box && box.y >= 0 && box.y + box.height <= 900, "the timeline is in the window");
  }));

test("many lanes are folded behind a button, and a chosen item unfolds them", () => {
  const many = fixtures.manyLanesRun();
  return reports.show("lanes", many, async (page) => {
    const names = page.locator(".lane-names li");
    const height = () => page.locator("#lanes").evaluate((canvas) => canvas.clientHeight);
    assert.equal(await names.count(), 24);
    const folded = await height();
    assert.equal(await page.locator("#all-lanes").innerText(), "Show all 64 lanes");
    await page.click("#all-lanes");
    assert.equal(await names.count(), 64);
    assert.ok((await height()) > folded * 2);
    await page.click("#all-lanes");
    assert.equal(await names.count(), 24);
    const hidden = many.slowest.findIndex((slow) => Number(slow.lane.split(" ")[1]) >= 24);
    assert.ok(hidden >= 0);
    await page.locator("#slowest-body tbody button").nth(hidden).click();
    await page.waitForFunction(
      () => document.querySelectorAll(".lane-names li").length === 64,
      null,
      { timeout: 5000 },
    );
    assert.match(
      (await tipLines(page)).at(-1) ?? "",
      new RegExp(`^${many.slowest[hidden].lane}, at `),
    );
  });
});
