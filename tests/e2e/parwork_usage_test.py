"""The command-line tool: its options, what it says of wrong ones, and its help."""

import os
import re
import resource
import subprocess
import unittest

from harness import LIMIT, default_signals, main
from tool import ToolTest


class HelpTest(ToolTest):
    def test_it_fits_a_screen(self):
        for word in ("--help", "-h"):
            status, out, err = self.parwork(word)
            self.assertEqual((status, err), (0, ""))
            lines = out.decode().splitlines()
            self.assertLessEqual(len(lines), 50)
            self.assertLessEqual(max(map(len, lines)), 100)

    def test_of_subcommands(self):
        for word in ("run", "resume", "results", "report"):
            status, out, err = self.parwork(word, "--help")
            self.assertEqual((status, err), (0, ""))
            self.assertIn(f"parwork {'[run]' if word == 'run' else word}".encode(), out)

    def test_the_complete_one_names_every_option(self):
        overview = self.parwork("--help")[1].decode()
        complete = self.parwork("run", "--help")[1].decode()
        behind_usage = overview.partition("\n\n")[2]
        for option in set(re.findall(r"--[a-z-]+", behind_usage)):
            self.assertIn(option, complete)

    def test_version(self):
        status, out, _ = self.parwork("--version")
        self.assertEqual(status, 0)
        self.assertRegex(out.decode(), r"^parwork \d+\.\d+\.\d+\n$")


class UsageTest(ToolTest):
    def test_no_command(self):
        for words in ([], ["-k"], ["run"], ["-j", "2"], ["--"], [":::", "a"]):
            with self.subTest(words):
                self.assert_unusable(*words, naming="usage: parwork")

    def test_unknown_options_and_what_was_meant(self):
        for wrong, meant in (
            ("--keep-odrer", "--keep-order"),
            ("--timout", "--timeout"),
            ("--retrys", "--retries"),
            ("--job", None),
            ("--jobs", None),
            ("--journl", "--journal"),
        ):
            with self.subTest(wrong):
                self.assert_unusable(wrong, "1", "echo", naming=wrong)
                if meant:
                    self.assert_unusable(wrong, "1", "echo", naming=f"did you mean {meant}?")
        self.assert_unusable("-z", "echo", naming="-z")

    def test_values(self):
        for option in (
            "-j",
            "-n",
            "-a",
            "-d",
            "-C",
            "-c",
            "--output",
            "--buffer",
            "--ahead",
            "--halt",
            "--retries",
            "--retry-delay",
            "--timeout",
            "--grace",
            "--journal",
            "--log",
            "--report",
            "--progress",
        ):
            with self.subTest(option):
                self.assert_unusable(option, naming=f"{option} needs a value")
                self.assert_unusable(
                    f"{option}=" if option.startswith("--") else option,
                    "",
                    "echo",
                    ":::",
                    "a",
                    naming=option,
                )
        for option in ("--keep-order", "--tag", "--resume"):
            self.assert_unusable(f"{option}=yes", "echo", naming="takes no value")

    def test_numbers(self):
        for option in ("-j", "-n", "--ahead", "--retries"):
            for value in ("-1", "x", "1x", "99999999999999999999", " 1", "1.5"):
                with self.subTest((option, value)):
                    self.assert_unusable(option, value, "echo", ":::", "a", naming=value)
        for option in ("-n", "--ahead"):
            self.assert_unusable(option, "0", "echo", ":::", "a", naming="0")

    def test_sizes(self):
        for value in ("0", "1", "1K", "1M", "2G"):
            self.assert_out("a\n", "--buffer", value, "echo", ":::", "a")
        for value in ("1k1", "K", "-1", "1T", "99999999999G"):
            self.assert_unusable("--buffer", value, "echo", ":::", "a", naming=value)

    def test_workers(self):
        for value in ("1", "50%", "100%", "1000%", "3"):
            self.assert_out("a\n", "-j", value, "echo", ":::", "a")
        self.parwork("--log", "log", "-j", "1%", "true", ":::", "a")
        self.assertEqual(self.log_lines()[0]["workers"], 1)

    def workers(self, *options, cpus=None):
        """How many a run has that may use these CPUs."""
        (self.folder / "log").unlink(missing_ok=True)
        allowed = [] if cpus is None else ["taskset", "-c", str(cpus)]
        subprocess.run(
            [*allowed, self.program, *options, "--log", "log", "true", ":::", "a"],
            cwd=self.folder,
            check=True,
        )
        return self.log_lines()[0]["workers"]

    def test_as_many_workers_as_cpus_that_may_be_used(self):
        one = min(os.sched_getaffinity(0))
        self.assertEqual(self.workers(cpus=one), 1)
        self.assertEqual(self.workers("-j", "300%", cpus=one), 3)
        self.assertLessEqual(
            self.workers(), len(os.sched_getaffinity(0))
        )  # less where a quota allows less
        self.assertEqual(self.workers("-j", "200%"), 2 * self.workers())

    def test_short_options_together(self):
        self.assert_out("a\n", "-kj2", "echo", ":::", "a")
        self.assert_out("a\n", "-kj", "2", "echo", ":::", "a")

    def test_the_command_twice(self):
        self.assert_unusable("-c", "echo", "printf", naming="twice")

    def test_the_engine_of_this_machine(self):
        self.assert_out("a\n", "--engine", "local", "echo", ":::", "a")
        self.assert_unusable("--engine", "cloud", "echo", ":::", "a", naming="cloud")

    def test_messages_are_short_lines(self):
        _, _, err = self.parwork("--wrong", "echo")
        self.assertEqual(len(err.splitlines()), 1)


class LimitsTest(ToolTest):
    def test_a_thousand_jobs_at_once(self):
        """Each waits for a file that is written when all have begun. The limit of open files is a
        usual one."""

        def usual_limit():
            default_signals()
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (1024, min(4096, hard) if hard > 0 else 4096)
            )

        go = self.fifo("go")
        process = self.launch(
            "-j1000",
            "sh",
            "-c",
            "echo >> begun; read x < go; echo",
            ":::",
            *["x"] * 1000,
            preexec_fn=usual_limit,
        )
        begun = self.folder / "begun"
        while not begun.exists() or begun.stat().st_size < 1000:
            self.assertIsNone(process.poll())
            os.sched_yield()
        go.write_text("\n")
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, out), (0, b"\n" * 1000), err)

    @unittest.skipIf(
        os.environ.get("PARWORK_SANITIZED") == "1",
        "the check of virtual calls needs a pipe to see whether memory can be read",
    )
    def test_too_few_open_files_for_all_of_them(self):
        """It runs as many as there are files for."""
        words = " ".join("x" for _ in range(60))
        done = subprocess.run(
            [
                "sh",
                "-c",
                f'ulimit -n 64; exec "$0" -j60 sh -c "sleep 0.05; echo" ::: {words}',
                self.program,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
            timeout=100,
        )
        self.assertEqual((done.returncode, done.stdout), (0, b"\n" * 60), done.stderr)


if __name__ == "__main__":
    main()
