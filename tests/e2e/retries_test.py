#!/usr/bin/env python3
"""retries: every kind of failure arrives as its plan says."""

import re
import unittest

import harness


class RetriesTest(harness.ProgramTest):
    def outcomes(self, *arguments):
        status, out, err = self.run_program(*arguments)
        pages = re.findall(r"^(/\w+) +(\w+) after (\d+) attempts?: ", out.decode(), re.MULTILINE)
        self.assertEqual(len(pages), 7, out)
        return status, [(page, outcome, int(attempts)) for page, outcome, attempts in pages], err

    def test_pages_end_as_planned(self):
        status, pages, err = self.outcomes("--timeout", "1000")
        self.assertEqual(status, 1, err)
        self.assertEqual(
            pages,
            [
                ("/index", "success", 1),
                ("/flaky", "success", 3),
                ("/stuck", "timeout", 3),
                ("/slow", "success", 2),
                ("/broken", "exception", 3),
                ("/nowhere", "error", 1),
                ("/contact", "success", 1),
            ],
        )

    def test_without_retries_more_pages_fail(self):
        status, pages, err = self.outcomes("--attempts", "1", "--timeout", "500")
        self.assertEqual(status, 1, err)
        self.assertEqual(
            [outcome for _, outcome, _ in pages],
            ["success", "error", "timeout", "timeout", "exception", "error", "success"],
        )
        self.assertTrue(all(attempts == 1 for _, _, attempts in pages))

    def test_bad_options_are_refused_by_name(self):
        for option, value in [
            ("--attempts", "0"),
            ("--attempts", "x"),
            ("--timeout", "0"),
            ("--timeout", "60001"),
        ]:
            self.assert_refused(option, value, naming=option)
        self.assert_refused("--bogus", naming="--bogus")

    def test_help(self):
        self.assert_help()

    def test_interrupt_ends_an_attempt_that_waits(self):
        status, err, shown = self.interrupt("--timeout", "60000", shows=b"/flaky", stream="stdout")
        self.assertEqual(status, harness.INTERRUPTED, err)
        self.assertIn("/index    success after 1 attempt", shown)
        self.assertNotIn("/stuck    success", shown)
        self.assertIn("/contact", shown)


if __name__ == "__main__":
    harness.main()
