#!/usr/bin/env python3
"""tree_walk: it counts what is there, whatever the tree's shape."""

import unittest

import harness


class TreeWalkTest(harness.ProgramTest):
    def fill(self, folder, files):
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(files):
            (folder / f"file-{number}").write_bytes(b"x" * number)

    def test_counts_wide_and_deep_trees(self):
        for number in range(200):
            self.fill(self.folder / "wide" / str(number), 3)
        deep = self.folder / "deep"
        for _ in range(200):
            deep /= "d"
        self.fill(deep, 5)
        self.fill(self.folder / "empty", 0)
        for workers in ["1", "2", "8", "64"]:
            status, out, err = self.run_program("--workers", workers, self.folder)
            self.assertEqual(out.decode(), "605 files, 404 directories, 610 bytes\n", err)
            self.assertEqual(status, 0)

    def test_links_are_not_followed(self):
        self.fill(self.folder / "real", 2)
        (self.folder / "loop").symlink_to(self.folder)
        (self.folder / "file").symlink_to("real/file-1")
        status, out, err = self.run_program(self.folder)
        self.assertEqual((status, out), (0, b"2 files, 2 directories, 1 bytes\n"), err)

    def test_directories_given_are_added_up(self):
        self.fill(self.folder / "one", 1)
        self.fill(self.folder / "two", 3)
        _, out, err = self.run_program("one", "two", cwd=self.folder)
        self.assertEqual(out, b"4 files, 2 directories, 3 bytes\n", err)

    def test_bad_usage_is_refused_by_name(self):
        self.fill(self.folder, 1)
        self.assert_refused("missing", naming="missing: No such file or directory", cwd=self.folder)
        self.assert_refused("file-0", naming="file-0: Not a directory", cwd=self.folder)
        self.assert_refused("--workers", "x", ".", naming="--workers", cwd=self.folder)
        self.assert_refused("--bogus", ".", naming="--bogus", cwd=self.folder)
        self.assert_refused(naming="no directory given")

    def test_help(self):
        self.assert_help()


if __name__ == "__main__":
    harness.main()
