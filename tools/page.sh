#!/usr/bin/env bash
# The report's page: the only part of parwork that needs node and npm, and only for who changes it.
#
# usage: tools/page.sh build    makes src/report/generated/page.html, which the library embeds
#        tools/page.sh lint     checks types and format, and that the built page is what its sources make
#        tools/page.sh test WRITE_REPORTS
#                               opens the page in headless Chromium, with made-up runs and with those
#                               that the program WRITE_REPORTS writes
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly built=src/report/generated/page.html
readonly sources=src/report/page
readonly tests=tests/e2e/report
# npm writes beside package.json, and node finds modules beside what imports them: so all of it works on copies.
readonly copies=build/page

say() { printf '%s\n' "page: $*" >&2; }
die() { say "$*"; exit 1; }

# Copies a folder below build/page and fetches what its lock file names, unless that is there.
copy_with_modules() {
  local folder=$1 copy=$copies/$1
  mkdir -p "$copy"
  find "$copy" -mindepth 1 -maxdepth 1 ! -name node_modules -exec rm -r {} +
  tar --create --exclude node_modules "$folder" | tar --extract --directory "$copies"
  cmp --silent "$copy/package-lock.json" "$copy/node_modules/.fetched" && return
  (cd "$copy" && npm ci --ignore-scripts --prefer-offline --no-audit --no-fund --no-update-notifier --loglevel=error) >&2
  cp "$copy/package-lock.json" "$copy/node_modules/.fetched"
}

make_page() { node "$copies/$sources/build.mjs" --out "$copies/page.html"; }

check_built_page() {
  make_page
  cmp --silent "$copies/page.html" "$built" || die "$built is not what $sources makes: run ./dev page"
}

build_page() {
  copy_with_modules "$sources"
  make_page
  mkdir -p "$(dirname "$built")"
  if cmp --silent "$copies/page.html" "$built"; then
    say "$built is up to date"
  else
    cp "$copies/page.html" "$built"
    say "made: $built"
  fi
}

lint_page() {
  copy_with_modules "$sources"
  copy_with_modules "$tests"
  check_built_page
  "$copies/$tests/node_modules/.bin/tsc" --project "$copies/$tests"
  "$copies/$sources/node_modules/.bin/prettier" --check --log-level warn "$sources"/{src,build.mjs,style.css} "$tests"
}

find_chromium() {
  local name
  for name in chromium chromium-browser google-chrome; do
    command -v "$name" && return
  done
  die 'no chromium is here'
}

test_page() {
  local write_reports=$1 chromium concurrency=()
  chromium=$(find_chromium)
  copy_with_modules "$sources"
  copy_with_modules "$tests"
  check_built_page
  rm -rf "$copies/written"
  "$write_reports" "$copies/written"
  # Older versions of node run the files one after another.
  ! node --test-concurrency=2 --version >/dev/null 2>&1 || concurrency=(--test-concurrency=2)
  CHROMIUM=$chromium PAGE=$PWD/$built WRITTEN=$PWD/$copies/written \
    node --test --test-reporter=spec "${concurrency[@]}" "$copies/$tests"/*.test.mjs >"$copies/tests.log" 2>&1 ||
    { sed -n '/failing tests:/,$ p' "$copies/tests.log"; die "tests fail; all of their output is in $copies/tests.log"; }
  say "$(sed -n 's/^[^a-z]*pass //p' "$copies/tests.log") tests pass"
}

case "${1:-} $#" in
  'build 1') build_page ;;
  'lint 1') lint_page ;;
  'test 2') test_page "$2" ;;
  *) say 'usage: tools/page.sh build | lint | test WRITE_REPORTS'; exit 2 ;;
esac
