// Whatever items are called stays text.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Reports } from "./browser.mjs";
import { hostileNames, hostileRun } from "./fixtures.mjs";

const reports = new Reports();
before(() => reports.start());
after(() => reports.stop());

const run = hostileRun();

/** @param {import("playwright-core").Page} page */
async function assertHarmless(page) {
  assert.equal(await page.evaluate(() => "hacked" in window), false);
  assert.equal(
    await page.locator("img, iframe, main script, main a, object, embed, form").count(),
    0,
  );
  assert.equal(await page.locator("script").count(), 2, "the data and the page's own");
}

test("hostile names run nothing and ask for nothing", () =>
  reports.show("hostile", run, assertHarmless));

test("hostile names are shown as they are", () =>
  reports.show("shown", run, async (page) => {
    assert.equal(await page.locator("h1").textContent(), hostileNames[0]);
    assert.equal(await page.locator("#headline").textContent(), hostileNames[1]);
    assert.match(await page.title(), /^<\/script>/);
    const slowest = await page.locator("#slowest-body tbody th").allTextContents();
    assert.deepEqual(
      slowest,
      run.slowest.map((slow) => slow.name),
    );
    const kinds = await page.locator("#failures-body tbody th").allTextContents();
    assert.deepEqual(kinds, hostileNames);
    const lanes = await page.locator(".lane-name").allTextContents();
    assert.deepEqual(
      lanes,
      run.lanes.map((lane) => lane.name),
    );
  }));

test("hostile names do nothing in notes and in what is spoken", () =>
  reports.show("notes", run, async (page) => {
    for (const [i, slow] of run.slowest.entries()) {
      await page.locator("#slowest-body tbody button").nth(i).click();
      await page.waitForFunction(
        (name) => document.querySelector("#tip > bdi")?.textContent === name,
        slow.name,
        { timeout: 5000 },
      );
      assert.ok((await page.locator("#said").textContent())?.startsWith(slow.name));
    }
    await assertHarmless(page);
  }));

test("names from right to left do not turn round what stands beside them", () =>
  reports.show("direction", run, async (page) => {
    const at = run.slowest.findIndex((slow) => slow.name === hostileNames[2]);
    const cell = page.locator("#slowest-body tbody tr").nth(at);
    assert.equal(
      await cell
        .locator("bdi")
        .first()
        .evaluate((name) => getComputedStyle(name).unicodeBidi),
      "isolate",
    );
    const [name, took] = [
      await cell.locator("th").boundingBox(),
      await cell.locator("td").first().boundingBox(),
    ];
    assert.ok(name && took && name.x < took.x);
  }));

test("the policy forbids everything but this page's own script and style", () =>
  reports.show(
    "policy",
    run,
    async (page) => {
      const policy =
        (await page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content")) ??
        "";
      assert.match(
        policy,
        /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; img-src data:;/,
      );
      const ran = await page.evaluate(() => {
        const script = document.createElement("script");
        script.textContent = "window.hacked = 1";
        const refused = new Promise((resolve) =>
          document.addEventListener(
            "securitypolicyviolation",
            (event) => resolve(event.violatedDirective),
            { once: true },
          ),
        );
        document.body.append(script);
        script.remove();
        return refused;
      });
      assert.equal(ran, "script-src-elem");
      assert.equal(await page.evaluate(() => "hacked" in window), false);
    },
    {
      provokes: /^console: Executing inline script violates the following Content Security Policy/,
    },
  ));
