"""bench/simulate.py: what the simulation must come to where that is known without it, and its
refusals."""

import copy
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

from scaling_model import (
    Variant,
    gate_limits,
    least_grain_ns,
    simulate,
)  # noqa: E402  (needs the path)
from simulate import FORMS, MACHINE  # noqa: E402

AS_IT_IS = Variant(share=1, wakes="inside", sized_by="turn")


def part(item_ns, batch_ns):
    return {"item_ns": item_ns, "batch_ns": batch_ns}


# Round figures of the size that small machines have.
CONSTANTS = {
    "plain_ns": 2.5,
    "line_ns": 50.0,
    "streamed_line_ns": 1.0,
    "wake_ns": 7000.0,
    "wake_latency_ns": 18000.0,
    "membarrier_busy_ns": 9000.0,
    "parwork": {
        "pull": part(3.0, 20.0),
        "work": part(3.0, 15.0),
        "collect": part(2.0, 35.0),
        "rest": part(0.0, 0.0),
    },
    "parwork-split": {
        "pull": part(0.0, 15.0),
        "work": part(3.5, 0.0),
        "collect": part(0.0, 35.0),
        "rest": part(0.0, 1.0),
    },
}

MEASURED = {
    "plain": {"empty": 2.5, "1us": 1003},
    "parwork": {"empty": 5.0, "1us": 520},
    "parwork-split": {"empty": 2.0, "1us": 510},
}


def document(*figures):
    """What a benchmark program prints."""
    names = ("peer", "case", "metric", "median")
    return json.dumps(
        {"program": "test", "figures": [dict(zip(names, figure)) for figure in figures]}
    )


def constants_document():
    machine = [("machine", case, "ns", CONSTANTS[name]) for name, case in MACHINE.items()]
    engine = [
        (form, part_name, metric, value)
        for form in FORMS
        for part_name, costs in CONSTANTS[form].items()
        for metric, value in costs.items()
    ]
    return document(("plain", "empty", "ns", CONSTANTS["plain_ns"]), *machine, *engine)


def measured_document(measured):
    return document(
        *(
            (peer, grain, "ns", ns)
            for peer, grains in measured.items()
            for grain, ns in grains.items()
        )
    )


class Simulation(unittest.TestCase):
    def ns(self, form, workers, grain_ns, variant=AS_IT_IS, constants=None):
        return simulate(constants or CONSTANTS, form, workers, grain_ns, variant).ns

    def test_one_worker_takes_what_its_parts_cost(self):
        batch = (20 + 15 + 35) / 100  # queue 100
        self.assertAlmostEqual(self.ns("parwork", 1, 100), 100 + 3 + 3 + 2 + batch, delta=0.5)
        self.assertAlmostEqual(self.ns("parwork-split", 1, 100), 100 + 3.5, delta=0.5)

    def test_long_items_use_all_workers(self):
        for form in ("parwork", "parwork-split"):
            for workers in (2, 16, 64):
                self.assertGreater(
                    simulate(CONSTANTS, form, workers, 100_000, AS_IT_IS).efficiency, 0.98
                )

    def test_is_never_faster_than_a_part_that_one_at_a_time_is_in(self):
        slow = copy.deepcopy(CONSTANTS)
        for name in ("pull", "collect"):
            slow["parwork"][name]["item_ns"] = 1000.0
            for workers in (2, 8, 32):
                self.assertGreater(self.ns("parwork", workers, 100, constants=slow), 1000)
            slow["parwork"][name]["item_ns"] = 3.0

    def test_work_below_the_formula_leaves_workers_idle_and_above_it_does_not(self):
        least = least_grain_ns(CONSTANTS, 16, AS_IT_IS)
        outside = AS_IT_IS._replace(wakes="outside")
        self.assertLess(simulate(CONSTANTS, "parwork", 16, least / 4, outside).efficiency, 0.7)
        self.assertGreater(simulate(CONSTANTS, "parwork", 16, least * 4, outside).efficiency, 0.9)

    def test_gates_keep_more_workers_busy_with_longer_items(self):
        short = gate_limits(CONSTANTS, 16, 100, AS_IT_IS)
        longer = gate_limits(CONSTANTS, 16, 100_000, AS_IT_IS)
        self.assertTrue(all(one < other for one, other in zip(short, longer)))

    def test_gives_the_same_figures_again(self):
        self.assertEqual(self.ns("parwork", 16, 50), self.ns("parwork", 16, 50))


class CommandLine(unittest.TestCase):
    def setUp(self):
        tree = tempfile.TemporaryDirectory()
        self.addCleanup(tree.cleanup)
        self.root = Path(tree.name)

    def file(self, name, text):
        path = self.root / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def run_with(self, *arguments):
        return subprocess.run(
            [sys.executable, "-B", str(BENCH / "simulate.py"), *arguments],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def refusal(self, *arguments):
        done = self.run_with(*arguments)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_prints_the_check_and_the_tables(self):
        done = self.run_with(
            "--check",
            "--workers",
            "2,4",
            "--constants",
            self.file("c", constants_document()),
            "--measured",
            self.file("m", measured_document(MEASURED)),
        )
        self.assertEqual(done.stderr, "")
        self.assertIn("| parwork: measured | 5.0 | 520 |", done.stdout)
        self.assertIn("| item \\ workers | 2 | 4 |", done.stdout)

    def test_says_what_is_missing_and_what_to_do(self):
        good = self.file("c", constants_document())
        self.assertIn("build with PARWORK_BENCH=ON", self.refusal("--build", str(self.root)))
        self.assertIn("cannot be read", self.refusal("--constants", str(self.root / "none")))
        self.assertIn("no benchmark's JSON", self.refusal("--constants", self.file("b", "{")))
        self.assertIn(
            "the constants lack 'machine'", self.refusal("--constants", self.file("b", document()))
        )
        empty = self.file("m", "")
        self.assertIn(
            "no benchmark's JSON", self.refusal("--check", "--constants", good, "--measured", empty)
        )
        lacking = {peer: grains for peer, grains in MEASURED.items() if peer != "parwork-split"}
        self.assertIn(
            "lacks the peer 'parwork-split'",
            self.refusal(
                "--check",
                "--constants",
                good,
                "--measured",
                self.file("m", measured_document(lacking)),
            ),
        )
        self.assertIn("--workers: 'two'", self.refusal("--workers", "two", "--constants", good))


if __name__ == "__main__":
    unittest.main()
