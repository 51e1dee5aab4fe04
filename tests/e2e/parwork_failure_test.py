"""The command-line tool: failed jobs, what the run makes of them, and what it exits with."""

import os
import subprocess
import unittest

from harness import LIMIT, main
from tool import ToolTest

EXITS = ["sh", "-c", "exit $1", "sh"]


class StatusTest(ToolTest):
    def test_all_succeeded(self):
        self.assertEqual(self.parwork("true", ":::", "a", "b"), (0, b"", ""))

    def test_the_number_of_failures(self):
        for failures, status in ((1, 1), (2, 2), (100, 100), (101, 101), (300, 101)):
            with self.subTest(failures):
                got, _, _ = self.parwork("-q", "false", ":::", *["x"] * failures)
                self.assertEqual(got, status)

    def test_death_by_signal_is_a_failure_and_recorded_as_that_signal(self):
        status, _, err = self.parwork("--log", "log", "-c", "kill -{} $$", ":::", "9", "15")
        self.assertEqual(status, 2)
        self.assertIn("9 (job 1): killed by signal 9 (KILL)", err)
        self.assertEqual(
            sorted((each["signal"], each["exit"], each["why"]) for each in self.ends()),
            [(9, None, "signal"), (15, None, "signal")],
        )

    def test_a_failed_job_does_not_end_the_run(self):
        self.assert_out(
            "2\n3\n",
            "-k",
            "sh",
            "-c",
            '[ "$1" != 1 ] && echo "$1"',
            "sh",
            ":::",
            "1",
            "2",
            "3",
            status=1,
        )


