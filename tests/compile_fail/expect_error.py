#!/usr/bin/env python3
"""Compiles one C++ file and checks that it fails as its first line says.

Usage: expect_error.py FILE -- COMPILER [ARGUMENT...]

The first line of FILE is one of
  // expect: TEXT    it must not compile, and an error of the compiler must contain TEXT
  // expect: ok      it must compile: a control, which shows that a neighbour fails for its one
                     fault alone
"""

import os
import subprocess
import sys

MARK = "// expect: "


def expectation(path):
    """The text after the mark in the first line, or None where there is none."""
    with open(path, encoding="utf-8") as file:
        line = file.readline().rstrip("\n")
    return line[len(MARK) :].strip() or None if line.startswith(MARK) else None


def errors(output):
    """The lines of a compiler's output that are errors; quoted source lines and notes could say
    anything."""
    return [line for line in output.splitlines() if "error:" in line]


def verdict(expected, status, output):
    """What is wrong, as one sentence, or None."""
    if expected is None:
        return f"its first line must start with '{MARK}' and say what is expected"
    if expected == "ok":
        return "it must compile, and does not" if status != 0 else None
    if status == 0:
        return f"it compiles, and must fail with: {expected}"
    if not any(expected in line for line in errors(output)):
        return f"it fails, but no error says: {expected}"
    return None


def main(arguments):
    if len(arguments) < 3 or arguments[1] != "--":
        print(__doc__, file=sys.stderr)
        return 2
    path, command = arguments[0], [*arguments[2:], arguments[0]]
    expected = expectation(path)
    run = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "LC_ALL": "C"},
    )
    wrong = verdict(expected, run.returncode, run.stdout)
    if wrong is None:
        return 0
    print(run.stdout)
    print(f"{path}: {wrong}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
