#!/usr/bin/env python3
"""md5_brute_force and classic_md5: both find the string, say when there is none, and can be
interrupted."""

import hashlib
import re
import unittest
from pathlib import Path

import harness


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


class Md5SearchTest(harness.ProgramTest):
    def search(self, *arguments):
        status, out, err = self.run_program(*arguments)
        return status, out.decode(), err

    def test_finds_first_last_and_middle(self):
        for text in ["a", "9", "aa", "99", "aZ9", "q7X"]:
            with self.subTest(text=text):
                status, out, err = self.search("--hash", md5(text), "--length", str(len(text)))
                self.assertEqual(status, 0, err)
                self.assertTrue(out.endswith(f"\nfound {text}\n"), out)

    def test_hash_may_be_in_capitals(self):
        status, out, _ = self.search("--hash", md5("ab").upper(), "--length", "2")
        self.assertEqual((status, out.splitlines()[-1]), (0, "found ab"))

    def test_a_random_string_is_found(self):
        status, out, err = self.search("--length", "2")
        self.assertEqual(status, 0, err)
        wanted = re.search(r"with MD5 ([0-9a-f]{32})\n", out).group(1)
        found = re.search(r"\nfound (..)\n$", out).group(1)
        self.assertEqual(md5(found), wanted)

    def test_says_when_no_string_has_the_hash(self):
        for workers in ["1", "2", "8"]:
            status, out, err = self.search(
                "--hash", md5("abc"), "--length", "2", "--workers", workers
            )
            self.assertEqual(status, 1)
            self.assertIn("tried 3844 of 3844 strings", out)
            self.assertIn("no such string", err)

    def test_stops_when_found(self):
        status, out, _ = self.search("--hash", md5("aaaaaaaaaa"), "--length", "10")
        self.assertEqual((status, out.splitlines()[-1]), (0, "found aaaaaaaaaa"))

    def test_bad_options_are_refused_by_name(self):
        for option, value in [
            ("--hash", "xyz"),
            ("--hash", "0" * 31),
            ("--hash", "g" * 32),
            ("--hash", ""),
            ("--length", "0"),
            ("--length", "11"),
            ("--length", "x"),
            ("--workers", "4097"),
        ]:
            with self.subTest(option=option, value=value):
                self.assert_refused(option, value, naming=option)
        self.assert_refused("--hash", naming="--hash needs a value")
        self.assert_refused("--bogus", naming="--bogus")
        self.assert_refused("operand", naming="operand")

    def test_help(self):
        self.assert_help()

    def test_interrupt_ends_it_with_the_summary(self):
        status, err, shown = self.interrupt(
            "--hash", "0" * 32, "--length", "10", shows=b"looking for", stream="stdout"
        )
        self.assertEqual(status, harness.INTERRUPTED, err)
        self.assertRegex(shown, r"tried \d+ of 839299365868340224 strings")
        self.assertNotIn(b"no such string", err)

    def test_all_goes_through_every_combination(self):
        if Path(self.program).name != "md5_brute_force":
            self.assert_refused("--all", naming="--all")
            return
        status, out, _ = self.search("--all", "--hash", md5("aa"), "--length", "2")
        self.assertEqual(status, 0)
        self.assertIn("tried 3844 of 3844 strings", out)
        self.assertTrue(out.endswith("\nfound aa\n"), out)


if __name__ == "__main__":
    harness.main()