class EndTest(ToolTest):
    def test_failures_are_named_with_their_reasons_and_the_command_that_does_them_again(self):
        status, out, err = self.parwork("-j2", *EXITS, items="0\n3\n0\n7\n")
        self.assertEqual((status, out), (2, b""))
        self.assertEqual(
            err,
            "parwork: 2 of 4 failed\n"
            "  3 (job 2): exit 3\n"
            "  7 (job 4): exit 7\n"
            "again: parwork -j 2 sh -c 'exit $1' sh ::: 3 7\n",
        )

    def test_that_command_works(self):
        """With an input option, a quote and a shell command, which it has to reproduce."""
        self.file("items", "a b,it's,c")
        _, _, err = self.parwork("-k", "-d,", "-a", "items", "-c", "echo {} >> done; test {} = c")
        again = err.splitlines()[-1].removeprefix("again: ").replace("parwork", self.program, 1)
        self.assertNotIn("items", again)
        self.assertEqual(self.sh(again).returncode, 2)
        self.assertEqual(
            sorted((self.folder / "done").read_text().splitlines()),
            ["a b", "a b", "c", "it's", "it's"],
        )

    def sh(self, command, **options):
        process = self.launch("-c", command, program="sh", **options)
        process.communicate(timeout=LIMIT)
        return process

    def again(self, *arguments, **options):
        """What a run whose jobs append their items to `done` and fail says at its end, run once
        more."""
        (self.folder / "bin").mkdir(exist_ok=True)
        path = {"PATH": f"{self.folder}/bin:/usr/bin:/bin"}
        for name in ("report", "-odd", "plain"):
            self.script(
                f"bin/{name}", 'for i in "$@"; do printf "%s\\0" "$i" >> done; done; false\n'
            )
        if not (self.folder / "bin/parwork").exists():
            (self.folder / "bin/parwork").symlink_to(self.program)
        _, _, err = self.parwork(*arguments, env=path, **options)
        _, _, command = err.partition("again: ")
        self.assertEqual(self.sh(command, env={**os.environ, **path}).returncode, 1, err)
        return command

    def test_that_command_names_the_same_program(self):
        for words in (
            ["run", "report"],
            ["--", "-odd"],
            ["-k", "report"],
            ["-k", "--", "-odd"],
            ["plain"],
        ):
            with self.subTest(words):
                self.again(*words, ":::", "a")
                self.assertEqual((self.folder / "done").read_bytes(), b"a\0a\0")
                (self.folder / "done").unlink()

    def test_that_command_has_every_byte_of_its_items_and_shows_no_control_byte(self):
        item = bytes(byte for byte in range(1, 256)) + b"%s\\n'\n\n"
        command = self.again("-0", "plain", items=item + b"\0")
        self.assertEqual((self.folder / "done").read_bytes(), (item + b"\0") * 2)
        self.assertEqual([c for c in command if ord(c) < 32 and c not in "\n\t"], [])

    def test_that_command_knows_a_journal_that_looks_like_an_option(self):
        _, _, err = self.parwork("--journal", "-j", "false", ":::", "a")
        self.assertIn("again: parwork resume --retry-failed ./-j\n", err)

    def test_the_first_ten_are_named(self):
        items = [f"item{n}" for n in range(1, 26)]
        lines, kept = self.more_than_ten("false", ":::", *items)
        self.assertEqual(lines[0], "parwork: 25 of 25 failed")
        self.assertEqual(
            [line.split()[0] for line in lines[1:11]], [f"item{n}" for n in range(1, 11)]
        )
        self.assertEqual(lines[11], f"  and 15 more; all of them are in {kept}")
        self.assertEqual(lines[12], f"again: parwork -a {kept} false")
        self.assertEqual(len(lines), 13)
        self.assertEqual(sorted(kept.read_text().splitlines()), sorted(items))

    def more_than_ten(self, *words, **options):
        """Returns the lines of the report, and the file that it names."""
        for earlier in self.folder.glob("parwork-failed-*"):
            earlier.unlink()
        _, _, err = self.parwork(*words, env={"TMPDIR": str(self.folder)}, **options)
        (kept,) = self.folder.glob("parwork-failed-*")
        return err.splitlines(), kept

    def test_the_command_that_does_many_again(self):
        """Items of any bytes, and of any input."""
        job = 'printf "%s\\0" "$@" >> done; [ -e good ]'
        numbers = [str(number) for number in range(12)]
        for words, items in (
            (["-c", job, ":::", *numbers], None),
            (["-c", job, ":::", "a\nb", *numbers], None),
            (["-c", job], "\n".join(numbers) + "\n"),
            (["-0", "-c", job], "a\nb\0" + "\0".join(numbers) + "\0"),
            (["-d", ";", "-c", job], "a\nb;" + ";".join(numbers) + ";"),
            (["-n1", "-C", ",", "-c", job], ",b\n".join(numbers) + ",b\n"),
            (["--csv", "--header", "-c", job], "name\n" + "\n".join(numbers) + "\n"),
        ):
            with self.subTest(words):
                (self.folder / "good").unlink(missing_ok=True)
                (self.folder / "done").unlink(missing_ok=True)
                lines, _ = self.more_than_ten(*words, items=(items or "").encode())
                done = sorted((self.folder / "done").read_bytes().split(b"\0"))
                (self.folder / "done").unlink()
                (self.folder / "good").touch()
                again = lines[-1].removeprefix("again: parwork ")
                again = subprocess.run(
                    ["sh", "-c", f'"$0" {again}', self.program], cwd=self.folder, check=False
                )
                self.assertEqual(again.returncode, 0)
                self.assertEqual(sorted((self.folder / "done").read_bytes().split(b"\0")), done)

    def test_where_no_command_does_them_again_they_are_kept_for_people(self):
        lines, kept = self.more_than_ten("-j1", "false", ":::", *"abcd", ":::", *"123")
        self.assertEqual(kept.read_text().splitlines()[:2], ["a 1", "a 2"])
        self.assertIn("--journal", lines[-1])

    def test_no_file_where_they_are_named_or_recorded(self):
        numbers = [str(number) for number in range(12)]
        for words in (["-v"], ["-q"], ["--log", "l"], ["--journal", "j"]):
            with self.subTest(words):
                self.parwork(*words, "false", ":::", *numbers, env={"TMPDIR": str(self.folder)})
                self.assertEqual(list(self.folder.glob("parwork-failed-*")), [])

    def test_a_folder_that_is_not_there_keeps_nothing(self):
        numbers = [str(number) for number in range(12)]
        _, _, err = self.parwork("false", ":::", *numbers, env={"TMPDIR": "/no/such"})
        self.assertIn("  and 2 more (-v names all)\n", err)

    def test_verbose_names_all(self):
        items = [f"item{n}" for n in range(1, 26)]
        _, _, err = self.parwork("-v", "-j4", "false", ":::", *items)
        lines = err.splitlines()
        begin = lines.index("parwork: 25 of 25 failed")
        self.assertEqual([line.split()[0] for line in lines[begin + 1 : begin + 26]], items)
        self.assertEqual(lines[begin + 26], "again: parwork -v -j 4 false ::: " + " ".join(items))

    def test_control_bytes_of_items_are_not_repeated(self):
        _, _, err = self.parwork("-0", "false", items="\x1b[2Jx\0")
        self.assertIn("  ?[2Jx (job 1)", err)

    def test_quiet_says_nothing(self):
        self.assertEqual(self.parwork("-q", "false", ":::", "a"), (1, b"", ""))
        self.assertEqual(self.parwork("--quiet", "false", ":::", "a"), (1, b"", ""))


