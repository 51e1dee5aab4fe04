#!/usr/bin/env python3
"""The example report: what it says held the run back is what was chosen to, and its files hold it.

Usage: report_test.py PROGRAM REPORT      REPORT: 1 where the build has the report, else 0
"""

import json
import re
import sys

import harness

REPORT = None
DATA = re.compile(r'<script type="application/json" id="run">(.*?)</script>', re.DOTALL)


class ReportTest(harness.ProgramTest):
    def verdict(self, bound, *arguments):
        status, out, err = self.run_program("--bound", bound, "--items", "500", *arguments)
        self.assertEqual((status, err), (0, ""))
        return out.decode()

    def assert_bound(self, bound, *sentences):
        """A part that others' load kept from its CPU is not what bounds the run: so it may take
        some runs. A part that is occupied for less than 90 % of the time holds back."""
        seen = ""
        for _ in range(10):
            seen = self.verdict(bound)
            if any(sentence in seen for sentence in sentences):
                return
        self.fail(f"none of {sentences}: {seen}")

    def test_says_that_the_generator_bounds_the_run(self):
        self.assert_bound("generator", "Generator-bound", "Held back by its generator")

    def test_says_that_the_collector_bounds_the_run(self):
        self.assert_bound("collector", "Collector-bound", "Held back by its collector")

    def test_says_that_work_bounds_the_run(self):
        self.assert_bound("work", "Work-bound")

    def test_names_the_frame_that_all_wait_for(self):
        self.assertIn("'frame 499'", self.verdict("tail"))

    def test_writes_a_trace(self):
        trace = self.folder / "trace"
        self.verdict("failures", "--trace", trace)
        events = json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]
        self.assertIn("backoff", {event["name"] for event in events})
        self.assertIn("frame 5", {event.get("args", {}).get("item") for event in events})

    def test_writes_a_report(self):
        report = self.folder / "report.html"
        status, out, err = self.run_program(
            "--bound", "failures", "--items", "500", "--report", report
        )
        if not REPORT:
            self.assertEqual(status, 1)
            self.assertIn("PARWORK_REPORT", err)
            return
        self.assertEqual((status, err), (0, ""))
        data = json.loads(DATA.search(report.read_text(encoding="utf-8"))[1])
        self.assertEqual(data["summary"]["failed"], 56)
        self.assertEqual(data["failures"]["groups"][0]["message"], "the texture is missing")
        self.assertIn(data["verdict"]["headline"], out.decode())

    def test_a_file_that_cannot_be_written_is_named(self):
        status, _, err = self.run_program("--items", "1", "--trace", "/dev/full")
        self.assertEqual(status, 1)
        self.assertIn("/dev/full", err)

    def test_bad_usage_is_refused(self):
        self.assert_refused("--bound", "nothing", naming="'nothing'")
        self.assert_refused("--items", "0", naming="--items")
        self.assert_refused("more", naming="operands")

    def test_help(self):
        self.assert_help()


if __name__ == "__main__":
    REPORT = sys.argv.pop(2) == "1"
    harness.main()
