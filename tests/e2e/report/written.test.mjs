// Reports that the library wrote: WRITTEN names a folder of *.html, each with what its run returned
// beside it, as *.summary.json (the contract's "summary").

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { figure, range, Reports } from "./browser.mjs";
import { assertSaneText, assertSummary, tableOf } from "./figures.mjs";

const folder = process.env.WRITTEN;
assert.ok(folder, "WRITTEN is not set: it names a folder of reports and summaries");
const names = readdirSync(folder)
  .filter((name) => name.endsWith(".html"))
  .map((name) => name.slice(0, -".html".length));
const lone = readdirSync(folder)
  .filter((name) => name.endsWith(".summary.json"))
  .filter((name) => !names.includes(name.slice(0, -".summary.json".length)));

const reports = new Reports();
before(() => reports.start());
after(() => reports.stop());

test("there are reports, and each has its summary", () => {
  assert.ok(names.length > 0, `${folder} holds no *.html`);
  assert.deepEqual(
    names.filter((name) => !existsSync(join(folder, `${name}.summary.json`))),
    [],
    "without *.summary.json",
  );
  assert.deepEqual(lone, [], "without *.html");
});

for (const name of names) {
  const path = join(folder, `${name}.html`);
  /** @type {() => import("./fixtures.mjs").Run["summary"]} */
  const summaryOf = () => JSON.parse(readFileSync(join(folder, `${name}.summary.json`), "utf8"));

  test(`${name}: shows the summary's figures`, () =>
    reports.open(path, async (page) => {
      const summary = summaryOf();
      await assertSummary(page, summary);
      await assertSaneText(page);
      const finished = summary.succeeded + summary.failed;
      const active = summary.wall - summary.paused;
      if (active > 0) {
        const rate = Number((await figure(page, "rate")).value);
        assert.ok(
          Math.abs(rate / (finished / (active / 1e9)) - 1) < 0.01 || finished === 0,
          `${rate} items per second`,
        );
      }
      assert.ok((await page.locator("#headline").innerText()).length > 0);
    }));

  test(`${name}: its lanes worked on what the summary counts, and it zooms`, () =>
    reports.open(path, async (page) => {
      const { produced, retries } = summaryOf();
      if ((await page.locator("#lanes").count()) === 0)
        return assert.equal(produced, 0, "items, but no timeline");
      const lanes = (await tableOf(page, "Time of each")).filter(
        (row) => !row[0].startsWith("waiting"),
      ); // did no work
      const worked = lanes.reduce((sum, row) => sum + Number(row[1]), 0);
      // An item has an attempt in each stage.
      const stages = Math.max(1, await page.locator("#stages tbody tr").count());
      assert.ok(
        worked <= produced * stages + retries,
        `${worked} attempts in the lanes, ${produced} items, ${stages} stages, ${retries} retries`,
      );
      const whole = await range(page);
      await page.click("#zoom-in");
      await page.waitForFunction(
        (to) => Number(document.getElementById("range")?.dataset.to) < to,
        whole.to,
        { timeout: 5000 },
      );
    }));
}
