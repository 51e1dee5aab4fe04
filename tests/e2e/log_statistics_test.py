#!/usr/bin/env python3
"""log_statistics: it counts every line once, wherever blocks end."""

import collections
import unittest

import harness


def expected(statuses, sent, unreadable):
    counts = "".join(f"{status} {count}\n" for status, count in sorted(statuses.items()))
    return f"{counts}bytes {sent}\nunreadable {unreadable}\n".encode()


class LogStatisticsTest(harness.ProgramTest):
    def test_counts_every_line_once(self):
        draw = harness.seeded_random()
        statuses = collections.Counter()
        sent = 0
        lines = []
        for number in range(20_000):
            status, size = draw.choice([200, 200, 304, 404, 500]), draw.randrange(100_000)
            statuses[status] += 1
            sent += 0 if status == 304 else size
            shown = "-" if status == 304 else size
            path = "x" * draw.randrange(200)
            agent = draw.choice(["", ' "http://there/" "a browser"'])
            lines.append(f'192.0.2.{number % 256} - - [date] "GET /{path}" {status} {shown}{agent}')
        log = self.folder / "log"
        log.write_text("\n".join(lines))
        for workers, block in [(1, 1 << 20), (2, 1000), (8, 1), (4, 65536)]:
            status, out, err = self.run_program(
                "--workers", str(workers), "--block", str(block), log
            )
            self.assertEqual((status, out), (0, expected(statuses, sent, 0)), err)

    def test_lines_that_are_no_requests_are_counted_apart(self):
        log = self.folder / "log"
        log.write_text('\nno request\na "GET /" x 1\na "GET /" 200 5\na "GET /"\n')
        status, out, err = self.run_program(log)
        self.assertEqual((status, out), (0, expected({200: 1}, 5, 4)), err)

    def test_an_empty_log_has_nothing(self):
        log = self.folder / "log"
        log.write_text("")
        status, out, err = self.run_program(log)
        self.assertEqual((status, out), (0, expected({}, 0, 0)), err)

    def test_what_cannot_be_read_is_an_error(self):
        for path in [self.folder / "missing", self.folder]:
            status, out, err = self.run_program(path)
            self.assertEqual((status, out), (1, b""))
            self.assertIn(str(path), err)

    def test_bad_options_are_refused_by_name(self):
        self.assert_refused("--block", "0", "log", naming="--block")
        self.assert_refused(naming="FILE")

    def test_help(self):
        self.assert_help()


if __name__ == "__main__":
    harness.main()
