// Reports are for everyone: by keyboard alone, by ear, with any eyes, in light and dark, on a
// phone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Reports } from "./browser.mjs";
import { contrast, difference, seenBy } from "./colours.mjs";
import * as fixtures from "./fixtures.mjs";

/** @typedef {import("playwright-core").Page} Page */

const reports = new Reports();
before(() => reports.start());
after(() => reports.stop());

const runs = {
  balanced: fixtures.balancedRun(),
  lanes: fixtures.manyLanesRun(),
  broken: fixtures.brokenOffRun(),
  big: fixtures.bigRun(),
  single: fixtures.singleItemRun(),
  empty: fixtures.emptyRun(),
  instant: fixtures.instantRun(),
  hostile: fixtures.hostileRun(),
};

for (const [name, run] of Object.entries(runs)) {
  test(`${name}, all tables open`, (t) =>
    reports.show(
      name,
      run,
      async (page) => {
        await page.evaluate(() =>
          document.querySelectorAll("details").forEach((details) => {
            details.open = true;
          }),
        );
        await t.test("fits a phone of 360 px", () => assertFits(page, 360));
        for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
          await page.emulateMedia({ colorScheme });
          await t.test(`has contrast in ${colorScheme}`, () => assertTextContrast(page));
        }
      },
      { width: 360, height: 740 },
    ));
}

/** @param {Page} page @param {number} limit */
async function assertFits(page, limit) {
  const width = await page.evaluate(() =>
    Math.max(document.documentElement.scrollWidth, document.body.scrollWidth),
  );
  assert.ok(width <= limit, `the page is ${width} px wide`);
  const sticking = await page.evaluate(
    (most) =>
      [...document.querySelectorAll("main *:not(.scroll *)")]
        .filter(
          (element) =>
            element.getBoundingClientRect().right > most + 1 &&
            getComputedStyle(element).overflow !== "hidden" &&
            !element.closest(".lane-names, .chart, h1"),
        )
        .map((element) => element.outerHTML.slice(0, 80)),
    limit,
  );
  assert.deepEqual(sticking, [], "nothing sticks out");
}

/** @param {Page} page */
async function assertTextContrast(page) {
  const texts = await textColours(page);
  assert.ok(texts.length > 10, `${texts.length} texts`);
  assert.deepEqual(
    texts.filter(({ text, ground }) => contrast(text, ground) < 4.5),
    [],
  );
}

/** Colours of each text on the page and of what is behind it. @param {Page} page */
function textColours(page) {
  return page.evaluate(() => {
    const hex = (/** @type {string} */ css) => {
      const numbers = (css.match(/[\d.]+/g) ?? []).map(Number);
      return {
        clear: numbers[3] === 0,
        hex:
          "#" +
          numbers
            .slice(0, 3)
            .map((value) => value.toString(16).padStart(2, "0"))
            .join(""),
      };
    };
    const ground = (/** @type {Element | null} */ element) => {
      for (; element; element = element.parentElement) {
        const colour = hex(getComputedStyle(element).backgroundColor);
        if (!colour.clear) return colour.hex;
      }
      return "#ffffff";
    };
    return [...document.body.querySelectorAll("*")]
      .filter(
        (element) =>
          element.checkVisibility() &&
          !["SCRIPT", "STYLE", "NOSCRIPT"].includes(element.tagName) &&
          [...element.childNodes].some(
            (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim(),
          ),
      )
      .map((element) => ({
        of: element.className || element.tagName,
        text: hex(getComputedStyle(element).color).hex,
        ground: ground(element),
      }));
  });
}

/**
 * The page's colours by name.
 * @param {Page} page
 * @param {string[]} names
 * @returns {Promise<Record<string, string>>}
 */
function colours(page, names) {
  return page.evaluate((all) => {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(
      all.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
    );
  }, names);
}

for (const dark of [false, true]) {
  test(`parts are told apart by all eyes in ${dark ? "dark" : "light"}`, () =>
    reports.show(
      "parts",
      runs.balanced,
      async (page) => {
        const found = await colours(page, [
          "work",
          "generator",
          "collector",
          "idle",
          "failed",
          "surface",
          "text",
          "muted",
        ]);
        for (const name of ["work", "generator", "collector", "failed"]) {
          assert.ok(
            contrast(found[name], found.surface) >= 3,
            `${name} on the surface: ${contrast(found[name], found.surface)}`,
          );
          assert.ok(
            contrast(found[name], found.idle) >= 2.5,
            `${name} on idle: ${contrast(found[name], found.idle)}`,
          );
        }
        assert.ok(contrast(found.idle, found.surface) < 1.5, "idle is nearly the background");
        assert.ok(
          contrast(found.text, found.surface) >= 7 && contrast(found.muted, found.surface) >= 4.5,
          "the canvas's text",
        );
        const parts = ["work", "generator", "collector", "idle"];
        for (const eyes of /** @type {const} */ (["normal", "protan", "deutan", "tritan"])) {
          for (const a of parts)
            for (const b of parts.slice(parts.indexOf(a) + 1)) {
              const apart = difference(seenBy(eyes, found[a]), seenBy(eyes, found[b]));
              assert.ok(apart >= 25, `${a} and ${b} are ${apart} apart to ${eyes} eyes`);
            }
        }
      },
      { dark },
    ));
}

test("the button switches between light and dark, pictures too", () =>
  reports.show("theme", runs.balanced, async (page) => {
    const state = async () => ({
      page: await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
      pictures: await page
        .locator("canvas")
        .evaluateAll((all) => all.map((one) => /** @type {HTMLCanvasElement} */ (one).toDataURL())),
    });
    const light = await state();
    assert.equal(await page.locator("#theme").innerText(), "Dark");
    await page.click("#theme");
    assert.equal(await page.locator("#theme").innerText(), "Light");
    await page.waitForFunction(
      (old) =>
        [...document.querySelectorAll("canvas")].every((one, i) => one.toDataURL() !== old[i]),
      light.pictures,
      { timeout: 5000 },
    );
    const dark = await state();
    assert.notEqual(dark.page, light.page);
    await page.click("#theme");
    await page.waitForFunction(
      (old) =>
        [...document.querySelectorAll("canvas")].every((one, i) => one.toDataURL() === old[i]),
      light.pictures,
      { timeout: 5000 },
    );
    assert.deepEqual(await state(), light);
  }));

test("the system's change of mind is followed until the reader has chosen", () =>
  reports.show("system", runs.balanced, async (page) => {
    const button = page.locator("#theme");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForFunction(
      () => document.getElementById("theme")?.textContent === "Light",
      null,
      { timeout: 5000 },
    );
    await button.click();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "light");
    await page.emulateMedia({ colorScheme: "light" });
    await page.emulateMedia({ colorScheme: "dark" });
    assert.equal(await button.innerText(), "Dark");
  }));

