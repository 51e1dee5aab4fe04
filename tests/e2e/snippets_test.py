#!/usr/bin/env python3
"""The programs behind the snippets of docs/: each checks what the page says of it."""

import unittest

import harness


class SnippetsTest(harness.ProgramTest):
    def test_every_snippet_does_what_its_page_says(self):
        status, _, err = self.run_program()
        self.assertEqual((status, err), (0, ""))


if __name__ == "__main__":
    harness.main()
