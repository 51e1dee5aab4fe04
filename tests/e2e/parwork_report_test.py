"""The command-line tool: reports of runs, of logs and of journals. What is compared is the data in
the page."""

import json
import os
import signal
import subprocess
import time
import unittest
from collections import Counter
from html.parser import HTMLParser

from harness import LIMIT, main
from tool import UNUSABLE, ToolTest

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


class LogTest(ReportTest):
    def test_it_equals_the_runs_own(self):
        script = "sleep 0.0$(($1 % 4)); case $1 in 3) exit 3;; 4) kill -9 $$;; 6) [ $PARWORK_ATTEMPT = 3 ];; esac"
        _, data, _ = self.reported(
            "-q",
            "-j2",
            "--retries",
            "2",
            "--log",
            "log",
            "sh",
            "-c",
            script,
            "sh",
            ":::",
            *"12345678",
        )
        again, _ = self.report("log")
        self.assertEqual(self.counts(again), self.counts(data))
        self.assertEqual(self.counts(data)["retries"], 6)
        for each in (self.attempts, self.groups):
            self.assertEqual(each(again), each(data))
        self.assertEqual(
            [(each["index"], each["name"], each["lane"]) for each in again["slowest"][:3]],
            [(each["index"], each["name"], each["lane"]) for each in data["slowest"][:3]],
        )
        self.assertEqual(again["title"], data["title"])
        self.assertAlmostEqual(
            again["summary"]["wall"] / 1e9, data["summary"]["wall"] / 1e9, delta=0.01
        )
        self.assertAlmostEqual(again["cpu"]["time"] / 1e9, data["cpu"]["time"] / 1e9, delta=0.001)
        self.assert_adds_up(again)

    def test_the_verdict_is_said_unless_quiet(self):
        self.parwork("--log", "log", "sleep", ":::", "0.1")
        data, err = self.report("log")
        self.assertIn(data["verdict"]["headline"], err)
        for option in ("-q", "--quiet"):
            self.assertEqual(self.report("log", option)[1], "")

    def test_of_several_runs_it_is_the_last_one(self):
        self.parwork("-q", "--log", "log", "false", ":::", "a", "b")
        self.parwork("-j3", "--log", "log", "true", ":::", "c")
        data, err = self.report("log")
        self.assertEqual(
            (
                self.counts(data)["produced"],
                self.counts(data)["workers"],
                data["slowest"][0]["name"],
            ),
            (1, 3, "c"),
        )
        begun = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.log_lines()[-4]["start"]))
        self.assertIn(f"the log log has 2 runs: this is the last one, begun {begun}\n", err)

    def killed(self):
        """A log of a run that was killed when one job had ended and two were running."""
        process = self.launch(
            "-j2",
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
        process.kill()
        process.wait()

    def test_of_a_killed_run_it_shows_what_is_there(self):
        self.killed()
        data, err = self.report("log")
        self.assertEqual(
            self.counts(data),
            {
                "produced": 3,
                "succeeded": 1,
                "failed": 2,
                "cancelled": 0,
                "retries": 0,
                "workers": 2,
            },
        )
        self.assertEqual(self.groups(data), {("cancelled", "not finished"): 2})
        self.assertIn("the run was broken off: 2 jobs had begun and not ended\n", err)
        self.assert_adds_up(data)

    def test_a_last_line_that_was_not_finished_counts_as_not_written(self):
        self.killed()
        before = self.report("log")[0]
        with (self.folder / "log").open("a") as log:
            log.write('{"event":"end","seq":2,"item":"2","sl')
        self.assertEqual(self.counts(self.report("log")[0]), self.counts(before))
        self.parwork(
            "--log", "log", "true", ":::", "next"
        )  # which begins behind it, on the same line
        data, _ = self.report("log")
        self.assertEqual((self.counts(data)["produced"], data["slowest"][0]["name"]), (1, "next"))

    def test_damage_is_named_by_its_line(self):
        self.parwork("--log", "log", "true", ":::", "a", "b")
        good = (self.folder / "log").read_text().splitlines(keepends=True)
        for number, damaged, why in (
            (3, "nonsense\n", "JSON"),
            (2, good[1].replace('"slot":', '"slat":'), "slot"),
            (2, good[1].replace('"slot":', '"slot":9'), "no slot 9"),
            (4, "[]\n", ""),
            (3, good[2].replace('"seq":', '"seq":-'), "seq"),
        ):
            lines = good.copy()
            lines[number - 1] = damaged
            self.file("damaged", "".join(lines))
            with self.subTest(damaged):
                self.assert_unusable(
                    "report", "damaged", "-o", "x.html", naming=f"line {number} of the log damaged"
                )
                self.assert_unusable("report", "damaged", "-o", "x.html", naming=why)
                self.assertFalse((self.folder / "x.html").exists())
                self.file("damaged", "".join(lines + good))  # in an earlier run it does not matter
                self.assertEqual(self.counts(self.report("damaged")[0])["produced"], 2)

    def test_one_whose_beginning_is_missing(self):
        self.parwork("--log", "log", "true", ":::", "a")
        lines = (self.folder / "log").read_text().splitlines(keepends=True)
        self.file("rest", "".join(lines[1:]))
        self.assert_unusable("report", "rest", "-o", "x.html", naming="no run")
        self.file("rest", "".join(lines[1:] + lines))
        self.assertEqual(self.counts(self.report("rest")[0])["produced"], 1)


class JournalTest(ReportTest):
    COMMAND = ["-k", "-q", "sh", "-c", 'sleep 0.0$1; [ "$1" != 2 ] || [ -e good ]', "sh"]

    def test_it_shows_all_recorded_jobs_of_all_runs(self):
        begin, pause = time.monotonic(), 1
        self.parwork("-j2", "--journal", "j", *self.COMMAND, items="1\n2\n3\n")
        data, err = self.report("j")
        self.assertEqual(
            self.counts(data),
            {
                "produced": 3,
                "succeeded": 2,
                "failed": 1,
                "cancelled": 0,
                "retries": 0,
                "workers": 2,
            },
        )
        self.assertEqual(self.groups(data), {("error", "exit 1"): 1})
        self.assertNotIn("runs", err)
        self.file("good")
        time.sleep(pause)  # which is left out
        self.parwork(
            "-j1",
            "--journal",
            "j",
            "--resume",
            "--retry-failed",
            *self.COMMAND,
            items="1\n2\n3\n4\n",
        )
        self.parwork("-j1", "--journal", "j", "--resume", *self.COMMAND, items="1\n2\n3\n4\n5\n")
        elapsed = time.monotonic() - begin
        data, err = self.report("j")
        self.assertEqual(
            self.counts(data),
            {
                "produced": 5,
                "succeeded": 5,
                "failed": 0,
                "cancelled": 0,
                "retries": 0,
                "workers": len(data["lanes"]),
            },
        )
        self.assertIn("3 runs worked on the journal j: the pauses between them are left out\n", err)
        self.assertEqual({each["name"] for each in data["slowest"]}, set("12345"))
        self.assertLess(data["summary"]["wall"] / 1e9, elapsed - pause)
        self.assertEqual(sum(items for items, _ in self.attempts(data).values()), 5)
        self.assertIn(data["verdict"]["headline"], err)
        self.assertTrue(
            data["title"].startswith("parwork -j 2 --journal j -k -q sh -c "), data["title"]
        )
        self.assert_adds_up(data)

    def test_attempts_that_are_not_recorded_are_counted(self):
        self.parwork(
            "--journal",
            "j",
            "--retries",
            "2",
            "sh",
            "-c",
            "[ $PARWORK_ATTEMPT = 3 ]",
            ":::",
            "a",
            "b",
        )
        data, _ = self.report("j")
        self.assertEqual((self.counts(data)["succeeded"], self.counts(data)["retries"]), (2, 4))

    def test_of_a_killed_run(self):
        process = self.launch(
            "-j1",
            "--journal",
            "j",
            "sh",
            "-c",
            'echo "$1"; [ "$1" != 3 ] || exec sleep 1000',
            "sh",
            ":::",
            *"1234",
        )
        self.assertEqual(
            [process.stdout.readline() for _ in range(2)], [b"1\n", b"2\n"]
        )  # shown, so they are durable
        process.kill()
        process.wait()
        self.assertEqual(self.counts(self.report("j")[0])["succeeded"], 2)

    def test_several_items_of_a_job(self):
        self.parwork("-n2", "--journal", "j", "true", ":::", "a", "b")
        self.assertEqual(self.report("j")[0]["slowest"][0]["name"], "a b")

    def test_nothing_recorded(self):
        self.parwork("--journal", "j", "true")
        data, err = self.report("j")
        self.assertEqual(self.counts(data)["produced"], 0)
        self.assertIn("no job is recorded in the journal j\n", err)

    def test_of_a_run_that_goes_on(self):
        process = self.launch(
            "--journal", "j", "sh", "-c", "echo >> begun; exec sleep 1000", ":::", "1"
        )
        while not (self.folder / "begun").exists():
            os.sched_yield()
        data, err = self.report("j")
        self.assertEqual(self.counts(data)["produced"], 0)
        self.assertIn("no job is recorded in the journal j\n", err)
        process.terminate()
        process.wait()

    def test_it_is_left_as_it_is(self):
        self.parwork("--journal", "j", "echo", items="1\n")
        results = self.parwork("results", "j")
        self.report("j")
        self.assertEqual(self.parwork("results", "j"), results)
        self.assertEqual(
            self.parwork("run", "--journal", "j", "--resume", "echo", items="1\n2\n"),
            (0, b"2\n", ""),
        )


class UsageTest(ReportTest):
    def test_what_is_missing(self):
        self.parwork("--log", "log", "true", ":::", "a")
        self.assert_unusable("report", "log", naming="-o FILE.html is missing")
        self.assert_unusable("report", "log", "-o", naming="-o needs a value")
        self.assert_unusable("report", "log", "-o", "", naming="-o")
        self.assert_unusable("report", "log", "-o", "-", naming="give a file")
        self.assert_unusable("report", "-o", "x.html", naming="a journal or a log is missing")
        self.assert_unusable("report", "log", "log", "-o", "x.html", naming="one journal or log")
        self.assert_unusable("report", "log", "--ouput", "x.html", naming="did you mean --output?")
        self.assertFalse((self.folder / "x.html").exists())

    def test_options_may_stand_anywhere(self):
        self.parwork("--log", "log", "true", ":::", "a")
        for words in (
            ["-o", "x.html", "log"],
            ["--output=x.html", "log"],
            ["-q", "log", "--output", "x.html"],
        ):
            self.assertEqual(self.parwork("report", *words)[0], 0)
            self.assertEqual(self.counts(self.data("x.html"))["succeeded"], 1)
            (self.folder / "x.html").unlink()

    def test_files_that_are_neither(self):
        self.file("empty")
        self.file("text", "hello\n")
        self.file("Some", "Something\n")
        (self.folder / "folder").mkdir()
        for name in ("empty", "text", "Some", "folder", "nowhere"):
            with self.subTest(name):
                self.assert_unusable("report", name, "-o", "x.html", naming=name)
        self.assert_unusable("report", "text", "-o", "x.html", naming="--journal or of --log")
        self.assertEqual((self.folder / "Some").read_text(), "Something\n")
        self.assertFalse((self.folder / "x.html").exists())

    def test_a_file_that_cannot_be_written(self):
        self.parwork("--log", "log", "true", ":::", "a")
        self.assert_unusable(
            "report", "log", "-o", "no/where.html", naming="no/where.html cannot be written"
        )
        self.assert_unusable("report", "log", "-o", "/dev/full", naming="No space left on device")

    def test_it_does_not_overwrite_what_it_is_made_from(self):
        self.parwork("--log", "log", "true", ":::", "a")
        before = (self.folder / "log").read_bytes()
        self.assert_unusable("report", "log", "-o", "./log", naming="would overwrite")
        self.assertEqual((self.folder / "log").read_bytes(), before)


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
