#!/usr/bin/env python3
"""Makes tables and pictures of what bench/run measured.

Usage: bench/report.py [RESULTS]               prints every table of RESULTS
                                                (default: build/bench/results.json)
       bench/report.py --markdown [RESULTS]    puts them into docs/performance.md and README.md
       bench/report.py --pictures [RESULTS]    draws docs/pictures/*.svg
       bench/report.py -                       prints what one program wrote to the
                                                pipe (bench_throughput for example)

A table goes where the page has its marker, and replaces what stands there:

  <!-- bench:NAME -->
  <!-- /bench -->

The names are those of BLOCKS below. A table of which the results hold nothing is left as it is.
"""

import json
import re
import sys
from pathlib import Path

import goals
import pictures
import tables

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "docs/performance.md", ROOT / "docs/report.md", ROOT / "README.md")
PICTURES = ROOT / "docs/pictures"
MARKED = re.compile(r"(<!-- bench:([\w-]+) -->\n).*?(<!-- /bench -->)", re.DOTALL)

# Title and function; what has no title is for pages alone.
BLOCKS = {
    **tables.BLOCKS,
    "efficiency-in-short": (None, tables.efficiency_in_short),
    "goals": ("Goals", goals.table),
}


def everything(results):
    """All tables there are figures for, under headings."""
    made = [(title, block(results)) for title, block in BLOCKS.values() if title]
    return "\n".join(f"## {title}\n\n{text}" for title, text in made if text)


def with_tables(page, results):
    """The page's text, its marked places filled. Raises ValueError for a marker that names no
    table."""

    def fill(match):
        opening, name, closing = match.groups()
        if name not in BLOCKS:
            raise ValueError(f"no table is named '{name}': {', '.join(BLOCKS)}")
        text = BLOCKS[name][1](results)
        return f"{opening}{text}{closing}" if text else match.group()

    return MARKED.sub(fill, page)


def draw(results):
    """Writes the pictures and returns their paths."""
    PICTURES.mkdir(exist_ok=True)
    paths = []
    for name, picture in pictures.PICTURES.items():
        text = picture(results)
        if text:
            paths.append(PICTURES / f"{name}.svg")
            paths[-1].write_text(text, encoding="utf-8")
    return paths


def load(path):
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        sys.exit(f"bench/report.py: no {path}: run ./dev bench first")


def main(words):
    modes = [word for word in words if word in ("--markdown", "--pictures")]
    files = [word for word in words if word not in modes]
    if len(files) > 1 or any(word.startswith("--") for word in files):
        print(__doc__, file=sys.stderr)
        return 2
    if files == ["-"]:
        print(tables.plain_document(json.load(sys.stdin)))
        return 0
    results = load(files[0] if files else ROOT / "build/bench/results.json")
    if "--markdown" in modes:
        for page in PAGES:
            page.write_text(
                with_tables(page.read_text(encoding="utf-8"), results), encoding="utf-8"
            )
    if "--pictures" in modes:
        print("\n".join(str(path.relative_to(ROOT)) for path in draw(results)))
    if not modes:
        print(everything(results))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
