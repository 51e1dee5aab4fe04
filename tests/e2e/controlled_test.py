#!/usr/bin/env python3
"""controlled: pauses and resumes on a signal, follows its file, and counts right all the same."""

import os
import re
import signal
import subprocess
import time
import unittest
from pathlib import Path

import harness


class ControlledTest(harness.ProgramTest):
    def test_counts_to_the_end(self):
        status, out, err = self.run_program("--below", "100000")
        self.assertEqual((status, out), (0, b"9592 primes below 100000\n"), err)

    def wait_for(self, process, line):
        """Blocks until the program has written it."""
        for shown in process.stderr:
            if shown == line:
                return
        self.fail(f"ended before {line}")

    @staticmethod
    def wait_until_it_counts(process):
        """Blocks until its threads have used more of the processors than a start does: what is
        paused before the run has begun is no time of the run."""
        ticks = 0
        while ticks < os.sysconf("SC_CLK_TCK") // 5:
            stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
            ticks = sum(int(field) for field in stat.rpartition(")")[2].split()[11:13])
            time.sleep(0.01)

    def test_a_signal_pauses_and_resumes_it(self):
        process = self.start("--below", "4000000", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with process:
            self.wait_for(process, b"started\n")
            self.wait_until_it_counts(process)
            process.send_signal(signal.SIGUSR1)
            self.wait_for(process, b"paused\n")
            process.send_signal(signal.SIGUSR1)
            self.wait_for(process, b"resumed\n")
            out, err = process.communicate(timeout=harness.LIMIT)
        self.assertEqual((process.returncode, out), (0, b"283146 primes below 4000000\n"), err)
        self.assertIn(b"the run was paused for", err)

    def test_an_interrupt_ends_it_while_it_is_paused(self):
        process = self.start(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with process:
            self.wait_for(process, b"started\n")
            process.send_signal(signal.SIGUSR1)
            self.wait_for(process, b"paused\n")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=harness.LIMIT)
        self.assertEqual((process.returncode, out), (harness.INTERRUPTED, b""), err)

    def test_a_file_says_how_many_workers(self):
        workers = self.folder / "workers"
        workers.write_text("64\n", encoding="utf-8")
        process = self.start(
            "--workers-file", workers, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        with process:
            self.wait_for(process, b"started\n")
            for line in (b"paused\n", b"resumed\n"):
                process.send_signal(signal.SIGUSR1)
                self.wait_for(process, line)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=harness.LIMIT)
        highest = re.search(rb"on (\d+) workers", err)
        self.assertGreaterEqual(int(highest[1]), 64, err)

    def test_bad_options_are_refused_by_name(self):
        self.assert_refused("--below", "1", naming="--below")
        self.assert_refused("--bogus", naming="--bogus")

    def test_help(self):
        self.assert_help()


if __name__ == "__main__":
    harness.main()
