#!/usr/bin/env python3
"""bench/check.py: a run that has become dearer fails, and the rest passes with a word where it
should."""

import importlib.util
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "bench/check.py"


def load():
    spec = importlib.util.spec_from_file_location("check", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHECK = load()


class CompareTest(unittest.TestCase):
    def compare(self, before, now, compiler="g++ 1"):
        baseline = {"compiler": "g++ 1", "instructions": {"spawn": before}}
        return CHECK.compare(baseline, {"spawn": now}, compiler)

    def test_the_same_count_passes(self):
        lines, well = self.compare(1000, 1000)
        self.assertTrue(well)
        self.assertIn("ok", lines[-1])

    def test_a_twentieth_more_fails(self):
        lines, well = self.compare(1000, 1050)
        self.assertFalse(well)
        self.assertIn("MORE", lines[-1])

    def test_a_twentieth_less_passes_and_asks_for_a_new_baseline(self):
        lines, well = self.compare(1000, 950)
        self.assertTrue(well)
        self.assertIn("record a new baseline", lines[-1])

    def test_another_compiler_is_named_and_tolerated_more(self):
        lines, well = self.compare(1000, 1150, "clang 2")
        self.assertTrue(well)
        self.assertIn("clang 2", lines[0])
        self.assertFalse(self.compare(1000, 1300, "clang 2")[1])

    def test_a_case_that_the_baseline_lacks_fails(self):
        lines, well = CHECK.compare(
            {"compiler": "g++ 1", "instructions": {}}, {"spawn": 5}, "g++ 1"
        )
        self.assertFalse(well)
        self.assertIn("not in the baseline", lines[-1])


if __name__ == "__main__":
    unittest.main()
