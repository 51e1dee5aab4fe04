#!/usr/bin/env python3
"""async_timer: every timer rings, and Ctrl-C ends those that wait."""

import unittest

import harness


class AsyncTimerTest(harness.ProgramTest):
    def test_every_timer_rings(self):
        for timers, queue in [(1000, 1000), (100, 7), (5, 1)]:
            status, out, err = self.run_program(
                "--timers", str(timers), "--queue", str(queue), "--delay", "1"
            )
            self.assertEqual(status, 0, err)
            self.assertIn(f"{timers} of {timers} timers rang", out.decode())

    def test_one_worker_keeps_all_timers_outstanding(self):
        status, out, err = self.run_program("--timers", "500", "--delay", "1000")
        self.assertEqual(status, 0, err)
        self.assertIn("up to 500 outstanding at once with one worker", out.decode())

    def test_no_timers(self):
        status, out, err = self.run_program("--timers", "0")
        self.assertEqual(status, 0, err)
        self.assertIn("0 of 0 timers rang", out.decode())

    def test_interrupt_ends_timers_that_wait(self):
        status, out, shown = self.interrupt("--delay", "1000000000", shows=b"timers")
        self.assertEqual(status, harness.INTERRUPTED, shown)
        self.assertIn("0 of 1000 timers rang", out.decode())

    def test_bad_options_are_refused_by_name(self):
        self.assert_refused("--timers", "x", naming="--timers")
        self.assert_refused("--delay", "-1", naming="--delay")
        self.assert_refused("--queue", "0", naming="--queue")
        self.assert_refused("--bogus", naming="--bogus")

    def test_help(self):
        self.assert_help()


if __name__ == "__main__":
    harness.main()
