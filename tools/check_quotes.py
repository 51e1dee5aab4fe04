#!/usr/bin/env python3
"""Checks that README.md and docs/ tell the truth about the tree: quoted code, links, paths.

Usage: check_quotes.py [--fix] [ROOT]      ROOT: the source tree, by default the one that this
                                           script is in

1. A fenced block below `<!-- quote: examples/x.cpp#region -->` equals what stands in that file
between the lines
   `// [region]` and `// [/region]` (or `# [region]`), less its indentation; without `#region` it
   equals the whole file.
   --fix copies the code into the page.
2. A relative link names a file that exists, and a heading in it where it has a `#fragment`.
3. A path in back-ticks that starts with a folder of the tree exists.
"""

import re
import sys
import textwrap
from pathlib import Path

QUOTE = re.compile(r"<!-- quote: ([^\s#]+)(?:#(\w+))? -->\n+(```[^\n]*\n)(.*?)(```)", re.DOTALL)
MARKER = re.compile(r"\s*(?://|#) \[(/?\w+)\]\s*")
MARKED = re.compile(r"<!-- quote:")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TICKED = re.compile(r"`([A-Za-z0-9_.][A-Za-z0-9_./-]*)`")
FOLDERS = ("apps", "bench", "cmake", "docs", "examples", "include", "src", "tests", "tools", ".ci")


class QuoteError(Exception):
    """A quotation that names what is not there."""


def region_of(text, region, path):
    """The code of a region, dedented, its own markers and those of regions within left out."""
    lines = text.splitlines()
    if region:
        marks = [MARKER.fullmatch(line) for line in lines]
        names = [mark.group(1) if mark else None for mark in marks]
        if region not in names or f"/{region}" not in names:
            raise QuoteError(f"{path} has no region [{region}] ... [/{region}]")
        lines = lines[names.index(region) + 1 : names.index(f"/{region}")]
    lines = [line for line in lines if not MARKER.fullmatch(line)]
    return textwrap.dedent("\n".join(lines)).strip("\n") + "\n"


def quoted(root, path, region):
    file = root / path
    if not file.is_file():
        raise QuoteError(f"{path} does not exist")
    return region_of(file.read_text(encoding="utf-8"), region, path)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def quote_faults(root, text):
    """(line, sentence) for each quotation that differs from its file."""
    matches = list(QUOTE.finditer(text))
    starts = {match.start() for match in matches}
    for mark in MARKED.finditer(text):
        if mark.start() not in starts:
            yield line_of(text, mark.start()), "a quote mark without a fenced block below it"
    for match in matches:
        path, region, _, body, _ = match.groups()
        try:
            same = body == quoted(root, path, region)
        except QuoteError as error:
            yield line_of(text, match.start()), str(error)
            continue
        if not same:
            yield line_of(
                text, match.start()
            ), f"differs from {path}: run tools/check_quotes.py --fix"


def fixed(root, text):
    """The page with each quotation that can be found brought up to date."""

    def replacement(match):
        path, region, fence, body, end = match.groups()
        try:
            body = quoted(root, path, region)
        except QuoteError:
            return match.group()
        return match.group()[: match.start(3) - match.start()] + fence + body + end

    return QUOTE.sub(replacement, text)


def anchors_of(page):
    """The fragments that the headings of a page have on the usual hosts."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.*?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def link_fault(root, page, link):
    """What is wrong with a link, or None."""
    if re.match(r"[a-z]+:", link):
        return None
    path, _, fragment = link.partition("#")
    target = (page.parent / path if path else page).resolve()
    if not target.exists() or not target.is_relative_to(root):
        return f"links to {link}, which does not exist"
    if fragment and target.suffix == ".md" and fragment not in anchors_of(target):
        return f"links to {link}, and {target.name} has no such heading"
    return None


def reference_faults(root, page, text):
    """(line, sentence) for each link or path that leads nowhere."""

    def blanked(match):
        return re.sub(r"[^\n]", " ", match.group())

    text = FENCE.sub(blanked, text)
    for match in LINK.finditer(text):
        fault = link_fault(root, page, match.group(1))
        if fault:
            yield line_of(text, match.start()), fault
    for match in TICKED.finditer(text):
        path = match.group(1)
        if path.split("/")[0] in FOLDERS and "/" in path and not (root / path).exists():
            yield line_of(text, match.start()), f"names {path}, which does not exist"


def main(arguments):
    fix = "--fix" in arguments
    rest = [argument for argument in arguments if argument != "--fix"]
    if len(rest) > 1 or any(argument.startswith("-") for argument in rest):
        print(__doc__, file=sys.stderr)
        return 2
    root = Path(rest[0] if rest else Path(__file__).parent.parent).resolve()
    found = False
    for page in [*sorted(root.glob("*.md")), *sorted((root / "docs").glob("**/*.md"))]:
        text = page.read_text(encoding="utf-8")
        if fix and fixed(root, text) != text:
            text = fixed(root, text)
            page.write_text(text, encoding="utf-8")
            print(f"{page.relative_to(root)}: quotations brought up to date")
        for line, fault in sorted([*quote_faults(root, text), *reference_faults(root, page, text)]):
            print(f"{page.relative_to(root)}:{line}: {fault}")
            found = True
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
