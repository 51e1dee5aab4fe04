// Opens reports in headless Chromium from file://, and tells of everything that a report must not
// do.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { reportOf } from "./fixtures.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("./fixtures.mjs").Run} Run */
/**
 * @typedef {{width?: number, height?: number, dark?: boolean, provokes?: RegExp}} Look provokes:
 * the one complaint that must come
 */

const readyLimit = 30_000; // ms after which a page counts as stuck

const quiet = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** @param {string} name */
function required(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: ./dev test page sets it`);
  return value;
}

export class Reports {
  /** @type {import("playwright-core").Browser | undefined} */
  #browser;
  #folder = mkdtempSync(join(tmpdir(), "parwork-report-"));

  async start() {
    const asRoot = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    this.#browser = await chromium.launch({
      executablePath: required("CHROMIUM"),
      args: [...asRoot, ...quiet],
    });
  }

  async stop() {
    await this.#browser?.close();
    rmSync(this.#folder, { recursive: true });
  }

  /** A report of a run, as a file. @param {string} name @param {Run} run */
  write(name, run) {
    const path = join(this.#folder, `${name}.html`);
    writeFileSync(path, reportOf(readFileSync(required("PAGE"), "utf8"), run));
    return path;
  }

  /**
   * Opens a file, gives its page to `use` and fails where the page complained or asked for
   * anything.
   * @param {string} path @param {(page: Page) => Promise<void>} use @param {Look} look
   */
  async open(path, use, { width = 1200, height = 900, dark = false, provokes } = {}) {
    assert.ok(this.#browser, "start() comes first");
    const page = await this.#browser.newPage({
      viewport: { width, height },
      colorScheme: dark ? "dark" : "light",
    });
    const url = pathToFileURL(path).href;
    /** @type {string[]} */
    const complaints = [];
    page.on("console", (message) => complaints.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      if (request.url() !== url && request.url() !== "data:,")
        complaints.push(`request: ${request.url()}`);
    });
    try {
      await page.goto(url);
      await page.waitForSelector("html[data-ready]", { timeout: readyLimit });
      await use(page);
      assert.deepEqual(
        complaints.filter((complaint) => !provokes?.test(complaint)),
        [],
      );
      assert.equal(complaints.length, provokes ? 1 : 0);
    } finally {
      await page.close();
    }
  }

  /**
   * @param {string} name
   * @param {Run} run
   * @param {(page: Page) => Promise<void>} use
   * @param {Look} look
   */
  async show(name, run, use, look = {}) {
    await this.open(this.write(name, run), use, look);
  }
}

/** What a figure shows: its exact value and its text. @param {Page} page @param {string} name */
export async function figure(page, name) {
  const element = page.locator(`[data-figure="${name}"]`);
  assert.equal(await element.count(), 1, `figure ${name} is shown once`);
  return {
    value: await element.getAttribute("data-value"),
    text: (await element.innerText()).trim(),
  };
}

/**
 * The range of time in view, in nanoseconds.
 * @param {Page} page
 * @returns {Promise<{from: number, to: number}>}
 */
export async function range(page) {
  return page
    .locator("#range")
    .evaluate((output) => ({ from: Number(output.dataset.from), to: Number(output.dataset.to) }));
}

/**
 * Waits until the range in view is another than it was, and gives it.
 * @param {Page} page
 * @param {{from: number, to: number}} before
 */
export async function changedRange(page, before) {
  await page.waitForFunction(
    ({ from, to }) => {
      const { dataset } = /** @type {HTMLElement} */ (document.getElementById("range"));
      return Number(dataset.from) !== from || Number(dataset.to) !== to;
    },
    before,
    { timeout: 5000 },
  );
  return range(page);
}
