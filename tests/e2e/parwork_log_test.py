"""The command-line tool: its log of JSON lines."""

import base64
import socket
import time
import unittest

from harness import main
from tool import UNUSABLE, ToolTest


class LogTest(ToolTest):
    def run_logged(self, *arguments, **options):
        result = self.parwork("--log", "log", *arguments, **options)
        self.lines = self.log_lines()
        return result

    def of(self, event):
        return [each for each in self.lines if each["event"] == event]

    def test_the_events_of_a_run(self):
        before = time.time()
        self.run_logged(
            "-j2", "sh", "-c", 'echo out; echo err >&2; exit "$1"', "sh", items="0\n3\n"
        )
        self.assertEqual([each["event"] for each in self.lines][0], "run")
        self.assertEqual([each["event"] for each in self.lines][-1], "summary")
        (run,), (summary,) = self.of("run"), self.of("summary")
        self.assertEqual((run["argv"][1:3], run["workers"]), (["--log", "log"], 2))
        self.assertRegex(run["version"], r"^\d+\.\d+\.\d+$")
        self.assertTrue(before <= run["start"] <= time.time())
        for event in ("start", "end"):
            for each in self.of(event):
                self.assertEqual(
                    (each["item"], each["attempt"], each["host"]),
                    (("0", "3")[each["seq"] - 1], 1, socket.gethostname()),
                )
                self.assertIn(each["slot"], (1, 2))
                self.assertTrue(before <= each["start"] <= time.time())
        good, bad = sorted(self.of("end"), key=lambda each: each["seq"])
        self.assertEqual(
            (good["exit"], good["signal"], good["why"], good["out_bytes"], good["err_bytes"]),
            (0, 0, "exit", 4, 4),
        )
        self.assertEqual((bad["exit"], bad["why"]), (3, "exit"))
        self.assertGreater(good["dur"], 0)
        self.assertEqual((summary["succeeded"], summary["failed"], summary["status"]), (1, 1, 1))

    def test_bytes_that_are_no_utf_8(self):
        self.run_logged(
            "--retries",
            "1",
            "sh",
            "-c",
            'printf "$1"; exit $((2 - PARWORK_ATTEMPT))',
            "sh",
            items=b"\xff\n",
        )
        for each in self.of("start") + self.of("end"):
            self.assertEqual(base64.b64decode(each["item_b64"]), b"\xff")
            self.assertNotIn("item", each)
        first = self.of("end")[0]
        self.assertEqual(base64.b64decode(first["out_b64"]), b"\xff")

    def test_each_attempt_has_its_start_and_end(self):
        self.run_logged("-q", "--retries", "2", "false", ":::", "a")
        self.assertEqual(
            [(each["event"], each["attempt"]) for each in self.lines[1:-1]],
            [(event, attempt) for attempt in (1, 2, 3) for event in ("start", "end")],
        )

    def test_what_cannot_be_started(self):
        self.run_logged("-q", "-0", "echo", items=b"x" * 200_000 + b"\0ok\0")
        end = next(each for each in self.of("end") if each["seq"] == 1)
        self.assertEqual((end["why"], end["signal"]), ("spawn", 0))
        self.assertIn("too long", end["message"])

    def test_several_runs_append(self):
        for _ in range(2):
            self.run_logged("true", ":::", "a")
        self.assertEqual(len(self.of("summary")), 2)
        self.assertNotEqual(*[each["run"] for each in self.of("run")])

    def test_the_runs_number_is_what_jobs_see(self):
        _, out, _ = self.run_logged("sh", "-c", "echo $PARWORK_RUN", ":::", "a")
        self.assertEqual(self.of("run")[0]["run"], out.decode().strip())

    def test_one_that_cannot_be_opened(self):
        self.assert_unusable("--log", "no/where", "echo", ":::", "a", naming="no/where")

    def test_one_that_cannot_be_written_ends_the_run(self):
        status, _, err = self.parwork("--log", "/dev/full", "echo", ":::", "a")
        self.assertEqual(status, UNUSABLE)
        self.assertIn("/dev/full", err)


if __name__ == "__main__":
    main()
