#!/usr/bin/env python3
"""standardise: it scales what Python's statistics scale."""

import statistics
import unittest

import harness


def scaled(column):
    mean = statistics.fmean(column)
    deviation = statistics.pstdev(column, mean)
    return [(number - mean) / deviation if deviation > 0 else 0.0 for number in column]


class StandardiseTest(harness.ProgramTest):
    def table(self, rows):
        path = self.folder / "table"
        path.write_text("".join(" ".join(map(str, row)) + "\n" for row in rows))
        return path

    def test_scales_each_column(self):
        draw = harness.seeded_random()
        rows = [[draw.randrange(-1000, 1000) for _ in range(40)] for _ in range(50)]
        wanted = list(zip(*[scaled(column) for column in zip(*rows)]))
        for workers in ["1", "2", "8"]:
            status, out, err = self.run_program("--workers", workers, self.table(rows))
            self.assertEqual(status, 0, err)
            found = [[float(word) for word in line.split()] for line in out.splitlines()]
            self.assertEqual(len(found), len(wanted))
            for found_row, wanted_row in zip(found, wanted):
                for one, other in zip(found_row, wanted_row):
                    self.assertAlmostEqual(one, other, places=5)

    def test_equal_numbers_become_zero(self):
        status, out, err = self.run_program(self.table([[7, 1], [7, 3]]))
        self.assertEqual((status, out), (0, b"0.000000 -1.000000\n0.000000 1.000000\n"), err)

    def test_an_empty_table_stays_empty(self):
        status, out, err = self.run_program(self.table([]))
        self.assertEqual((status, out), (0, b""), err)

    def test_what_is_no_table_is_an_error(self):
        for rows, message in [([["x"]], "line 1: no number: x"), ([[1], [1, 2]], "line 2: not as")]:
            status, out, err = self.run_program(self.table(rows))
            self.assertEqual((status, out), (1, b""))
            self.assertIn(message, err)
        status, out, err = self.run_program(self.folder / "missing")
        self.assertEqual((status, out), (1, b""))
        self.assertIn("cannot read", err)

    def test_bad_options_are_refused_by_name(self):
        self.assert_refused("--workers", "4097", naming="--workers")
        self.assert_refused("--bogus", naming="--bogus")

    def test_help(self):
        self.assert_help()


if __name__ == "__main__":
    harness.main()