class RetryTest(ToolTest):
    def test_so_many_extra_attempts(self):
        status, _, _ = self.parwork(
            "-q", "--retries", "2", "sh", "-c", "echo >> tries; false", ":::", "a"
        )
        self.assertEqual((status, (self.folder / "tries").read_text()), (1, "\n" * 3))

    def test_one_that_succeeds_at_last_is_no_failure(self):
        self.assertEqual(
            self.parwork("--retries", "5", "sh", "-c", "[ $PARWORK_ATTEMPT = 4 ]", ":::", "a"),
            (0, b"", ""),
        )

    def test_a_delay_between_attempts(self):
        self.parwork(
            "-q", "--retries", "2", "--retry-delay", "200ms", "--log", "log", "false", ":::", "a"
        )
        starts = [each["start"] for each in self.log_lines() if each["event"] == "start"]
        self.assertEqual(len(starts), 3)
        for earlier, later in zip(starts, starts[1:]):
            self.assertGreaterEqual(later - earlier, 0.2)

    def test_others_run_while_one_waits_for_its_next_attempt(self):
        process = self.launch(
            "-j1",
            "--retries",
            "1",
            "--retry-delay",
            "1h",
            "sh",
            "-c",
            'echo "$1" >&2; [ "$1" = 2 ]',
            "sh",
            ":::",
            "1",
            "2",
        )
        while not (line := process.stderr.readline()).startswith(b"2"):
            self.assertTrue(line)  # 1's output is held: it will be repeated
        process.terminate()
        self.assertEqual(process.wait(timeout=LIMIT), 143)

    def test_what_would_fail_in_the_same_way_is_not_repeated(self):
        status, _, _ = self.parwork(
            "-q", "--retries", "100", "--retry-delay", "1h", "-0", "echo", items=b"x" * 200_000
        )
        self.assertEqual(status, 1)


