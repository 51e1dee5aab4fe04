#!/usr/bin/env python3
"""Compares what fixed small runs cost, in instructions, with a committed baseline.

Usage: bench/check.py PROGRAM                 PROGRAM: build/bench/bench/bench_instructions
       bench/check.py --record PROGRAM        writes the baseline anew
       bench/check.py --baseline FILE ...     another baseline than bench/instructions.json

Instructions are counted by valgrind's callgrind, with one worker and a clock that stands still: so
neither other load nor the machine's speed matters, and two counts differ by less than a thousandth.
More than TOLERANCE above the baseline fails; more below asks for a new baseline. The count depends
on the compiler: with another one than the baseline's, OTHER_COMPILER is tolerated, and the check
says so.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BASELINE = Path(__file__).resolve().parent / "instructions.json"
CASES = ("completion", "input", "completions", "split", "spawn", "calls")
TOLERANCE = 0.03
OTHER_COMPILER = 0.20


def fail(text):
    sys.exit(f"bench/check.py: {text}")


def compiler_of(program):
    """What the program says that it was made by."""
    text = subprocess.run(
        ["readelf", "-p", ".comment", program], capture_output=True, text=True, check=True
    ).stdout
    found = re.findall(r"\]\s+(.+)", text)
    return found[-1].strip() if found else "unknown"


def count(program, case):
    """The instructions of one case, as callgrind counts them."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        done = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                "--collect-atstart=no",
                f"--callgrind-out-file={out}",
                program,
                case,
            ],
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            fail(f"{program} {case} failed:\n{done.stderr}")
        found = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE)
    if not found or int(found.group(1)) == 0:
        fail(f"valgrind counted nothing in {program} {case}")
    return int(found.group(1))


def compare(baseline, counted, compiler):
    """The lines to print, and whether all is well."""
    tolerance = TOLERANCE
    lines = []
    if compiler != baseline["compiler"]:
        tolerance = OTHER_COMPILER
        lines.append(
            f"built by {compiler}, the baseline by {baseline['compiler']}: {tolerance:.0%} are tolerated"
        )
    well = True
    for case, now in counted.items():
        before = baseline["instructions"].get(case)
        if before is None:
            lines.append(f"{case:12} {now:>12,}  not in the baseline: record it anew")
            well = False
            continue
        change = now / before - 1
        verdict = "ok"
        if change > tolerance:
            verdict = "MORE than tolerated: find out why, or record a new baseline and say why"
            well = False
        elif change < -tolerance:
            verdict = "less: record a new baseline, so that it stays so"
        lines.append(f"{case:12} {now:>12,}  {change:+7.1%}  {verdict}")
    return lines, well


def main():
    parser = argparse.ArgumentParser(usage="bench/check.py [--record] [--baseline FILE] PROGRAM")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--baseline", type=Path, default=BASELINE)
    parser.add_argument("program")
    given = parser.parse_args()
    if not shutil.which("valgrind"):
        fail("valgrind is not installed (Debian's valgrind)")
    if not Path(given.program).exists():
        fail(f"no program {given.program}: ./dev bench --check builds it")
    compiler = compiler_of(given.program)
    counted = {case: count(given.program, case) for case in CASES}
    if given.record:
        given.baseline.write_text(
            json.dumps({"compiler": compiler, "instructions": counted}, indent=2) + "\n"
        )
        print(f"recorded {given.baseline}")
        return
    if not given.baseline.exists():
        fail(f"no baseline {given.baseline}: ./dev bench --record-baseline writes it")
    lines, well = compare(json.loads(given.baseline.read_text()), counted, compiler)
    print("\n".join(lines))
    if not well:
        fail("the runs above cost more instructions than the baseline allows")


if __name__ == "__main__":
    main()
