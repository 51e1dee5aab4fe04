"""The command-line tool: --report. What is compared is the data in the page."""

import os
import signal
import subprocess
import time
import unittest
from collections import Counter

from harness import LIMIT, main
from report_page import BUILT, EXITS, ReportTest, Scripts
from tool import UNUSABLE, ToolTest


class RunTest(ReportTest):
    def test_what_bounded_the_run_is_said_unless_quiet(self):
        jobs = ["-j1", "sleep", ":::", "0.3", "0"]
        _, data, err = self.reported(*jobs)
        self.assertTrue(err.startswith(data["verdict"]["headline"]), err)
        self.assertEqual(err.count("\n"), 1)
        self.assertEqual(self.reported("-q", *jobs)[2], "")

    def test_it_shows_what_the_log_says(self):
        script = 'sleep 0.0$(($1 % 4)); [ "$1" != 7 ] || sleep 0.3; [ $(($1 % 5)) != 0 ] || [ $PARWORK_ATTEMPT = $1 ]'
        status, data, _ = self.reported(
            "-q",
            "-j3",
            "--retries",
            "1",
            "--log",
            "log",
            "sh",
            "-c",
            script,
            "sh",
            ":::",
            *map(str, range(1, 21)),
        )
        self.assertEqual(status, 4)  # 5, 10, 15 and 20, which are repeated in vain
        ends = self.ends()
        self.assertEqual(
            self.counts(data),
            {
                "produced": 20,
                "succeeded": 16,
                "failed": 4,
                "cancelled": 0,
                "retries": 4,
                "workers": 3,
            },
        )
        by_slot = Counter(each["slot"] for each in ends)
        failed = Counter(each["slot"] for each in ends if each["exit"] != 0)
        self.assertEqual(
            self.attempts(data), {f"slot {n}": (by_slot[n], failed[n]) for n in (1, 2, 3)}
        )
        self.assertEqual(data["durations"]["count"], 24)
        self.assertEqual(self.groups(data), {("error", "exit 1"): 4})
        examples = data["failures"]["groups"][0]["examples"]
        self.assertEqual(
            sorted((each["index"], each["name"], each["attempts"]) for each in examples),
            [(4, "5", 2), (9, "10", 2), (14, "15", 2), (19, "20", 2)],
        )
        slowest, longest = data["slowest"][0], max(ends, key=lambda each: each["dur"])
        self.assertEqual(
            (
                slowest["index"],
                slowest["name"],
                slowest["lane"],
                slowest["attempt"],
                slowest["failed"],
            ),
            (
                longest["seq"] - 1,  # 7, unless the machine stood still for a third of a second
                longest["item"],
                f"slot {longest['slot']}",
                longest["attempt"],
                longest["exit"] != 0,
            ),
        )
        self.assertAlmostEqual(slowest["duration"] / 1e9, longest["dur"], places=6)
        self.assertAlmostEqual(slowest["start"] / 1e9, longest["start"] - data["started"], delta=1)
        self.assertEqual(
            data["words"], {"item": "job", "items": "jobs", "lane": "slot", "lanes": "slots"}
        )
        self.assertGreater(data["cpu"]["time"], 0)
        self.assertTrue(data["title"].startswith("parwork --report r.html -q -j3 "), data["title"])
        self.assertTrue(data["title"].endswith(" sh :::"), data["title"])
        self.assert_adds_up(data)

    def test_reasons_of_failures(self):
        script = (
            "case $1 in exit) exit 3;; signal) kill -9 $$;; late) sleep 1000;; "
            "stubborn) trap 'exit 4' TERM; while :; do sleep 0.01; done;; esac"
        )
        status, data, _ = self.reported(
            "-q",
            "-j8",
            "-0",
            "--timeout",
            "500ms",
            "sh",
            "-c",
            script,
            "sh",
            items=b"exit\0exit\0signal\0late\0stubborn\0good\0" + b"x" * 200_000 + b"\0",
        )
        self.assertEqual(status, 6)
        self.assertEqual(
            self.groups(data),
            {
                ("error", "exit 3"): 2,
                ("error", "killed by signal 9 (KILL)"): 1,
                ("timeout", "timed out, killed by signal 15 (TERM)"): 1,
                ("timeout", "timed out, exit 4"): 1,
                ("error", "the item is too long for an argument"): 1,
            },
        )
        self.assertEqual(data["failures"]["total"], data["summary"]["failed"])
        self.assert_adds_up(data)

    def test_a_long_command_line_is_cut(self):
        _, data, _ = self.reported("sh", "-c", ": " + "x" * 500, ":::", "a")
        self.assertLess(len(data["title"]), 250)

    def test_no_items(self):
        status, data, _ = self.reported("echo")
        self.assertEqual(
            (status, self.counts(data)["produced"], data["verdict"]["bound"]), (0, 0, "nothing")
        )

    def test_several_items_are_one_job(self):
        _, data, _ = self.reported("-n2", "sh", "-c", "exit 3", ":::", "a", "b", "c")
        self.assertEqual(
            {each["name"] for each in data["failures"]["groups"][0]["examples"]}, {"a b", "c"}
        )

    def test_the_time_in_which_slots_waited_for_input(self):
        pause = 0.5
        process = self.launch(
            "-j2", "--report", "r.html", "--log", "log", "echo", stdin=subprocess.PIPE
        )
        process.stdin.write(b"a\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"a\n")
        time.sleep(pause)  # this is what is measured
        process.stdin.close()
        self.assertEqual(process.wait(timeout=LIMIT), 0)
        summary = self.data()["summary"]
        self.assertGreaterEqual(summary["generator_share"] * summary["wall"] / 1e9, pause - 0.01)
        self.assertGreaterEqual(self.log_lines()[-1]["input_wait"], pause - 0.01)
        again = self.report("log")[0]["summary"]
        self.assertAlmostEqual(again["generator_share"], summary["generator_share"], places=3)

    def test_no_slot_waits_for_items_that_are_there(self):
        _, data, _ = self.reported("-j2", "sleep", ":::", *["0.1"] * 8)
        self.assertLess(data["summary"]["generator_share"], 0.2)

    def test_a_signal_leaves_a_report_of_what_was_done(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number):
                process = self.launch(
                    "-j2",
                    "--report",
                    "r.html",
                    "--log",
                    "log",
                    "sh",
                    "-c",
                    '[ "$1" != 1 ] || exit 0; echo >> begun; exec sleep 1000',
                    "sh",
                    ":::",
                    *"12345",
                )
                begun = self.folder / "begun"
                while not begun.exists() or len(begun.read_text()) < 2:
                    os.sched_yield()
                process.send_signal(number)
                self.assertEqual(process.wait(timeout=LIMIT), status)
                data = self.data()
                self.assertEqual(
                    self.counts(data),
                    {
                        "produced": 5,
                        "succeeded": 1,
                        "failed": 2,
                        "cancelled": 2,
                        "retries": 0,
                        "workers": 2,
                    },
                )
                self.assertEqual(
                    self.groups(data), {("cancelled", "interrupted, killed by signal 15 (TERM)"): 2}
                )
                self.assertTrue(data["summary"]["stopped"])
                self.assert_adds_up(data)
                self.assertEqual(self.counts(self.report("log")[0]), self.counts(data))
                begun.unlink()
                (self.folder / "log").unlink()

    def test_a_job_that_waits_for_another_attempt_when_the_run_is_interrupted_has_failed(self):
        process = self.launch(
            "-j1",
            "--retries",
            "1",
            "--retry-delay",
            "1h",
            "--report",
            "r.html",
            "--log",
            "log",
            "sh",
            "-c",
            '[ "$1" = 2 ] || exit 3; echo >> begun; exec sleep 1000',
            "sh",
            ":::",
            "1",
            "2",
        )
        while not (self.folder / "begun").exists():
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=LIMIT), 130)
        for data in (self.data(), self.report("log")[0]):
            self.assertEqual((data["summary"]["failed"], data["summary"]["produced"]), (2, 2))

    def test_a_halted_run_keeps_its_status(self):
        script = 'if [ "$1" = 2 ]; then while [ ! -e ready ]; do sleep 0.01; done; exit 6; fi; touch ready; exec sleep 1000'
        status, data, _ = self.reported(
            "-j2", "--halt", "now,fail=1", "sh", "-c", script, "sh", ":::", *"123"
        )
        self.assertEqual(status, 6)
        self.assertEqual(
            self.groups(data),
            {("error", "exit 6"): 1, ("cancelled", "halted, killed by signal 15 (TERM)"): 1},
        )
        self.assertEqual(self.counts(data)["cancelled"], 1)

    def test_a_command_that_is_not_found(self):
        status, data, _ = self.reported("no-such-command", ":::", "a", "b")
        self.assertEqual(status, 127)
        self.assertIn("command not found", data["failures"]["groups"][0]["message"])

    def test_output_that_is_lost(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [self.program, "-j1", "--report", "r.html", "echo", ":::", "a", "b"],
                stdout=full,
                stderr=subprocess.PIPE,
                cwd=self.folder,
                timeout=LIMIT,
                check=False,
            )
        self.assertEqual(done.returncode, UNUSABLE)
        self.assertGreaterEqual(self.data()["durations"]["count"], 1)

    def test_hostile_items_are_text(self):
        names = [
            "</script><script>window.hacked = 1</script>",
            "<!--",
            "<img src=x onerror=hacked()>",
            "\u2028\u202eabc",
            '"\\',
            "{}",
            "\x1b[2J",
        ]
        self.reported("-q", "sh", "-c", "exit 3", ":::", "harmless")
        scripts = len(Scripts(self.page()).found)
        _, data, _ = self.reported(
            "-q", "-0", "sh", "-c", "exit 3", items="\0".join(names).encode()
        )
        self.assertEqual(len(Scripts(self.page()).found), scripts)
        self.assertEqual({each["name"] for each in data["slowest"]}, set(names))

    def test_bytes_that_are_no_utf_8(self):
        for journal in ([], ["--journal", "j"]):
            _, data, _ = self.reported(
                "-q", *journal, "--log", "log", "sh", "-c", "exit 3", items=b"a\xffb\n"
            )
            for each in [data, self.report("log")[0]] + ([self.report("j")[0]] if journal else []):
                self.assertEqual(each["slowest"][0]["name"], "a\ufffdb")

    def test_with_a_journal_it_shows_the_jobs_of_this_run(self):
        command = ["-q", "sh", "-c", '[ "$1" != 2 ]', "sh"]
        _, data, _ = self.reported("--journal", "j", *command, items="1\n2\n")
        self.assertEqual(self.counts(data)["produced"], 2)
        status, data, _ = self.reported("--journal", "j", "--resume", *command, items="1\n2\n3\n")
        self.assertEqual(
            (status, self.counts(data)["produced"], self.counts(data)["failed"]), (1, 1, 0)
        )
        self.assertEqual(data["slowest"][0]["name"], "3")

    def test_of_a_resumed_run_the_file_is_where_it_was_asked_for(self):
        (self.folder / "there").mkdir()
        done = subprocess.run(
            [self.program, "-q", "--journal", "j", "false", ":::", "a"],
            cwd=self.folder / "there",
            check=False,
        )
        self.assertEqual(done.returncode, 1)
        status, _, err = self.parwork(
            "resume", "--retry-failed", "there/j", "--report", "r.html", "--log", "log"
        )
        self.assertEqual(status, 1, err)
        self.assertEqual((self.data()["summary"]["failed"], len(self.ends())), (1, 1))

    def test_the_command_that_does_failed_jobs_again_does_not_overwrite_it(self):
        err = self.reported("-j2", *EXITS, items="3\n")[2]
        self.assertIn("again: parwork -j 2 sh -c 'exit $1' sh ::: 3\n", err)

    def test_one_that_cannot_be_made_is_refused_before_anything_runs(self):
        self.file("plain")
        for name in ("no/where.html", ".", "plain/x"):
            self.assert_unusable(
                "--report",
                name,
                "touch",
                ":::",
                "done",
                naming=f"the report {name} cannot be written",
            )
        self.assertFalse((self.folder / "done").exists())

    def test_one_that_cannot_be_written_is_said_after_the_run(self):
        status, out, err = self.parwork("--report", "/dev/full", "echo", ":::", "a")
        self.assertEqual((status, out), (UNUSABLE, b"a\n"))
        self.assertIn("the report /dev/full cannot be written: No space left on device", err)

    def test_it_overwrites_nothing_that_the_run_needs(self):
        self.file("x", "1\n")
        self.file("log", "")
        for words in (
            ["--log", "log", "--report", "log"],
            ["-a", "x", "--report", "./x"],
            ["--resume", "--journal", "x", "--report", "x"],
        ):
            self.assert_unusable(*words, "echo", naming="would overwrite")
        self.assertEqual((self.folder / "x").read_text(), "1\n")

    def test_a_run_that_does_not_begin_leaves_an_older_one_and_makes_none(self):
        self.reported("--journal", "j", "echo", items="1\n")
        before = self.page()
        for name in ("r.html", "new.html"):
            self.assert_unusable(
                "--report", name, "--journal", "j", "echo", items="1\n", naming="exists"
            )
        self.assertEqual(self.page(), before)
        self.assertFalse((self.folder / "new.html").exists())

    def test_contradictions(self):
        self.assert_unusable("--report", "-", "echo", ":::", "a", naming="standard output")
        self.assert_unusable("--report", "x.html", "-j", "65537", "echo", ":::", "a", naming="-j")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_ten_thousand_slots(self):
        _, data, _ = self.reported("-j", "10000", "echo", ":::", "a")
        self.assertEqual(len(data["lanes"]), 10000)
        self.assertEqual(data["summary"]["succeeded"], 1)


@unittest.skipIf(BUILT, "built with PARWORK_REPORT=ON")
class WithoutReportsTest(ToolTest):
    def test_it_is_said_before_anything_runs(self):
        self.assert_unusable(
            "--report", "r.html", "touch", ":::", "done", naming="PARWORK_REPORT=OFF"
        )
        self.assertEqual(list(self.folder.iterdir()), [])
        self.parwork("--log", "log", "true", ":::", "a")
        self.assert_unusable("report", "log", "-o", "r.html", naming="PARWORK_REPORT=OFF")


if __name__ == "__main__":
    main()
