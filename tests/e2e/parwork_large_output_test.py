"""The command-line tool: jobs with much output and a journal."""

import os
import subprocess
import unittest

from harness import LIMIT, main, records
from tool import UNUSABLE, ToolTest

LARGE = 200_000_000
MOST_MEMORY = 120_000  # KB: far below what is written, far above --buffer


class LargeOutputTest(ToolTest):
    def run_measured(self, *arguments):
        """Status, bytes shown, whether they were all zeros, and the most memory used, in KB."""
        process = self.launch(*arguments, stderr=subprocess.DEVNULL)
        shown, zeros = 0, True
        while part := process.stdout.read(1 << 20):
            shown += len(part)
            zeros = zeros and part.count(0) == len(part)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode, shown, zeros, used.ru_maxrss

    @unittest.skipIf(os.environ.get("PARWORK_SANITIZED") == "1", "shadow memory counts too")
    def test_memory_does_not_grow_with_it(self):
        job = ["--buffer", "4M", "-c", f"head -c {LARGE} /dev/zero; exit {{}}"]
        for status in (0, 3):
            with self.subTest(status=status):
                journal = f"j{status}"
                begun = self.run_measured("--journal", journal, *job, ":::", str(status))
                self.assertEqual(begun[:3], (1 if status else 0, LARGE, True))
                self.assertLess(begun[3], MOST_MEMORY)
                self.assertLess((self.folder / journal).stat().st_size, 1_000_000)
                shown = self.run_measured("results", journal)
                self.assertEqual(shown[:3], (0, LARGE, True))
                self.assertLess(shown[3], MOST_MEMORY)

    def test_it_is_shown_once_over_all_runs(self):
        """The first run is killed in the middle of the first output; standard output is a file, so
        that the second one knows how far it came."""
        words = ["-k", "-j2", "--buffer", "1M", "--journal", "j", "-c"]
        script = "yes {} | head -n 500000; [ {} != 2 ] || [ -e good ] || kill -9 $PPID"
        with (self.folder / "out").open("ab") as out:
            killed = self.launch(*words, script, ":::", "1", "2", "3", stdout=out)
            killed.wait(timeout=LIMIT)
            self.assertEqual(killed.returncode, -9)
            self.file("good")
            resumed = self.launch("resume", "j", stdout=out)
            resumed.wait(timeout=LIMIT)
            self.assertEqual(resumed.returncode, 0, resumed.stderr.read())
        expected = b"".join(item * 500_000 for item in (b"1\n", b"2\n", b"3\n"))
        self.assertTrue((self.folder / "out").read_bytes() == expected)
        self.assert_out(expected, "results", "j")

    def test_the_rest_of_one_that_was_shown_in_part(self):
        """What reached the file is not shown again, whole blocks of it are not even read."""
        script = "seq 100000; : {}"
        expected = "".join(f"{n}\n" for n in range(1, 100_001)).encode()
        self.assert_out(expected, "--journal", "j", "-c", script, ":::", "1")
        run = self.folder / "j-run"
        lines = run.read_bytes().splitlines(keepends=True)
        self.assertIn(b'"shown"', lines[-1])
        out = self.file("out", expected[:400_001])
        status = out.stat()
        place = (
            f'"out":{{"device":{status.st_dev},"inode":{status.st_ino},"at":0,'
            f'"file":"{out}"}},"err":null'
        ).encode()
        announced = lines[-2].split(b'"out":', 1)[0] + place + b"}\n"
        run.write_bytes(b"".join(lines[:-2]) + announced)
        with out.open("ab") as behind:
            resumed = self.launch("resume", "j", stdout=behind)
            resumed.wait(timeout=LIMIT)
            self.assertEqual(resumed.returncode, 0, resumed.stderr.read())
        self.assertTrue(out.read_bytes() == expected)

    def test_damage_is_said_and_the_others_are_shown(self):
        self.parwork("--journal", "j", "-c", "seq {}", ":::", "100000", "3", "100001")
        # Of a block only what was written is read: so where a line stands, and not just anywhere.
        at = (self.folder / "j-output").read_bytes().index(b"\n77777\n")
        with (self.folder / "j-output").open("r+b") as output:
            output.seek(at)
            output.write(b"x")
        status, out, err = self.parwork("results", "j")
        self.assertEqual(status, UNUSABLE)
        self.assertIn("cannot be shown", err)
        self.assertEqual(err.count("\n"), 1, err)
        (self.folder / "j-output").unlink()
        status, out, err = self.parwork("results", "j")
        self.assertEqual((status, out), (UNUSABLE, b"1\n2\n3\n"))
        self.assertIn("j-output", err)

    def test_a_file_that_a_removed_journal_left_is_not_taken_for_this_ones(self):
        self.parwork("--journal", "j", "-c", "seq {}", ":::", "100000")
        before = (self.folder / "j-output").stat().st_size
        (self.folder / "j").unlink()
        self.parwork("--journal", "j", "-c", "seq {}", ":::", "3")
        self.assertFalse((self.folder / "j-output").exists())
        (self.folder / "j").unlink()
        self.parwork("--journal", "j", "-c", "seq {}", ":::", "100000")
        self.assertLess((self.folder / "j-output").stat().st_size, 1.5 * before)
        self.assertEqual(records(self.folder / "j"), 1)

    def test_small_output_leaves_no_file(self):
        """Not even where it waits beyond --buffer."""
        words = ["-k", "-j4", "--buffer", "1K", "--journal", "j", "-c"]
        script = "[ {} != 0 ] || sleep 0.3; seq 2000"
        self.parwork(*words, script, ":::", *[str(n) for n in range(20)])
        self.assertFalse((self.folder / "j-output").exists())


if __name__ == "__main__":
    main()
