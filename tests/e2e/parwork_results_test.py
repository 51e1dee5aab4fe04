"""The command-line tool: --results, and output that is not shown."""

import os
import resource
import signal
import subprocess
import time
import unittest
from pathlib import Path

from harness import LIMIT, default_signals, main
from tool import UNUSABLE, ToolTest

BOTH = 'echo "out $1"; echo "err $1" >&2; exit $PARWORK_SEQ'


class ResultsTest(ToolTest):
    def results(self, folder="r"):
        """What is there, by its name: the content of the files of each job."""
        found = {}
        for each in sorted((self.folder / folder).iterdir()):
            found[each.name] = {file.name: file.read_bytes() for file in each.iterdir()}
        return found

    @staticmethod
    def of(item, out=b"", err=b"", status=0):
        return {
            "item": item if isinstance(item, bytes) else item.encode(),
            "stdout": out,
            "stderr": err,
            "exit": f"{status}\n".encode(),
        }

    def wait_until(self, condition):
        end = time.monotonic() + LIMIT
        while not condition():
            self.assertLess(time.monotonic(), end, "in vain")
            time.sleep(0.005)


class FilesTest(ResultsTest):
    def test_what_each_job_wrote(self):
        status, out, _ = self.parwork(
            "-kq", "--results", "r", "sh", "-c", BOTH, "sh", ":::", "a", "b c"
        )
        self.assertEqual((status, out), (2, b"out a\nout b c\n"))
        self.assertEqual(
            self.results(),
            {
                "1": self.of("a", b"out a\n", b"err a\n", 1),
                "2": self.of("b c", b"out b c\n", b"err b c\n", 2),
            },
        )

    def test_bytes_are_unaltered(self):
        data = bytes(range(256)) * 5000
        self.file("data", data)
        item = b"\xff\n x"
        self.parwork("-0", "--results", "r", "-c", "cat data; : {}", items=item + b"\0")
        self.assertEqual(self.results(), {"1": self.of(item, data)})

    def test_several_items_end_with_nul_bytes(self):
        self.parwork("-n2", "--results", "r", "true", ":::", "a", "b", "c")
        self.assertEqual(
            {name: each["item"] for name, each in self.results().items()},
            {"1": b"a\0b\0", "2": b"c"},
        )

    def test_in_every_way_of_output(self):
        for mode in ("group", "line", "raw", "none"):
            with self.subTest(mode):
                status, out, err = self.parwork(
                    "--output", mode, "--results", mode, "-c", "printf 'a\nb'; echo c >&2; : {}",
                    ":::", "x",
                )  # fmt: skip
                shown = (b"", "") if mode == "none" else (b"a\nb", "c\n")
                self.assertEqual((status, out, err), (0, *shown))
                self.assertEqual(self.results(mode), {"1": self.of("x", b"a\nb", b"c\n")})

    def test_signals(self):
        self.parwork("-q", "--results", "r", "-c", "kill -9 $$; : {}", ":::", "a")
        self.assertEqual(self.results()["1"]["exit"], b"137\n")

    def test_timeouts(self):
        self.parwork("-q", "--timeout", "50ms", "--results", "r", "sleep", ":::", "1000")
        self.assertEqual(self.results()["1"]["exit"], b"143\n")

    def test_they_are_written_as_they_come(self):
        process = self.launch(
            "--results", "r", "-c", "echo begun; while [ ! -e end ]; do sleep 0.01; done; : {}",
            ":::", "a",
        )  # fmt: skip
        part = self.folder / "r" / "1.part"
        self.wait_until(lambda: (part / "stdout").exists() and (part / "stdout").read_bytes())
        self.assertEqual(
            {each.name: each.read_bytes() for each in part.iterdir()},
            {"item": b"a", "stdout": b"begun\n", "stderr": b""},
        )
        (self.folder / "end").touch()
        self.assertEqual(process.wait(timeout=LIMIT), 0)
        self.assertEqual(self.results(), {"1": self.of("a", b"begun\n")})

    def test_the_last_attempt_counts(self):
        self.parwork("-q", "--retries", "2", "--results", "r", "-c",
            "echo attempt $PARWORK_ATTEMPT {}; test $PARWORK_ATTEMPT = 2", ":::", "a",
        )  # fmt: skip
        self.assertEqual(self.results(), {"1": self.of("a", b"attempt 2 a\n")})
        self.parwork("-q", "--retries", "1", "--results", "f", "-c",
            "echo attempt $PARWORK_ATTEMPT {}; false", ":::", "a",
        )  # fmt: skip
        self.assertEqual(self.results("f"), {"1": self.of("a", b"attempt 2 a\n", status=1)})

    def test_what_could_not_be_started(self):
        status, _, _ = self.parwork(
            "-q", "-0", "--results", "r", "echo", items=b"x" * 200_000 + b"\0a\0"
        )
        self.assertEqual(status, 1)
        found = self.results()
        self.assertEqual(found["1"]["exit"], b"126\n")
        self.assertEqual(found["2"], self.of("a", b"a\n"))

    def test_a_job_that_is_cut_off_stays_a_part(self):
        process = self.launch(
            "-j2", "--results", "r", "-c",
            'echo out {}; [ {} = 1 ] || { touch begun; exec sleep 1000; }', ":::", "1", "2", "3",
        )  # fmt: skip
        self.wait_until(lambda: (self.folder / "begun").exists() and (self.folder / "r/1").exists())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=LIMIT), 143)
        names = set(self.results())
        self.assertIn("1", names)
        self.assertIn("2.part", names)
        self.assertNotIn("exit", self.results()["2.part"])
        self.assertNotIn("2", names)

    def test_the_commands_alone_make_no_folder(self):
        self.assert_out("echo a\n", "--dry-run", "--results", "r", "echo", ":::", "a")
        self.assertFalse((self.folder / "r").exists())

    def test_tags_are_not_in_them(self):
        self.assert_out("a\tx a\n", "--tag", "--results", "r", "echo", "x", ":::", "a")
        self.assertEqual(self.results(), {"1": self.of("a", b"x a\n")})


