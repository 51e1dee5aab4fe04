// Builds the report's page: type-checks it, bundles script and style, and puts both into the one
// HTML file. The same sources and lock file make the same bytes, on every machine.
//
// Usage: node build.mjs --out page.html [--modules FOLDER]
//   --out      the page, with its marker where the run goes
//   --modules  the node_modules to use, by default the one beside this file

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const marker = "@PARWORK_RUN@";

function fail(sentence) {
  process.stderr.write(`build.mjs: ${sentence}\n`);
  process.exit(1);
}

// The modules may stand elsewhere than beside the sources: tsc is told where.
function typeCheck(modules) {
  const project = join(dirname(modules), "tsconfig.page.json");
  writeFileSync(
    project,
    JSON.stringify({
      extends: join(here, "tsconfig.json"),
      compilerOptions: { paths: { uplot: [join(modules, "uplot")] } },
      include: [join(here, "src")],
    }),
  );
  try {
    execFileSync(
      process.execPath,
      [join(modules, "typescript/bin/tsc"), "--project", project, "--noEmit"],
      { stdio: ["ignore", "inherit", "inherit"] },
    );
  } catch {
    fail("the page's type check failed, see above");
  } finally {
    rmSync(project, { force: true });
  }
}

async function bundle(modules) {
  const esbuild = createRequire(join(modules, "here.js"))("esbuild");
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(here, "src/main.ts")],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
    nodePaths: [modules],
  });
  const style = await esbuild.transform(
    readFileSync(join(modules, "uplot/dist/uPlot.min.css"), "utf8") +
      readFileSync(join(here, "style.css"), "utf8"),
    { loader: "css", minify: true, charset: "ascii" },
  );
  return { script: outputFiles[0].text.trimEnd(), style: style.code.trimEnd() };
}

function hashOf(text) {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

// Every placeholder is there once, and once filled in, it is gone.
function fill(page, name, text) {
  if (page.split(name).length !== 2) fail(`page.html must hold ${name} once`);
  return page.replace(name, () => text);
}

function check(page) {
  if (page.split(marker).length !== 2)
    fail(`the page must hold ${marker} once, it does ${page.split(marker).length - 1} times`);
  const odd = /[^\t\n\x20-\x7e]/.exec(page);
  if (odd)
    fail(
      `the page must be ASCII, so that every compiler reads it alike; it has ${JSON.stringify(odd[0])}`,
    );
  return page;
}

async function buildPage(modules) {
  typeCheck(modules);
  const { script, style } = await bundle(modules);
  if (/<\/script|<!--/i.test(script))
    fail("the bundled script holds what would end or hide its element");
  if (/<\/style/i.test(style)) fail("the style holds what would end its element");
  let page = readFileSync(join(here, "page.html"), "utf8");
  page = fill(page, "@SCRIPT_HASH@", hashOf(script));
  page = fill(page, "@STYLE_HASH@", hashOf(style));
  page = fill(page, "@STYLE@", style);
  page = fill(
    page,
    "@LICENSE@",
    readFileSync(join(modules, "uplot/LICENSE"), "utf8").replaceAll("--", "- -").trim(),
  );
  return check(fill(page, "@SCRIPT@", script));
}

const { values } = parseArgs({
  options: { out: { type: "string" }, modules: { type: "string" } },
});
if (!values.out) fail("--out is missing: where the page goes");
const modules = resolve(values.modules ?? join(here, "node_modules"));
if (!existsSync(join(modules, "esbuild")))
  fail(`${modules} lacks esbuild; run 'npm ci --ignore-scripts' beside package.json`);
writeFileSync(values.out, await buildPage(modules));
