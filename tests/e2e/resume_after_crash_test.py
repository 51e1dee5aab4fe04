#!/usr/bin/env python3
"""resume_after_crash: killed at any instant and started again it computes the rest alone and prints
everything."""

import re
import signal
import subprocess
import unittest

import harness

BLOCKS = 150
KILLS = 5
SMALL = ["--blocks", str(BLOCKS), "--block", "20000"]
EVERYTHING = ["--highest", "1000000000000000"]


def length_of_chain(start):
    count = 1
    while start != 1:
        start = 3 * start + 1 if start % 2 else start // 2
        count += 1
    return count


class ResumeAfterCrashTest(harness.ProgramTest):
    def setUp(self):
        super().setUp()
        self.journal = self.folder / "chains.db"

    def run_to_end(self, *arguments):
        """Status, output, messages, and the number of blocks worked on."""
        status, out, err = self.run_program(*SMALL, *arguments, self.journal)
        worked = re.search(r"^worked on (\d+) blocks of (\d+)$", err, re.MULTILINE)
        self.assertIsNotNone(worked, err)
        self.assertEqual(int(worked.group(2)), BLOCKS)
        return status, out, err, int(worked.group(1))

    def kill_when_recorded(self, wanted):
        process = self.start(
            *SMALL, *EVERYTHING, self.journal, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        with process:
            while process.poll() is None and harness.records(self.journal) < wanted:
                pass
            process.send_signal(signal.SIGKILL)
        return process.returncode

    def test_chains_are_right(self):
        status, out, err, _ = self.run_to_end(*EVERYTHING)
        self.assertEqual(status, 0, err)
        printed = [
            (int(start), int(count)) for start, count in re.findall(rb"(\d+): (\d+) numbers\n", out)
        ]
        for start, count in printed:
            self.assertEqual(count, length_of_chain(start))
        self.assertIn((837799, 525), printed)  # known: the longest below a million
        self.assertEqual([count for _, count in printed], sorted({count for _, count in printed}))

    def test_killed_run_goes_on_and_its_output_is_complete(self):
        expected = self.run_to_end(*EVERYTHING)[1]
        self.journal.unlink()
        draw = harness.seeded_random()
        done = 0
        for _ in range(KILLS):
            status = self.kill_when_recorded(done + draw.randint(1, max(1, (BLOCKS - done) // 2)))
            self.assertIn(status, [-signal.SIGKILL, 0])
            done = harness.records_after_kill(self.journal)
            print(f"after {'a kill' if status else 'the end'}: {done} records", flush=True)
        status, out, err, worked = self.run_to_end(*EVERYTHING)
        self.assertEqual((status, out, worked), (0, expected, BLOCKS - done), err)
        self.assertIn(f"{done} blocks are in {self.journal}\n", err)

    def test_failures_are_final_until_they_are_to_be_tried_again(self):
        status, _, first, worked = self.run_to_end("--highest", "100000000000")
        failed = re.findall(
            r"^failed: the chain of (\d+) rises above 100000000000$", first, re.MULTILINE
        )
        self.assertEqual((status, worked), (1, BLOCKS))
        self.assertGreater(len(failed), 0)
        status, _, err, worked = self.run_to_end(*EVERYTHING)
        self.assertEqual((status, worked), (1, 0))
        self.assertEqual(
            re.findall("^failed:.*$", err, re.MULTILINE),
            re.findall("^failed:.*$", first, re.MULTILINE),
        )
        status, _, err, worked = self.run_to_end("--retry-failed", *EVERYTHING)
        self.assertEqual((status, worked), (0, len(failed)), err)

    def test_blocks_of_another_size_are_refused_and_both_are_named(self):
        self.run_to_end(*EVERYTHING)
        status, out, err = self.run_program("--block", "10000", self.journal)
        self.assertEqual((status, out), (1, b""))
        self.assertIn("blocks of 20000", err)
        self.assertIn("blocks of 10000", err)

    def test_more_blocks_are_worked_on_alone(self):
        self.run_to_end(*EVERYTHING)
        status, _, err = self.run_program(
            *SMALL, "--blocks", str(BLOCKS + 3), *EVERYTHING, self.journal
        )
        self.assertEqual(status, 0, err)
        self.assertIn(f"worked on 3 blocks of {BLOCKS + 3}\n", err)

    def test_bad_usage_is_refused_by_name(self):
        for option, value in [("--blocks", "0"), ("--block", "x"), ("--highest", "-1")]:
            self.assert_refused(option, value, self.journal, naming=option)
        self.assert_refused(naming="exactly one FILE")
        self.assert_refused("one.db", "two.db", naming="exactly one FILE")

    def test_help(self):
        self.assert_help()

    def test_interrupt_ends_it_and_it_goes_on(self):
        many = ["--block", "20000", "--blocks", "1000000", *EVERYTHING, self.journal]  # hours
        status, _, shown = self.interrupt(*many, shows=b"blocks are in")
        self.assertEqual(status, harness.INTERRUPTED, shown)
        done = harness.records_after_kill(self.journal)
        status, _, err, worked = self.run_to_end(*EVERYTHING)
        self.assertEqual((status, worked), (0, BLOCKS - min(done, BLOCKS)), err)


if __name__ == "__main__":
    harness.main()