class JournalTest(ResultsTest):
    JOB = 'echo "out $1"; if [ "$1" = b ] && [ ! -e end ]; then touch begun; exec sleep 1000; fi'

    def killed(self, *options):
        process = self.launch(
            "-j1", "--journal", "j", *options, "sh", "-c", self.JOB, "sh", ":::", *"abc"
        )
        self.wait_until((self.folder / "begun").exists)
        process.kill()
        process.wait()
        (self.folder / "end").touch()

    def assert_whole(self, order="abc", folder="r"):
        self.assertEqual(
            self.results(folder),
            {str(n): self.of(item, f"out {item}\n".encode()) for n, item in enumerate(order, 1)},
        )

    def test_a_killed_run_goes_on(self):
        for mode in ("group", "none"):
            with self.subTest(mode):
                self.killed("--results", "r", "--output", mode)
                self.assertEqual(set(self.results()), {"1", "2.part"})
                status, out, err = self.parwork("resume", "j")
                self.assertEqual((status, err), (0, ""))
                self.assertEqual(out == b"", mode == "none")
                self.assert_whole()
                if mode == "none":
                    self.assert_out("out a\nout b\nout c\n", "results", "j")
                for each in ("j", "j-run", "begun", "end"):
                    (self.folder / each).unlink()
                subprocess.run(["rm", "-r", self.folder / "r"], check=True)

    def test_what_is_missing_is_made_from_the_journal(self):
        self.killed("--results", "r")
        subprocess.run(["rm", "-r", self.folder / "r"], check=True)
        self.assertEqual(self.parwork("resume", "j")[0], 0)
        self.assert_whole()

    def test_a_resumed_run_may_begin_with_them(self):
        self.killed()
        other = self.folder / "elsewhere"
        other.mkdir()
        process = self.launch("resume", "../j", "--results", "r", cwd=other)
        self.assertEqual(process.wait(timeout=LIMIT), 0)
        self.assert_whole(folder="elsewhere/r")

    def test_items_that_have_moved(self):
        self.killed("--results", "r")
        status, _, err = self.parwork(
            "run", "--resume", "--journal", "j", "--results", "r", "sh", "-c", self.JOB, "sh",
            ":::", *"xabc",
        )  # fmt: skip
        self.assertEqual(status, 0, err)
        self.assert_whole("xabc")

    def test_failed_ones_again(self):
        job = ["-c", "echo {}; test -e ready"]
        self.parwork("-q", "--journal", "j", "--results", "r", *job, ":::", "a")
        self.assertEqual(self.results(), {"1": self.of("a", b"a\n", status=1)})
        self.file("ready")
        self.assertEqual(self.parwork("resume", "--retry-failed", "j")[0], 0)
        self.assertEqual(self.results(), {"1": self.of("a", b"a\n")})


