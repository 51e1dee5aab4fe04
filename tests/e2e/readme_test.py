#!/usr/bin/env python3
"""readme: counts lines, in the order of the files, and reports what it cannot read."""

import os
import shutil
import unittest

import harness


class ReadmeTest(harness.ProgramTest):
    def test_counts_lines_in_the_order_of_the_files(self):
        (self.folder / "b").mkdir()
        for name, text in [("a", "1\n2\n"), ("b/c", ""), ("b/d", "1\n" * 5000), ("e", "no end")]:
            (self.folder / name).write_text(text)
        status, out, err = self.run_program(".", cwd=self.folder)
        self.assertEqual((status, out), (0, b"2 ./a\n0 ./b/c\n5000 ./b/d\n0 ./e\n"), err)
        self.assertIn("4 items", err)

    def run_unprivileged(self, *arguments):
        """Root reads every file, so as root it runs as somebody else, from a copy that everybody
        can reach."""
        if os.geteuid() != 0:
            return self.run_program(*arguments, cwd=self.folder)
        copy = shutil.copy(self.program, self.folder.parent / f"{self.folder.name}-program")
        self.addCleanup(os.remove, copy)
        return self.run_program(
            *arguments, cwd=self.folder, program=copy, user=65534, group=65534, extra_groups=[]
        )

    def test_an_unreadable_file_is_reported_and_the_rest_counted(self):
        (self.folder / "a").write_text("1\n")
        (self.folder / "b").write_text("1\n")
        (self.folder / "a").chmod(0)
        status, out, err = self.run_unprivileged(".")
        self.assertEqual((status, out), (1, b"1 ./b\n"), err)
        self.assertIn("./a cannot be opened\n", err)


if __name__ == "__main__":
    harness.main()
