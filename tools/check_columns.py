#!/usr/bin/env python3
"""Checks that no line is longer than 100 columns where no formatter sees to it.

Usage: check_columns.py [ROOT]      ROOT: the source tree, by default the one this script is in

Formatters wrap code, and leave comments alone: their lines are wrapped by hand. So every line of
C++ and Promela counts, and in Python and TypeScript those that are comments. Text that stands for
itself does not: a line without a blank (an address), and a string.
"""

import re
import subprocess
import sys
from pathlib import Path

WIDTH = 100
EVERY_LINE = (".cpp", ".hpp", ".h", ".pml")
COMMENTS = {".py": "#", ".ts": "//", ".mjs": "//", ".css": "/*"}
GENERATED = "generated"


def comment_mark(path):
    """None where every line counts, else what a comment begins with; "" where no line does."""
    if path.suffix in EVERY_LINE:
        return None
    return COMMENTS.get(path.suffix, "")


def is_comment(text, mark, in_docstring):
    bare = text.strip()
    return in_docstring or bare.startswith((mark, "/**", "* "))


def long_lines(path, mark):
    """Numbers of the lines that are too long."""
    in_docstring = False
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        quotes = text.count('"""')
        counts = mark is None or is_comment(text, mark, in_docstring or quotes > 0)
        if counts and len(text) > WIDTH and " " in text.strip().lstrip("#/* "):
            yield number
        in_docstring ^= path.suffix in (".py", "") and quotes % 2 == 1


def tracked(root):
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(name) for name in listing.stdout.split("\0") if name]


def main(arguments):
    if len(arguments) > 1:
        print(__doc__, file=sys.stderr)
        return 2
    root = Path(arguments[0] if arguments else Path(__file__).parent.parent).resolve()
    status = 0
    for path in tracked(root):
        mark = comment_mark(path)
        if mark == "" or GENERATED in path.parts or not (root / path).is_file():
            continue
        for number in long_lines(root / path, mark):
            print(f"{path}:{number}: longer than {WIDTH} columns")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
