"""What the tests of the tool's reports share: making one, and reading the data in its page."""

import json
import os
import unittest
from html.parser import HTMLParser

from tool import ToolTest

# Whether the tool was built with reports: CMake says it, so that a build that has lost them fails.
BUILT = os.environ.get("PARWORK_REPORT", "1") == "1"
EXITS = ["sh", "-c", "exit $1", "sh"]
COUNTS = ("produced", "succeeded", "failed", "cancelled", "retries", "workers")


class Scripts(HTMLParser):
    """The script elements of a page, as a browser finds them: their attributes and texts."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "script":
            self.inside = True
            self.found.append((dict(attrs), []))

    def handle_endtag(self, tag):
        if tag == "script":
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.found[-1][1].append(data)


@unittest.skipUnless(BUILT, "built with PARWORK_REPORT=OFF")
class ReportTest(ToolTest):
    def page(self, name="r.html"):
        return (self.folder / name).read_text(encoding="utf-8")

    def data(self, name="r.html"):
        runs = [
            "".join(text)
            for attributes, text in Scripts(self.page(name)).found
            if attributes.get("id") == "run"
        ]
        self.assertEqual(len(runs), 1)
        return json.loads(runs[0])

    def reported(self, *arguments, **options):
        """Runs with a report. Returns the status, the report's data and standard error."""
        status, _, err = self.parwork("--report", "r.html", *arguments, **options)
        return status, self.data(), err

    def report(self, source, *options):
        """The report of a log or a journal: its data and what was said."""
        (self.folder / "of.html").unlink(missing_ok=True)
        status, out, err = self.parwork("report", source, "-o", "of.html", *options)
        self.assertEqual((status, out), (0, b""), err)
        return self.data("of.html"), err

    @staticmethod
    def groups(data):
        return {
            (group["kind"], group["message"]): group["count"]
            for group in data["failures"]["groups"]
        }

    @staticmethod
    def counts(data):
        return {name: data["summary"][name] for name in COUNTS}

    @staticmethod
    def attempts(data):
        """How many attempts each slot shows, and how many of them failed."""
        return {
            lane["name"]: (sum(lane["slices"]["items"]), sum(lane["slices"]["failed"]))
            for lane in data["lanes"]
        }

    def assert_adds_up(self, data):
        summary, lanes = data["summary"], data["lanes"]
        self.assertEqual(
            summary["produced"], summary["succeeded"] + summary["failed"] + summary["cancelled"]
        )
        self.assertEqual(sum(lane["items"] for lane in lanes), data["durations"]["count"])
        for lane in lanes:
            slices = lane["slices"]
            end = 0
            for index, start in enumerate(slices["start"]):
                self.assertGreaterEqual(start, end)
                end = start + sum(
                    slices[part][index] for part in ("generator", "work", "collector", "idle")
                )
            self.assertLessEqual(end, summary["wall"])
