"""The command-line tool: `parwork report`, of logs and of journals."""

import os
import time

from harness import main
from report_page import ReportTest


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


if __name__ == "__main__":
    main()
