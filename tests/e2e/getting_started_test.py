#!/usr/bin/env python3
"""getting_started: what docs/getting_started.md shows of it is what it does."""

import unittest

import harness


class GettingStartedTest(harness.ProgramTest):
    def numbers(self, text):
        path = self.folder / "numbers.txt"
        path.write_text(text)
        return path

    def test_checks_lines_in_their_order(self):
        status, out, err = self.run_program(self.numbers("0\n1\n2\n9\n1000000000039\n"))
        self.assertEqual(status, 0, err)
        self.assertEqual(
            out.decode(), "0 is not\n1 is not\n2 is prime\n9 is not\n1000000000039 is prime\n"
        )

    def test_reads_numbers_txt_by_default(self):
        self.numbers("7\n")
        status, out, err = self.run_program(cwd=self.folder)
        self.assertEqual((status, out), (0, b"7 is prime\n"), err)

    def test_what_is_no_number_is_reported_by_line(self):
        status, out, err = self.run_program(self.numbers("7\nseven\n9\n"))
        self.assertEqual((status, out), (1, b"7 is prime\n9 is not\n"), err)
        self.assertIn("line 2: not a number\n", err)

    def test_ctrl_c_ends_it_with_a_summary(self):
        lines = self.numbers("".join(f"{10**12 + step}\n" for step in range(100_000)))
        status, _, shown = self.interrupt(lines, shows=b"checking")
        self.assertEqual(status, harness.INTERRUPTED, shown)
        self.assertIn("stopped before its end", shown)


if __name__ == "__main__":
    harness.main()
