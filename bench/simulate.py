#!/usr/bin/env python3
"""How runs scale to more cores than are at hand: a simulation of the design from measured
constants.

Usage: simulate.py [--check] [OPTION]...     prints Markdown, the tables of docs/performance.md;
                                             takes about 5 seconds

  --check           first its prediction for 2 workers beside a measured run
  --build DIR       the build tree with bench_constants and bench_throughput (default build/bench)
  --constants FILE  what bench_constants printed, in place of running it
  --measured FILE   what bench_throughput printed with 2 workers, in place of running it
  --workers LIST    numbers of workers (default 2,4,8,16,32,64,128)

What if the engine were another? The first is what it is (src/engine/intake.cpp).
  --share 1|2|3|4          a batch has at most queue / (this * workers) items
  --wakes inside|outside   other threads are woken inside the generator's gate, or when it has
                           been opened
  --sized-by turn|work     batches aim at 30 us of a worker's whole turn, waiting for lines
                           included, or of work

What is simulated, and from what, is said in scaling_model.py.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from scaling_model import Variant, gate_limits, least_grain_ns, simulate

GRAINS = {
    "empty": 0,
    "50ns": 50,
    "100ns": 100,
    "500ns": 500,
    "1us": 1_000,
    "10us": 10_000,
    "100us": 100_000,
}
WORKERS = "2,4,8,16,32,64,128"
FORMS = ("parwork", "parwork-split")

# What the simulation calls them, and bench_constants.
MACHINE = {
    "line_ns": "line",
    "streamed_line_ns": "streamed line",
    "wake_ns": "waking",
    "wake_latency_ns": "wake latency",
    "membarrier_busy_ns": "membarrier, busy",
}


class InputError(Exception):
    """Something that was given, or a program, is not as expected. The message says what to do."""


# --- Where constants and measurements come from ---


def output_of(command):
    try:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    except FileNotFoundError as error:
        raise InputError(
            f"{command[0]} is not there: build with PARWORK_BENCH=ON (./dev bench does), or name the "
            "folder by --build"
        ) from error
    except subprocess.CalledProcessError as error:
        raise InputError(f"{command[0]} failed with status {error.returncode}") from error


def read_text(path):
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def document_from(path, program, *arguments):
    """The figures of a benchmark program, {peer: {case: {metric: median}}}: from a file, else by
    running it."""
    text = read_text(path) if path else output_of([program, *arguments])
    where = path or program
    try:
        figures = json.loads(text)["figures"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(
            f"{where}: no benchmark's JSON document; give what the program prints"
        ) from error
    found = {}
    for figure in figures:
        cases = found.setdefault(figure["peer"], {})
        cases.setdefault(figure["case"], {})[figure["metric"]] = figure["median"]
    return found


def load_constants(args):
    document = document_from(args.constants, f"{args.build}/bench/bench_constants")
    try:
        machine = document["machine"]
        constants = {name: machine[case]["ns"] for name, case in MACHINE.items()}
        constants["plain_ns"] = document["plain"]["empty"]["ns"]
        for form in FORMS:
            constants[form] = {
                part: document[form][part] for part in ("pull", "work", "collect", "rest")
            }
    except KeyError as error:
        raise InputError(
            f"the constants lack {error}: give what this version's bench_constants prints"
        ) from error
    return constants


def load_measured(args):
    """{peer: {grain: ns}} with two workers."""
    peers = ",".join(("plain", *FORMS))
    document = document_from(
        args.measured,
        f"{args.build}/bench/bench_throughput",
        "--peers",
        peers,
        "--order",
        "completion",
        "--workers",
        "2",
        "--round-ms",
        "30",
    )
    for peer in ("plain", *FORMS):
        if "empty" not in document.get(peer, {}):
            raise InputError(
                f"the measured run lacks the peer '{peer}' or its empty items: run bench_throughput "
                f"with --peers {peers} --order completion"
            )
    return {
        peer: {grain: metrics["ns"] for grain, metrics in cases.items()}
        for peer, cases in document.items()
    }


# --- Output ---


def readable(ns):
    return f"{ns:.1f}" if ns < 100 else f"{ns:.0f}"


def print_table(header, rows):
    print("| " + " | ".join(header) + " |")
    print("|---" + "|---:" * (len(header) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def work_ns(measured, grain):
    """What the plain loop of the measured run took more than for empty items: the length that items
    really had."""
    return max(0.0, measured["plain"][grain] - measured["plain"]["empty"])


def print_check(constants, measured, variant):
    print("Two workers, nanoseconds an item:\n")
    grains = [grain for grain in GRAINS if grain in measured["plain"]]
    rows = []
    for form, label in (("parwork", "parwork"), ("parwork-split", "parwork, split and reduce")):
        predicted = [
            simulate(constants, form, 2, work_ns(measured, grain), variant).ns for grain in grains
        ]
        real = [measured[form][grain] for grain in grains]
        rows.append([f"{label}: measured", *map(readable, real)])
        rows.append([f"{label}: simulated", *map(readable, predicted)])
        rows.append(
            [f"{label}: error, %", *(f"{100 * (p / r - 1):+.0f}" for p, r in zip(predicted, real))]
        )
    print_table(["item", *grains], rows)


def print_efficiency(constants, form, workers_list, variant):
    rows = []
    for name, grain_ns in GRAINS.items():
        row = [name]
        for workers in workers_list:
            row.append(
                f"{100 * simulate(constants, form, workers, grain_ns, variant).efficiency:.0f}"
            )
        rows.append(row)
    print_table(["item \\ workers", *map(str, workers_list)], rows)


def print_limits(constants, workers_list, variant):
    print("By the formula, work that an item needs at least for no gate to be the limit:\n")
    least = [readable(least_grain_ns(constants, workers, variant)) for workers in workers_list]
    print_table(["workers", *map(str, workers_list)], [["ns an item", *least]])
    print(
        f"By the formula, workers that a gate can keep busy, at the distances of {max(workers_list)} cores:\n"
    )
    limits = [
        gate_limits(constants, max(workers_list), grain_ns, variant) for grain_ns in GRAINS.values()
    ]
    print_table(
        ["item", *GRAINS],
        [
            ["generator", *(f"{pull:.0f}" for pull, _ in limits)],
            ["collector", *(f"{collect:.0f}" for _, collect in limits)],
        ],
    )


def parse_workers(text):
    found = [int(word) if word.isdecimal() else 0 for word in text.split(",")]
    if min(found) < 1 or max(found) > 1024:
        raise InputError(
            f"--workers: '{text}' is no list of numbers from 1 to 1024, such as 2,16,64"
        )
    return found


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--build", default="build/bench")
    parser.add_argument("--constants")
    parser.add_argument("--measured")
    parser.add_argument("--workers", default=WORKERS)
    parser.add_argument("--share", type=int, default=1, choices=(1, 2, 3, 4))
    parser.add_argument("--wakes", default="inside", choices=("inside", "outside"))
    parser.add_argument("--sized-by", default="turn", choices=("turn", "work"))
    return parser.parse_args()


def main():
    args = parse_arguments()
    try:
        variant = Variant(args.share, args.wakes, args.sized_by)
        workers_list = parse_workers(args.workers)
        constants = load_constants(args)
        if args.check:
            print_check(constants, load_measured(args), variant)
        print(
            "Efficiency in per cent: (plain loop / workers) / time, on as many cores as workers:\n"
        )
        print_efficiency(constants, "parwork", workers_list, variant)
        print("The same with split and reduce:\n")
        print_efficiency(constants, "parwork-split", workers_list, variant)
        print_limits(constants, workers_list, variant)
    except InputError as error:
        print(f"simulate.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
