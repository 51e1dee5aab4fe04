#!/usr/bin/env python3
"""find_text: it finds what Python finds, in the order of the files, and ends early if told so."""

import os

import harness


class FindTextTest(harness.ProgramTest):
    def write_files(self, count):
        for number in range(count):
            folder = self.folder / "tree" / f"{number // 10:02}"
            folder.mkdir(parents=True, exist_ok=True)
            lines = [f"line {line} of {number}" + "!" * (line % 3) for line in range(20)]
            (folder / f"{number:04}").write_text("\n".join(lines))
        return self.folder / "tree"

    def expected(self, tree, wanted):
        found = []
        for folder, _, names in sorted(os.walk(tree)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as text:
                    found += [
                        f"{path}: {line}" for line in text.read().split("\n") if wanted in line
                    ]
        return found

    def test_finds_in_order(self):
        tree = self.write_files(200)
        for workers in ["1", "2", "8"]:
            status, out, err = self.run_program("--workers", workers, "!!", tree)
            self.assertEqual(status, 0, err)
            self.assertEqual(out.decode().splitlines(), self.expected(tree, "!!"))

    def test_ends_behind_as_many_lines_as_are_wanted(self):
        tree = self.write_files(200)
        for most in [1, 5, 7]:
            status, out, err = self.run_program("--most", str(most), "!!", tree)
            self.assertEqual(status, 0, err)
            self.assertEqual(out.decode().splitlines(), self.expected(tree, "!!")[:most])

    def test_nothing_is_found(self):
        tree = self.write_files(3)
        status, out, err = self.run_program("absent", tree)
        self.assertEqual((status, out), (1, b""), err)

    def test_a_missing_folder_is_an_error(self):
        status, out, err = self.run_program("a", self.folder / "missing")
        self.assertEqual((status, out), (1, b""))
        self.assertIn("missing", err)

    def test_bad_usage_is_refused(self):
        for words in [["--most", "0", "a", "."], ["a"], ["--least", "a", "."]]:
            status, out, err = self.run_program(*words)
            self.assertEqual((status, out), (2, b""), err)


if __name__ == "__main__":
    harness.main()
