#!/usr/bin/env python3
"""Measures the command-line tool beside its peers: tiny jobs, start-up, many at once, memory.
Prints a document as the other programs here do (support/results.hpp); bench/run calls it.

Each round runs every tool once, one after another. Rates are of whole processes, from their start
to their end.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, NamedTuple

TINY = "/bin/true"
SLEEP_S = 2


class Tool(NamedTuple):
    """`command(jobs, at_once, program)` runs the program with each line of standard input, or so
    many times."""

    peer: str
    label: str
    command: Callable
    share: float = 1  # of the tiny jobs, for those that take ten times as long for each


def makefile(folder, jobs, program):
    """One with a target for each job."""
    path = Path(folder, f"{Path(program).name}-{jobs}.mk")
    if not path.exists():
        names = " ".join(f"job{number}" for number in range(jobs))
        path.write_text(f".PHONY: all {names}\nall: {names}\n{names}:\n\t@{program} {SLEEP_S}\n")
    return path


def tools(parwork, spawn_loop, folder):
    """Those that are here."""
    yield Tool(
        "parwork", "parwork", lambda jobs, at_once, program: [parwork, f"-j{at_once}", program]
    )
    if spawn_loop and Path(spawn_loop).exists():
        yield Tool(
            "limit",
            "a loop of posix_spawn on 2 threads",
            lambda jobs, at_once, program: [spawn_loop, str(jobs), program]
            if at_once == 2
            else None,
        )
    if shutil.which("xargs"):
        yield Tool(
            "xargs",
            "xargs -P",
            lambda jobs, at_once, program: ["xargs", f"-P{at_once}", "-n1", program],
        )
    if shutil.which("make"):
        yield Tool(
            "make",
            "make -j",
            lambda jobs, at_once, program: [
                "make",
                "-s",
                f"-j{at_once}",
                "-f",
                str(makefile(folder, jobs, program)),
            ],
        )
    moreutils = shutil.which("parallel.moreutils")
    if moreutils:
        yield Tool(
            "moreutils",
            "moreutils parallel",
            lambda jobs, at_once, program: [
                moreutils,
                "-j",
                str(at_once),
                program,
                "--",
                *[str(SLEEP_S)] * jobs,
            ],
        )
    gnu = shutil.which("parallel")
    if (
        gnu
        and b"GNU" in subprocess.run([gnu, "--version"], stdout=subprocess.PIPE, check=False).stdout
    ):
        yield Tool(
            "gnu",
            "GNU parallel",
            lambda jobs, at_once, program: [gnu, f"-j{at_once}", program],
            0.1,
        )


class Results:
    def __init__(self):
        self.samples = {}

    def add(self, tool, case, metric, value):
        self.samples.setdefault((tool.peer, tool.label, case, metric), []).append(value)

    def figures(self):
        for (peer, label, case, metric), samples in self.samples.items():
            ordered = sorted(samples)
            median = statistics.median(ordered)
            yield {
                "peer": peer,
                "label": label,
                "case": case,
                "metric": metric,
                "samples": len(ordered),
                "median": median,
                "q1": ordered[len(ordered) // 4],
                "q3": ordered[3 * len(ordered) // 4],
                "least": ordered[0],
                "most": ordered[-1],
                "deviation": statistics.median(abs(sample - median) for sample in ordered),
            }


def run(command, jobs):
    """Seconds, and what it wrote."""
    with tempfile.TemporaryFile() as items:
        items.write(f"{SLEEP_S}\n".encode() * jobs)
        items.seek(0)
        begin = time.monotonic()
        done = subprocess.run(
            command, stdin=items, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
        elapsed = time.monotonic() - begin
    if done.returncode != 0:
        sys.exit(f"bench/tool.py: {command[:4]} failed with status {done.returncode}")
    return elapsed, done.stdout


def peak_teller(folder):
    """A program that writes the peak of its parent's resident memory."""
    path = Path(folder, "peak")
    path.write_text(
        "#!/bin/sh\nwhile read -r name value unit; do\n"
        '  if [ "$name" = VmHWM: ]; then echo "$value"; fi\ndone < /proc/$PPID/status\n'
    )
    path.chmod(0o755)
    return str(path)


def measure(found, peak, words):
    results = Results()
    for _ in range(words.rounds):
        for tool in found:
            jobs = int(words.jobs * tool.share)
            results.add(
                tool, "tiny", "jobs_per_s", jobs / run(tool.command(jobs, 2, TINY), jobs)[0]
            )
        for tool in found:
            elapsed, _ = run(tool.command(1, 2, TINY), 1)
            results.add(tool, "one", "ms", 1e3 * elapsed)
    for tool in found:
        if tool.peer not in ("limit", "gnu"):  # whose jobs have another parent
            jobs = int(words.jobs * tool.share)
            peaks = run(tool.command(jobs, 2, peak), jobs)[1].split()
            results.add(tool, "tiny", "mib", max(map(int, peaks)) / 1024)
    for _ in range(words.crowd_rounds):
        for tool in found:
            command = tool.command(words.crowd, words.crowd, "sleep")
            if command:
                results.add(tool, "crowd", "s", run(command, words.crowd)[0])
    return results


def parse():
    parser = argparse.ArgumentParser("bench/tool.py", description=__doc__)
    parser.add_argument("--tool", required=True, metavar="PARWORK")
    parser.add_argument("--spawn-loop", metavar="PROGRAM")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--jobs", type=int, default=2000, help="tiny ones, in a round")
    parser.add_argument("--crowd", type=int, default=1000, help="how many at once")
    parser.add_argument("--crowd-rounds", type=int, default=1)
    parser.add_argument(
        "--patience-ms", type=int, default=0, help="taken for the other programs' sake"
    )
    return parser.parse_args()


def main():
    words = parse()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    limit = min(4096, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with tempfile.TemporaryDirectory(prefix="parwork-bench-") as folder:
        results = measure(
            list(tools(words.tool, words.spawn_loop, folder)), peak_teller(folder), words
        )
    json.dump(
        {
            "program": "tool",
            "conditions": {
                "cores": len(os.sched_getaffinity(0)),
                "rounds": words.rounds,
                "jobs": words.jobs,
                "crowd": words.crowd,
                "sleep_s": SLEEP_S,
                "files": limit,
            },
            "notes": [],
            "figures": list(results.figures()),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
