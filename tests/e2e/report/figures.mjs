// Compares what a report shows with what it was made of.

import assert from "node:assert/strict";
import { figure } from "./browser.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("./fixtures.mjs").Run} Run */

/** A count as it is written: 1234567 as 1,234,567. @param {number} value */
export function withCommas(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

const secondsOf = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600 };

/** The nanoseconds that a time such as "1.25 s" or "2 min 05 s" stands for. @param {string} text */
export function nanosecondsOf(text) {
  const pieces = [...text.matchAll(/([\d.,]+) (ns|us|ms|s|min|h)\b/g)];
  assert.equal(pieces.map(([piece]) => piece).join(" "), text, `"${text}" is a time`);
  return (
    pieces.reduce(
      (sum, [, number, unit]) =>
        sum +
        Number(number.replaceAll(",", "")) *
          secondsOf[/** @type {keyof typeof secondsOf} */ (unit)],
      0,
    ) * 1e9
  );
}

/**
 * Three digits are shown, of times beyond 100 s whole seconds, beyond an hour whole minutes.
 * @param {string} text
 * @param {number} time
 */
export function assertTime(text, time) {
  const slack = time >= 3600e9 ? 31e9 : time >= 99.5e9 ? 0.51e9 : time * 0.0051;
  assert.ok(Math.abs(nanosecondsOf(text) - time) <= slack, `"${text}" stands for ${time} ns`);
}

/** @param {string} text @param {number} share */
export function assertPercent(text, share) {
  if (share > 0 && share < 0.001) return assert.equal(text, "< 0.1 %");
  assert.match(text, /^\d+(\.\d)? %$/);
  assert.ok(
    Math.abs(Number.parseFloat(text) - share * 100) <= 0.0501,
    `"${text}" stands for ${share}`,
  );
}

/**
 * Every field of the summary is on the page, exactly in data-value and rightly in the text.
 * @param {Page} page
 * @param {Run["summary"]} summary
 */
export async function assertSummary(page, summary) {
  const shownElsewhere = new Set(["wall", "paused", "peak_memory", "stopped", "bound"]);
  const shownUnlessNone = new Set(["paused", "peak_memory"]);
  for (const [name, value] of Object.entries(summary)) {
    if (shownUnlessNone.has(name) && value === 0) {
      assert.equal(await page.locator(`[data-figure=${name}]`).count(), 0, name);
      continue;
    }
    const shown = await figure(page, name);
    assert.equal(shown.value, String(value), `exact value of ${name}`);
    if (name.endsWith("_share")) assertPercent(shown.text, Number(value));
    else if (!shownElsewhere.has(name))
      assert.equal(shown.text, withCommas(Number(value)), `text of ${name}`);
  }
  assertTime((await figure(page, "wall")).text, summary.wall);
  if (summary.paused > 0) assertTime((await figure(page, "paused")).text, summary.paused);
  assert.equal(
    (await figure(page, "stopped")).text,
    summary.stopped ? "stopped before its end" : "ran to its end",
  );
  assert.ok((await figure(page, "bound")).text.startsWith(`bound: ${summary.bound}`));
}

/**
 * The body of a table by its caption's beginning: the exact values where cells have them, else
 * their text.
 * @param {Page} page @param {string} caption */
export async function tableOf(page, caption) {
  const table = page
    .locator("table")
    .filter({ has: page.locator("caption", { hasText: caption }) });
  assert.equal(await table.count(), 1, `one table "${caption}"`);
  return table
    .locator("tbody tr")
    .evaluateAll((rows) =>
      rows.map((row) =>
        [...row.children].map((cell) => cell.getAttribute("data-value") ?? cell.textContent),
      ),
    );
}

/** No figure, label or table says what a broken computation says. @param {Page} page */
export async function assertSaneText(page) {
  const text = await page.evaluate(() =>
    [...document.body.querySelectorAll("*")]
      .filter((element) => !["SCRIPT", "STYLE"].includes(element.tagName))
      .flatMap((element) =>
        [...element.childNodes]
          .filter((node) => node.nodeType === Node.TEXT_NODE)
          .map((node) => node.textContent ?? "")
          .concat(
            ["title", "aria-label", "data-value", "style"].map(
              (name) => element.getAttribute(name) ?? "",
            ),
          ),
      )
      .join("\n"),
  );
  assert.doesNotMatch(text, /NaN|Infinity|undefined|\bnull\b|\[object/);
}
