#!/usr/bin/env python3
"""cancel: counts right, and after Ctrl-C what it says it reached is true."""

import re
import unittest

import harness


def primes_below(end):
    sieve = bytearray([1]) * end
    sieve[:2] = bytes(min(2, end))
    for number in range(2, int(end**0.5) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, end, number)))
    return sum(sieve)


class CancelTest(harness.ProgramTest):
    def test_counts_to_the_end(self):
        for below in [2, 3, 100, 65537, 65538, 65539, 1_000_000]:
            for workers in ["1", "8"]:
                status, out, err = self.run_program("--below", str(below), "--workers", workers)
                self.assertEqual(out.decode(), f"{primes_below(below)} primes below {below}\n", err)
                self.assertEqual(status, 0)

    def test_interrupt_ends_it_with_what_was_reached(self):
        status, out, shown = self.interrupt(shows=b"primes")
        self.assertEqual(status, harness.INTERRUPTED, shown)
        primes, reached = map(int, re.fullmatch(rb"(\d+) primes below (\d+)\n", out).groups())
        again = self.run_program("--below", str(reached))[1]
        self.assertEqual(again.decode(), f"{primes} primes below {reached}\n")

    def test_bad_options_are_refused_by_name(self):
        self.assert_refused("--below", "1", naming="--below")
        self.assert_refused("--below", "x", naming="--below")
        self.assert_refused("--workers", "-3", naming="--workers")
        self.assert_refused("--bogus", naming="--bogus")

    def test_help(self):
        self.assert_help()


if __name__ == "__main__":
    harness.main()