for (const name of /** @type {const} */ (["balanced", "lanes", "empty"])) {
  test(`${name}: the keyboard reaches everything and shows where it is`, () =>
    reports.show(name, runs[name], async (page) => {
      await page.evaluate(() => {
        document.querySelectorAll("details").forEach((details) => {
          details.open = true;
        });
        [...document.querySelectorAll("a[href], button, summary, canvas[tabindex], .scroll")]
          .filter((element) => element.checkVisibility())
          .forEach((element, i) => element.setAttribute("data-stop", String(i)));
      });
      const stops = await page.locator("[data-stop]").count();
      assert.ok(stops >= 2);
      const reached = new Set();
      for (let i = 0; i < stops + 5 && reached.size < stops; i++) {
        await page.keyboard.press("Tab");
        const at = await page.evaluate(() => {
          const element = document.activeElement;
          return (
            element && {
              stop: element.getAttribute("data-stop"),
              outline: getComputedStyle(element).outlineStyle,
            }
          );
        });
        if (at?.stop == null) continue;
        assert.notEqual(at.outline, "none", `stop ${at.stop} shows that it has the focus`);
        reached.add(at.stop);
      }
      assert.equal(reached.size, stops, `${reached.size} of ${stops} were reached`);
    }));
}

test("a screen reader finds landmarks, headings, and words for each picture", () =>
  reports.show("words", runs.balanced, async (page) => {
    assert.equal(await page.locator("html[lang=en]").count(), 1);
    for (const landmark of /** @type {const} */ (["banner", "main"]))
      assert.equal(await page.getByRole(landmark).count(), 1, landmark);
    assert.equal(await page.locator("h1").count(), 1);
    const levels = await page
      .locator("h1, h2, h3")
      .evaluateAll((all) => all.map((heading) => Number(heading.tagName[1])));
    levels.forEach((level, i) =>
      assert.ok(i === 0 || level <= levels[i - 1] + 1, "no level is left out"),
    );
    for (const section of await page.locator("section").all()) {
      const title = await section.getAttribute("aria-labelledby");
      assert.ok(
        (await page.locator(`#${title}`).innerText()).length > 0,
        `section ${title} has a name`,
      );
    }
    const canvases = await page.locator("canvas").all();
    assert.equal(canvases.length, 4);
    for (const canvas of canvases) {
      assert.match((await canvas.getAttribute("role")) ?? "", /^(img|application)$/);
      assert.ok(((await canvas.getAttribute("aria-label")) ?? "").length > 20);
      const tables = await canvas.evaluate(
        (element) => element.closest("section")?.querySelectorAll("details table tbody tr").length,
      );
      assert.ok(tables && tables > 0, "its numbers are in a table of its section");
    }
    for (const bar of await page.locator("[role=img]:not(canvas)").all())
      assert.match((await bar.getAttribute("aria-label")) ?? "", /work 72.\d %/);
    const nameless = await page
      .locator("button")
      .evaluateAll(
        (all) =>
          all.filter((one) => !(one.getAttribute("aria-label") ?? one.textContent)?.trim()).length,
      );
    assert.equal(nameless, 0);
  }));