class HaltTest(ToolTest):
    def count(self, name="done"):
        path = self.folder / name
        return len(path.read_text().splitlines()) if path.exists() else 0

    def test_soon_starts_no_more_and_lets_the_running_ones_end(self):
        go = self.fifo("go")
        self.fifo("log")
        process = self.launch(
            "-j2",
            "--halt",
            "soon,fail=1",
            "--log",
            "log",
            "sh",
            "-c",
            'if [ "$1" = 2 ]; then exit 5; fi; read x < go; echo "$1"',
            "sh",
            ":::",
            *"1234",
        )
        with (self.folder / "log").open(encoding="utf-8") as log:
            while '"event":"end"' not in log.readline():
                pass
            go.write_text("\n")
            log.read()
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, out), (5, b"1\n"), err)
        self.assertIn(b"1 of 2 failed", err)
        self.assertIn(b"halted: 2 done, 2 not started", err)

    def test_now_ends_the_running_ones_with_their_grace(self):
        script = (
            'if [ "$1" = 2 ]; then while [ ! -e ready ]; do :; done; exit 6; fi; '
            "trap 'echo ended; exit 0' TERM; touch ready; while :; do sleep 0.01; done"
        )
        status, out, err = self.parwork(
            "-j2",
            "--halt",
            "now,fail=1",
            "--log",
            "log",
            "sh",
            "-c",
            script,
            "sh",
            items="1\n2\n3\n",
        )
        self.assertEqual((status, out), (6, b"ended\n"), err)
        whys = {each["item"]: each["why"] for each in self.ends()}
        self.assertEqual(whys, {"1": "halted", "2": "exit"})
        self.assertIn("1 done, 1 halted, 1 not started", err)

    def test_now_ends_whole_groups_and_kills_after_the_grace(self):
        script = (
            'if [ "$1" = 2 ]; then while [ ! -e ready ]; do sleep 0.01; done; exit 6; fi; '
            "trap '' TERM; (while :; do sleep 0.01; done) & echo $! > pid; touch ready; wait; sleep 1000"
        )
        status, _, err = self.parwork(
            "-j2",
            "--halt",
            "now,fail=1",
            "--grace",
            "100ms",
            "--log",
            "log",
            "sh",
            "-c",
            script,
            "sh",
            ":::",
            "1",
            "2",
        )
        self.assertEqual(status, 6, err)
        self.assertEqual([each["signal"] for each in self.ends() if each["item"] == "1"], [9])
        pid = int((self.folder / "pid").read_text())
        while self.is_alive(pid):
            os.sched_yield()

    def test_fail_1_exits_with_the_failed_jobs_own_status(self):
        for rule in ("now,fail=1", "soon,fail=1"):
            self.assertEqual(
                self.parwork("-q", "-j1", "--halt", rule, *EXITS, items="0\n42\n1\n")[0], 42
            )
        self.assertEqual(
            self.parwork("-q", "-j1", "--halt", "now,fail=1", "-c", "kill -9 $$; {}", ":::", "x")[
                0
            ],
            137,
        )

    def test_several_failures(self):
        status, _, _ = self.parwork(
            "-q",
            "-j1",
            "--halt",
            "soon,fail=3",
            "sh",
            "-c",
            'echo >> done; exit "$1"',
            "sh",
            items="1\n0\n1\n0\n1\n1\n1\n",
        )
        self.assertEqual((status, self.count()), (3, 5))

    def test_success(self):
        status, out, err = self.parwork(
            "-j1",
            "--halt",
            "now,success=1",
            "sh",
            "-c",
            'echo "$1"; exit "$1"',
            "sh",
            items="1\n0\n1\n",
        )
        self.assertEqual((status, out), (0, b"1\n0\n"), err)

    def test_success_that_is_never_met_exits_by_the_number_of_failures(self):
        self.assertEqual(
            self.parwork("-q", "--halt", "now,success=1", "false", ":::", "a", "b")[0], 2
        )

    def test_done_exits_by_the_number_of_failures(self):
        status, _, _ = self.parwork(
            "-q",
            "-j1",
            "--halt",
            "soon,done=3",
            "sh",
            "-c",
            'echo >> done; exit "$1"',
            "sh",
            items="1\n0\n1\n0\n",
        )
        self.assertEqual((status, self.count()), (2, 3))

    def test_a_share_of_the_finished_ones(self):
        status, _, _ = self.parwork(
            "-q",
            "-j1",
            "--halt",
            "soon,fail=50%",
            "sh",
            "-c",
            'echo >> done; exit "$1"',
            "sh",
            items="1\n0\n0\n1\n1\n0\n",
        )
        self.assertEqual((status, self.count()), (2, 4))  # 1 of 3, then 2 of 4

    def test_a_share_of_all_for_done(self):
        self.assertEqual(
            self.parwork(
                "-j1", "--halt", "soon,done=50%", "sh", "-c", "echo >> done", ":::", *"abcd"
            )[0],
            0,
        )
        self.assertEqual(self.count(), 2)

    def test_a_job_that_is_repeated_counts_when_it_has_failed_for_good(self):
        status, _, _ = self.parwork(
            "-q",
            "-j1",
            "--retries",
            "2",
            "--halt",
            "now,fail=1",
            "sh",
            "-c",
            "echo >> done; exit 9",
            ":::",
            "a",
        )
        self.assertEqual((status, self.count()), (9, 3))

    def test_endless_input_is_left(self):
        status, _, err = self.parwork(
            "-j2", "--halt", "soon,done=5", "true", items="x\n" * 1_000_000
        )
        self.assertEqual(status, 0, err)

    def test_rules_that_are_none(self):
        for rule in (
            "never",
            "now",
            "now,fail",
            "now,fail=0",
            "later,fail=1",
            "now,fails=1",
            "now,fail=101%",
            "now,=1",
        ):
            with self.subTest(rule):
                self.assert_unusable("--halt", rule, "true", naming="--halt")


if __name__ == "__main__":
    main()