class FaultTest(ResultsTest):
    def test_a_folder_that_is_not_empty(self):
        (self.folder / "r").mkdir()
        self.assert_out("a\n", "--results", "r", "echo", ":::", "a")
        self.assert_unusable(
            "--results", "r", "echo", ":::", "a", naming="the folder r is not empty"
        )

    def test_a_folder_that_cannot_be(self):
        self.file("file")
        for name in ("file", "file/below", "/proc/no/folder"):
            self.assert_unusable(
                "--results", name, "echo", ":::", "a", naming=f"the folder {name} cannot"
            )
        self.assert_unusable("--results", "", "echo", ":::", "a", naming="--results: it is empty")

    def test_folders_are_made(self):
        self.assert_out("a\n", "--results", "x/y/z", "echo", ":::", "a")
        self.assertEqual(self.results("x/y/z"), {"1": self.of("a", b"a\n")})

    def test_files_that_cannot_grow(self):
        """As on a full disk: the run ends, and the job has not been done."""

        def small_files():
            default_signals()
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        done = subprocess.run(
            [self.program, "-j1", "--results", "r", "-c", "head -c 1000000 /dev/zero; : {}", ":::", *"ab"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            timeout=LIMIT,
            preexec_fn=small_files,
            check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, UNUSABLE)
        self.assertIn(
            b"parwork: --results: the folder r cannot be written: File too large", done.stderr
        )
        self.assertEqual(set(self.results()), {"1.part"})

    @unittest.skipUnless(Path("/dev/full").exists(), "no /dev/full")
    def test_output_that_is_lost_as_well(self):
        with open("/dev/full", "wb") as full:
            process = self.launch("--results", "r", "echo", ":::", "a", stdout=full)
            self.assertEqual(process.wait(timeout=LIMIT), UNUSABLE)

    def test_a_folder_that_is_taken_away(self):
        process = self.launch(
            "-j1", "--results", "r", "-c", "touch begun{}; while [ ! -e end ]; do sleep 0.01; done",
            ":::", *"12",
        )  # fmt: skip
        self.wait_until((self.folder / "begun1").exists)
        os.rename(self.folder / "r" / "1.part", self.folder / "gone")
        (self.folder / "end").touch()
        self.assertEqual(process.wait(timeout=LIMIT), UNUSABLE)
        self.assertIn(b"--results: the folder r cannot be written", process.stderr.read())

    def test_contradictions(self):
        self.assert_unusable("--tag", "--output", "none", "echo", ":::", "a", naming="--tag")
        self.assert_unusable("--output", "nothing", "echo", ":::", "a", naming="none")

    @unittest.skipIf(
        os.environ.get("PARWORK_SANITIZED") == "1",
        "the check of virtual calls needs a pipe to see whether memory can be read",
    )
    def test_too_few_open_files(self):
        def few_files():
            default_signals()
            resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))

        process = self.launch(
            "-j8", "--results", "r", "echo", ":::", *map(str, range(40)), preexec_fn=few_files
        )
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, len(out.splitlines())), (0, 40), err)
        self.assertEqual(len(self.results()), 40)


if __name__ == "__main__":
    main()
