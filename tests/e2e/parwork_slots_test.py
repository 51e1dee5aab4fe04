"""The command-line tool: how many jobs run at once where that is not a fixed number."""

import os
import resource
import time
import unittest

from harness import LIMIT, main
from tool import ToolTest

# Says that it has begun, and waits for a file of its name.
WAIT = 'echo $PARWORK_SLOT > "s$1"; mv "s$1" "begun$1"; while [ ! -e "end$1" ]; do sleep 0.01; done'


class Waiting(ToolTest):
    def wait_until(self, condition):
        end = time.monotonic() + LIMIT
        while not condition():
            self.assertLess(time.monotonic(), end, "in vain")
            time.sleep(0.005)

    def begun(self):
        return sorted(int(each.name[5:]) for each in self.folder.glob("begun*"))

    def slot(self, job):
        return int((self.folder / f"begun{job}").read_text())

    def end(self, *jobs):
        for each in jobs:
            (self.folder / f"end{each}").touch()

    def waiting(self, *options, jobs=6):
        return self.launch(*options, "sh", "-c", WAIT, "sh", ":::", *map(str, range(1, jobs + 1)))


class AllTest(Waiting):
    def test_each_item_has_a_slot(self):
        process = self.waiting("-j0", "--report", "r.html", "--log", "log", jobs=30)
        self.wait_until(lambda: len(self.begun()) == 30)
        self.end(*range(1, 31))
        self.assertEqual(process.wait(timeout=LIMIT), 0)
        self.assertEqual(len({each["slot"] for each in self.ends()}), 30)
        self.assertIn("30 slots", process.stderr.read().decode())

    def test_a_report_of_its_log_shows_the_slots_that_were_used(self):
        self.assert_out("", "-j0", "--log", "log", "true", ":::", *"abc")
        status, _, err = self.parwork("report", "log", "-o", "r.html")
        self.assertEqual(status, 0, err)
        self.assertRegex(err, r"\b[123] slots?\b")

    def test_no_more_than_files_allow(self):
        def few_files():
            resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))

        process = self.launch(
            "-j0", "--log", "log", "echo", ":::", *"abcdefgh", preexec_fn=few_files
        )
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, len(out)), (0, 16), err)
        self.assertEqual(self.log_lines()[0]["workers"], (60 - 40) // 5)

    def test_in_order(self):
        items = [str(each) for each in range(200)]
        self.assert_out("\n".join(items) + "\n", "-j0", "-k", "echo", items="\n".join(items))

    def test_the_commands_alone(self):
        self.assert_out("echo 1\necho 2\n", "-j0", "--dry-run", "echo", "{%}", ":::", *"ab")


class FileTest(Waiting):
    def test_slots_come(self):
        slots = self.file("slots", "1\n")
        process = self.waiting("-j", "slots")
        self.wait_until(lambda: self.begun() == [1])
        slots.write_text("3\n")
        self.wait_until(lambda: self.begun() == [1, 2, 3])
        self.assertEqual({self.slot(each) for each in (1, 2, 3)}, {1, 2, 3})
        self.end(*range(1, 7))
        self.assertEqual(process.wait(timeout=LIMIT), 0)

    def test_slots_go_and_nothing_that_runs_is_ended(self):
        slots = self.file("slots", "3\n")
        process = self.waiting("-v", "-j", "slots")
        self.wait_until(lambda: self.begun() == [1, 2, 3])
        slots.write_text("1\n")
        line = b""
        while b"now 1 at once" not in line:
            line = process.stderr.readline()
        first, second, third = sorted((1, 2, 3), key=self.slot)
        self.end(second)
        self.end(third)
        time.sleep(0.1)  # in which nothing starts; a mistake is found by luck
        self.assertEqual(self.begun(), [1, 2, 3])
        self.end(first)
        self.wait_until(lambda: self.begun() == [1, 2, 3, 4])
        self.assertEqual(self.slot(4), 1)
        self.end(4, 5, 6)
        self.assertEqual(process.wait(timeout=LIMIT), 0)
        self.assertEqual({self.slot(each) for each in (4, 5, 6)}, {1})

    def test_a_file_that_is_replaced(self):
        self.file("slots", "1\n")
        process = self.waiting("-j", "slots", jobs=2)
        self.wait_until(lambda: self.begun() == [1])
        os.replace(self.file("other", "2\n"), self.folder / "slots")
        self.wait_until(lambda: self.begun() == [1, 2])
        self.end(1, 2)
        self.assertEqual(process.wait(timeout=LIMIT), 0)

    def test_what_is_no_number_is_named_and_the_number_before_is_kept(self):
        slots = self.file("slots", "2\n")
        process = self.waiting("-j", "slots", jobs=3)
        self.wait_until(lambda: self.begun() == [1, 2])
        slots.write_text("many\n")
        said = process.stderr.readline().decode()
        self.assertTrue(said.startswith("parwork: -j: the file slots"), said)
        self.assertIn("'many' is no whole number", said)
        self.assertIn("the number before is kept", said)
        slots.unlink()
        self.assertIn("cannot be opened", process.stderr.readline().decode())
        self.end(1, 2, 3)
        self.assertEqual(process.wait(timeout=LIMIT), 0)

    def test_with_an_order_and_few_slots_at_first(self):
        slots = self.file("slots", "1\n")
        process = self.waiting("-k", "-j", "slots", jobs=150)
        self.wait_until(lambda: self.begun() == [1])
        slots.write_text("150\n")
        self.wait_until(lambda: len(self.begun()) == 150)  # more than 100 times the first number
        self.end(*range(1, 151))
        self.assertEqual(process.wait(timeout=LIMIT), 0)

    def test_a_resumed_run_reads_it_again(self):
        slots = self.file("slots", "1\n")
        process = self.waiting("--journal", "j", "-j", "slots", jobs=3)
        self.wait_until(lambda: self.begun() == [1])
        process.kill()
        process.wait()
        slots.write_text("3\n")
        again = self.launch("resume", str(self.folder / "j"), cwd="/")
        self.wait_until(lambda: self.begun() == [1, 2, 3])
        self.end(1, 2, 3)
        self.assertEqual(again.wait(timeout=LIMIT), 0)

    def test_a_resumed_run_may_be_given_another_one(self):
        self.file("slots", "1\n")
        process = self.waiting("--journal", "j", "-j", "slots", jobs=3)
        self.wait_until(lambda: self.begun() == [1])
        process.kill()
        process.wait()
        (self.folder / "slots").unlink()
        other = self.folder / "elsewhere"
        other.mkdir()
        (other / "more").write_text("3")
        again = self.launch("resume", "../j", "-j", "more", cwd=other)
        self.wait_until(lambda: self.begun() == [1, 2, 3])
        self.end(1, 2, 3)
        self.assertEqual(again.wait(timeout=LIMIT), 0)

    def test_what_is_neither_a_number_nor_a_file_with_one_is_refused(self):
        self.file("word", "many")
        self.file("empty")
        for wrong, naming in (
            ("absent", "-j: 'absent' is no number, no per cent, and no file with one"),
            ("4x", "'4x' is no number"),
            ("-1", "'-1' is no number"),
            ("word", "'many' is no whole number"),
            ("empty", "'' is no whole number"),
            (".", "no file whose content"),
            ("", "it is empty"),
        ):
            with self.subTest(wrong):
                self.assert_unusable("-j", wrong, "echo", ":::", "a", naming=naming)

    def test_a_report(self):
        self.file("slots", "2\n")
        status, out, err = self.parwork(
            "-k", "-j", "slots", "--report", "r.html", "echo", ":::", *"abc"
        )
        self.assertEqual((status, out), (0, b"a\nb\nc\n"), err)


if __name__ == "__main__":
    main()
