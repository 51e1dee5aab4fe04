"""The command-line tool: runs with a journal, killed and resumed."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from harness import LIMIT, main, records, records_after_kill, seeded_random
from tool import UNUSABLE, ToolTest

KILLS = 50
ITEMS = 200


class JournalTest(ToolTest):
    def go_on(self, *arguments, **options):
        return self.parwork("run", "--journal", "j", "--resume", *arguments, **options)

    def done(self, name="done"):
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def test_a_new_one(self):
        self.assert_out("1\n2\n", "-k", "--journal", "j", "echo", items="1\n2\n")
        self.assertTrue((self.folder / "j").exists())

    def test_one_that_exists_is_refused_and_both_ways_out_are_said(self):
        self.assert_out("1\n", "--journal", "j", "echo", items="1\n")
        before = (self.folder / "j").read_bytes()
        self.assert_unusable("--journal", "j", "echo", items="1\n", naming="--resume")
        self.assert_unusable("--journal", "j", "echo", items="1\n", naming="remove it")
        self.assertEqual((self.folder / "j").read_bytes(), before)

    def test_a_resumed_run_does_the_rest_and_shows_only_that(self):
        command = ["-k", "sh", "-c", 'echo "$1" >> done; echo "out $1"', "sh"]
        self.assert_out("out 1\nout 2\n", "--journal", "j", *command, items="1\n2\n")
        status, out, err = self.go_on(*command, items="1\n2\n3\n")
        self.assertEqual((status, out, err), (0, b"out 3\n", ""))
        self.assertEqual(sorted(self.done()), ["1", "2", "3"])

    def test_resume_of_one_that_does_not_exist_begins(self):
        self.assertEqual(self.go_on("echo", items="1\n"), (0, b"1\n", ""))

    def test_input_may_have_changed(self):
        """Items are known by their bytes and by how often they came, wherever they stand."""
        command = ["-k", "sh", "-c", 'echo "$1" >> done; echo "$1"', "sh"]
        self.parwork("--journal", "j", *command, items="a\nb\nb\n")
        status, out, _ = self.go_on(*command, items="new\nb\na\nb\nb\n")
        self.assertEqual((status, out), (0, b"new\nb\n"))
        self.assertEqual(sorted(self.done()), ["a", "b", "b", "b", "new"])

    def test_another_command_is_refused(self):
        self.parwork("--journal", "j", "echo", items="1\n")
        for other in (
            ["printf"],
            ["echo", "{}"],
            ["-c", "echo"],
            ["-n", "2", "echo"],
            ["-C", ",", "echo"],
        ):
            with self.subTest(other):
                status, out, err = self.go_on(*other, items="1\n")
                self.assertEqual((status, out), (UNUSABLE, b""), err)
                self.assertIn("j", err)

    def test_other_options_may_change(self):
        self.parwork("-j1", "--journal", "j", "echo", items="1\n")
        for options in (["-j2"], ["-k"], ["--retries", "3"], ["--timeout", "1m"], ["--tag"]):
            self.assertEqual(self.go_on(*options, "echo", items="1\n")[0], 0, options)

    def test_failed_jobs_are_done_again_when_asked(self):
        command = ["-k", "-q", "sh", "-c", 'echo "$1" >> done; echo "$1"; [ -e good ]', "sh"]
        self.assertEqual(self.parwork("--journal", "j", *command, items="1\n2\n")[0], 2)
        status, out, _ = self.go_on(
            *command, items="1\n2\n"
        )  # nothing left to do: exits by the recorded failures
        self.assertEqual((status, out, sorted(self.done())), (2, b"", ["1", "2"]))
        self.file("good")
        status, out, _ = self.go_on("--retry-failed", *command, items="1\n2\n")
        self.assertEqual((status, out, sorted(self.done())), (0, b"1\n2\n", ["1", "1", "2", "2"]))
        self.assertEqual(self.go_on(*command, items="1\n2\n")[0], 0)

    def test_the_end_says_how_to_do_failed_ones_again(self):
        _, _, err = self.parwork("--journal", "j", "false", items="1\n")
        self.assertIn("again: parwork resume --retry-failed j\n", err)
        status, out, err = self.parwork("resume", "--retry-failed", "j")
        self.assertEqual((status, out), (1, b""), err)
        self.assertEqual(self.parwork("resume", "j")[0], 1)

    def test_options_that_need_others(self):
        self.assert_unusable("--resume", "echo", naming="--journal")
        self.assert_unusable("--journal", "j", "--retry-failed", "echo", naming="--resume")
        self.assert_unusable("--journal", "j", "--output", "line", "echo", naming="group")

    def test_what_is_no_journal(self):
        self.file("j", "something else\n")
        for words in (["--journal", "j", "--resume", "echo"], ["resume", "j"], ["results", "j"]):
            with self.subTest(words):
                self.assert_unusable(*words, items="1\n", naming="j")
        self.assertEqual((self.folder / "j").read_text(), "something else\n")

    def test_a_folder_that_is_missing(self):
        self.assert_unusable("--journal", "no/where", "echo", items="1\n", naming="no/where")

    def test_another_process_has_it(self):
        go = self.fifo("go")
        first = self.launch("--journal", "j", "sh", "-c", "echo >> begun; read x < go", ":::", "1")
        while not self.done("begun"):
            os.sched_yield()
        status, _, err = self.go_on("sh", "-c", "echo >> begun; read x < go", ":::", "1")
        self.assertEqual(status, UNUSABLE, err)
        self.assertIn("j", err)
        go.write_text("\n")
        self.assertEqual(first.wait(timeout=LIMIT), 0)

    def test_results_and_report_are_there_while_the_run_goes_on(self):
        go = self.fifo("go")
        script = 'echo "$1"; [ "$1" != 2 ] || { echo >> begun; read x < go; }'
        first = self.launch("-j1", "--journal", "j", "sh", "-c", script, "sh", ":::", "1", "2")
        while not self.done("begun"):
            os.sched_yield()
        while self.parwork("results", "j") != (0, b"1\n", ""):
            self.assertIsNone(first.poll())
        if os.environ.get("PARWORK_REPORT") != "0":
            self.assertEqual(self.parwork("report", "-q", "j", "-o", "r.html"), (0, b"", ""))
        go.write_text("\n")
        self.assertEqual(first.wait(timeout=LIMIT), 0)
        self.assertEqual(self.parwork("results", "j"), (0, b"1\n2\n", ""))

    def test_results_are_for_everybody_who_may_read(self):
        self.parwork("--journal", "j", "echo", ":::", "a")
        before = {each.name: each.read_bytes() for each in self.folder.glob("j*")}
        for each in self.folder.glob("j*"):
            each.chmod(0o444)
        self.folder.chmod(0o555)
        self.addCleanup(self.folder.chmod, 0o755)
        program = self.program
        if os.geteuid() == 0:  # who reads everything, and cannot show it
            copies = tempfile.TemporaryDirectory(prefix="parwork-test-")
            self.addCleanup(copies.cleanup)
            os.chmod(copies.name, 0o755)
            program = shutil.copy(self.program, copies.name)
        options = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        self.assertEqual(
            self.run_program("results", "j", cwd=self.folder, program=program, **options),
            (0, b"a\n", ""),
        )
        self.assertEqual(before, {each.name: each.read_bytes() for each in self.folder.glob("j*")})

    def test_a_job_that_waits_for_its_next_attempt_is_interrupted(self):
        for stop, word in ((signal.SIGINT, "interrupted"), (None, "halted")):
            with self.subTest(word):
                halt = ["--halt", "soon,success=1"] if stop is None else []
                script = 'echo >> begun; [ "$1" = good ] && { read x < go; exit 0; }; exit 1'
                go = self.fifo("go")
                first = self.launch(
                    *("-j3", "--journal", f"j-{word}", "--retries", "3", "--retry-delay", "1h"),
                    *(*halt, "--log", "log", "sh", "-c", script, "sh", ":::", "1", "2", "good"),
                )
                log = self.folder / "log"
                while not log.exists() or log.read_bytes().count(b'"event":"end"') < 2:
                    os.sched_yield()
                if stop:
                    first.send_signal(stop)
                else:
                    go.write_text("\n")
                _, err = first.communicate(timeout=LIMIT)
                self.assertIn(b"3 interrupted" if stop else b"2 halted", err)
                self.assertNotIn(b"failed", err)
                go.unlink()
                log.unlink()

    def test_interrupted_jobs_are_done_again(self):
        first = self.launch(
            "-j1",
            "--journal",
            "j",
            "sh",
            "-c",
            'echo "$1" >> done; [ -e good ] || exec sleep 1000',
            "sh",
            ":::",
            "1",
            "2",
        )
        while not self.done():
            os.sched_yield()
        first.send_signal(signal.SIGINT)
        self.assertEqual(first.wait(timeout=LIMIT), 130)
        self.file("good")
        self.assertEqual(self.parwork("resume", "j")[0], 0)
        self.assertEqual(self.done(), ["1", "1", "2"])


class ResultsTest(ToolTest):
    def test_outputs_in_input_order_however_the_run_showed_them(self):
        self.parwork(
            "-j2",
            "--journal",
            "j",
            "sh",
            "-c",
            '[ "$1" = 2 ] || sleep 0.2; echo "$1"; echo "e$1" >&2',
            "sh",
            items="1\n2\n3\n",
        )
        self.assertEqual(self.parwork("results", "j"), (0, b"1\n2\n3\n", "e1\ne2\ne3\n"))

    def test_of_failed_ones_and_with_their_items(self):
        self.parwork(
            "-q", "--journal", "j", "sh", "-c", 'echo "o$1"; [ "$1" = 2 ]', "sh", items="1\n2\n3\n"
        )
        self.assertEqual(self.parwork("results", "--failed", "j")[1], b"o1\no3\n")
        self.assertEqual(self.parwork("results", "j", "--tag")[1], b"1\to1\n2\to2\n3\to3\n")

    def test_bytes_are_unaltered(self):
        every = bytes(range(256)) * 1000
        self.file("bytes", every)
        self.parwork("--journal", "j", "cat", ":::", "bytes")
        self.assertEqual(self.parwork("results", "j")[1], every)

    def test_of_what_is_missing(self):
        self.assert_unusable("results", "nothing", naming="nothing")
        self.assert_unusable("results", naming="JOURNAL")


class ResumeTest(ToolTest):
    def test_command_options_items_and_folder_are_the_recorded_ones(self):
        folder = self.folder / "there"
        folder.mkdir()
        (folder / "items").write_text("1\n2\n3\n")
        # The second job kills the run when the first one's output is shown: then that is durable.
        script = (
            'echo "$PWD $1" >> done; [ "$1" != 2 ] || [ -e good ] || { until [ -s ../out ]; do sleep 0.01; done; '
            'kill -9 $PPID; exec sleep 1000; }; echo "$1"'
        )
        words = ["-j1", "--tag", "--journal", "j", "-a", "items", "sh", "-c", script, "sh"]
        with (self.folder / "out").open("wb") as out:
            killed = subprocess.run(
                [self.program, *words], cwd=folder, stdout=out, timeout=LIMIT, check=False
            )
        self.assertEqual(killed.returncode, -signal.SIGKILL)
        (folder / "good").touch()
        status, out, err = self.parwork("resume", "there/j")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual((self.folder / "out").read_bytes() + out, b"1\t1\n2\t2\n3\t3\n")
        self.assertEqual(
            (folder / "done").read_text().splitlines(),
            [f"{folder} {item}" for item in (1, 2, 2, 3)],
        )

    def test_items_of_the_command_line_and_of_a_redirected_file(self):
        self.file("items", "1\n2\n")
        for name, words, file in (
            ("a", [":::", "1", "2"], os.devnull),
            ("b", [], self.folder / "items"),
        ):
            with self.subTest(name), open(file, "rb") as stdin:
                first = self.launch(
                    "-j1",
                    "--journal",
                    name,
                    "sh",
                    "-c",
                    '[ -e good ] || { kill -9 $PPID; exec sleep 1000; }; echo "$1"',
                    "sh",
                    *words,
                    stdin=stdin,
                )
                self.assertEqual(first.wait(timeout=LIMIT), -signal.SIGKILL)
                self.file("good")
                self.assertEqual(self.parwork("resume", name)[:2], (0, b"1\n2\n"))
                (self.folder / "good").unlink()

    def test_items_of_a_pipe_that_were_read(self):
        first = self.launch(
            "-j1",
            "--journal",
            "j",
            "sh",
            "-c",
            '[ -e good ] || { kill -9 $PPID; exec sleep 1000; }; echo "$1"',
            "sh",
            stdin=subprocess.PIPE,
        )
        first.stdin.write(b"1\n2\n")
        first.stdin.close()
        first.stdin = None
        self.assertEqual(first.wait(timeout=LIMIT), -signal.SIGKILL)
        self.file("good")
        status, out, err = self.parwork("resume", "j")
        if status == 0:  # it had seen the end
            self.assertEqual(out, b"1\n2\n")
        else:
            self.assertEqual(status, UNUSABLE, err)
            self.assertIn("--resume", err)

    def test_items_of_a_pipe_that_were_not_read_are_asked_for(self):
        first = self.launch(
            "-j1",
            "--journal",
            "j",
            "sh",
            "-c",
            '[ -e good ] || { kill -9 $PPID; exec sleep 1000; }; echo "$1" >> done; echo "$1"',
            "sh",
            stdin=subprocess.PIPE,
        )
        first.stdin.write(b"1\n")
        first.stdin.flush()
        self.assertEqual(first.wait(timeout=LIMIT), -signal.SIGKILL)
        self.file("good")
        status, out, err = self.parwork("resume", "j")
        self.assertEqual((status, out), (UNUSABLE, b"1\n"))
        self.assertIn("came from a pipe", err)
        self.assertIn("--resume --journal j", err)
        status, out, err = self.parwork(
            "run",
            "--resume",
            "--journal",
            "j",
            "sh",
            "-c",
            '[ -e good ] || { kill -9 $PPID; exec sleep 1000; }; echo "$1" >> done; echo "$1"',
            "sh",
            items="1\n2\n",
        )
        self.assertEqual((status, out, err), (0, b"2\n", ""))
        self.assertEqual((self.folder / "done").read_text(), "1\n2\n")

    def test_words_that_look_like_the_end_of_options(self):
        """As a value, and where that end is given."""
        self.assert_out("a\nb\n", "-k", "--journal", "j", "-d", "--", "echo", items="a--b")
        self.assertEqual(self.parwork("resume", "j")[::2], (0, ""))
        self.parwork("-q", "--journal", "-j", "--", "false", ":::", "a")
        self.assertEqual(self.parwork("resume", "--retry-failed", "-q", "--", "-j")[0], 1)

    def test_options_may_be_changed(self):
        self.parwork("-j1", "--journal", "j", "echo", items="1\n")
        self.assertEqual(self.parwork("resume", "j", "-j2", "--log", "log")[0], 0)
        self.assertEqual(self.log_lines()[0]["workers"], 2)

    def test_of_what_is_missing(self):
        self.assert_unusable("resume", "nothing", naming="nothing")
        self.assert_unusable("resume", naming="JOURNAL")
        self.assert_unusable("resume", "a", "b", naming="one journal")


class SlowFirstTest(ToolTest):
    def test_jobs_behind_it_are_recorded_while_input_order_waits(self):
        script = (
            'echo "$1" >> done; [ "$1" != 1 ] || [ -e good ] || exec sleep 1000; '
            'echo "$1"; [ "$1" != 2 ]'
        )
        items = [str(item) for item in range(1, 11)]
        words = ["-k", "-j2", "--journal", "j", "sh", "-c", script, "sh", ":::", *items]
        killed = self.launch(*words)
        limit = time.monotonic() + LIMIT
        while records(self.folder / "j") < 9 and time.monotonic() < limit:
            time.sleep(0.01)
        killed.kill()
        killed.wait(timeout=LIMIT)
        self.file("good")
        status, out, _ = self.parwork("resume", "j")
        self.assertEqual((status, out.split()), (1, [item.encode() for item in items]))
        done = (self.folder / "done").read_text().split()
        self.assertEqual(sorted(done, key=int), ["1", *items])


class BrokenOffTest(ToolTest):
    """A run was killed while it showed its last output. What is there is told by the bytes of the
    file, whoever writes to it besides."""

    def broken_off(self, out, err, *words):
        """A run whose last output was announced for these files, where each has its size now."""
        self.parwork(*words)
        run = self.folder / "j-run"
        lines = run.read_bytes().splitlines(keepends=True)
        self.assertIn(b'"shown"', lines[-1])
        announced = json.loads(lines[-2])
        for name, path in (("out", out), ("err", err)):
            status = path.stat()
            announced[name] = {
                "device": status.st_dev,
                "inode": status.st_ino,
                "at": status.st_size,
                "file": str(path),
            }
        run.write_bytes(b"".join(lines[:-2]) + json.dumps(announced).encode() + b"\n")

    def resume(self, out, err, *options):
        with out.open("ab") as to_out, err.open("ab") as to_err:
            resumed = self.launch("resume", "j", *options, stdout=to_out, stderr=to_err)
            self.assertEqual(resumed.wait(timeout=LIMIT), 0)

    def test_both_streams_in_one_file(self):
        both = b"out 1\nout 2\nerr 1\nerr 2\n"
        for there in range(len(both) + 1):
            with self.subTest(there=there):
                log = self.file("log", "before\n")
                script = "echo out 1; echo out 2; echo err 1 >&2; echo err 2 >&2; : {}"
                self.broken_off(log, log, "--journal", "j", "-c", script, ":::", "1")
                with log.open("ab") as begun:
                    begun.write(both[:there])
                self.resume(log, log)
                self.assertEqual(log.read_bytes(), b"before\n" + both)
                for each in self.folder.glob("j*"):
                    each.unlink()

    def test_tags_are_shown_once_as_well(self):
        shown = b"a\tx\na\ty\n"
        for there in range(len(shown) + 1):
            with self.subTest(there=there):
                out, err = self.file("out"), self.file("err")
                words = ["--tag", "--journal", "j", "-c", "echo x; echo y; : {}", ":::", "a"]
                self.broken_off(out, err, *words)
                out.write_bytes(shown[:there])
                self.resume(out, err)
                self.assertEqual(out.read_bytes(), shown)
                for each in self.folder.glob("j*"):
                    each.unlink()

    def test_what_another_program_wrote_there_is_not_taken_for_it(self):
        out, err = self.file("out"), self.file("err")
        self.broken_off(out, err, "--journal", "j", "-c", "echo abc; : {}", ":::", "1")
        out.write_bytes(b"from another program\n")
        self.resume(out, err)
        self.assertEqual(out.read_bytes(), b"from another program\nabc\n")

    def test_what_the_resumed_run_shows_is_not_taken_for_it(self):
        out, err = self.file("out"), self.file("err")
        words = ["-k", "-j1", "--journal", "j", "-c", "echo same; : {}", ":::", "1", "2"]
        self.broken_off(out, err, *words)
        out.write_bytes(b"sa")  # of the second one; the first one was shown elsewhere
        run = self.folder / "j-run"
        lines = run.read_bytes().splitlines(keepends=True)
        first = [line for line in lines if b'"seq":1' in line]
        run.write_bytes(b"".join(line for line in lines if line not in first))
        self.resume(out, err)
        self.assertEqual(out.read_bytes(), b"sasame\nme\n")


class KilledTest(ToolTest):
    """kill -9 at random instants: nothing is lost, nothing recorded is done again, output is whole
    and shown once."""

    def kill_and_resume(self, draw, name, order):
        folder = self.folder / name
        folder.mkdir()
        items = [f"item {n}" for n in range(ITEMS)]
        (folder / "items").write_text("".join(f"{item}\n" for item in items))
        words = [
            "run",
            *order,
            "-j3",
            "--journal",
            "j",
            "--resume",
            "-a",
            "items",
            "sh",
            "-c",
            'echo "$1" >> done; echo "begin $1"; echo "end $1"',
            "sh",
        ]
        kills = 0
        with (folder / "out").open("ab") as out:
            while True:
                recorded = records_after_kill(folder / "j")
                before = self.starts(folder)
                process = subprocess.Popen(
                    [self.program, *words], cwd=folder, stdout=out, stderr=subprocess.PIPE
                )
                if kills < 5:  # later ones may run to their end
                    wanted = records(folder / "j") + draw.randrange(ITEMS // 4)
                    while process.poll() is None and records(folder / "j") < wanted:
                        os.sched_yield()
                    time.sleep(draw.random() * 0.002)
                    process.kill()
                err = process.stderr.read()
                process.stderr.close()
                status = process.wait(timeout=LIMIT)
                if status != -signal.SIGKILL:
                    break
                kills += 1
        self.assertEqual(status, 0, err)
        shown = (folder / "out").read_text().splitlines()
        expected = [f"{word} {item}" for item in items for word in ("begin", "end")]
        self.assertEqual(sorted(shown), sorted(expected))
        if order:
            self.assertEqual(shown, expected)
        # What was recorded before the last run is not done again, and all else is.
        self.assertEqual(self.starts(folder) - before, ITEMS - recorded)
        results = subprocess.run(
            [self.program, "results", "j"], cwd=folder, stdout=subprocess.PIPE, check=True
        )
        self.assertEqual(results.stdout.decode().splitlines(), expected)
        shutil.rmtree(folder)
        return kills

    @staticmethod
    def starts(folder):
        done = folder / "done"
        return len(done.read_text().splitlines()) if done.exists() else 0

    def test_fifty_times(self):
        draw = seeded_random()
        kills = runs = 0
        wanted = KILLS if os.environ.get("PARWORK_SANITIZED") != "1" else 5
        while kills < wanted:
            kills += self.kill_and_resume(draw, f"run{runs}", ["-k"] if runs % 2 == 0 else [])
            runs += 1


if __name__ == "__main__":
    main()
