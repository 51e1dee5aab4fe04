#!/usr/bin/env python3
"""word_count: it counts what Python counts."""

import collections
import random
import unittest

import harness


def expected(text, top):
    # Python splits bytes at the same white space.
    words = sorted(collections.Counter(text.split()).items(), key=lambda pair: (-pair[1], pair[0]))
    return b"".join(b"%9d %s\n" % (count, word) for word, count in words[:top])


class WordCountTest(harness.ProgramTest):
    def text(self, seed, words):
        generator = random.Random(seed)
        vocabulary = [
            bytes(generator.randrange(33, 256) for _ in range(generator.randrange(1, 12)))
            for _ in range(500)
        ]
        return b"".join(
            generator.choice(vocabulary) + generator.choice([b" ", b"\n", b"\t", b" \r\n", b"\v\f"])
            for _ in range(words)
        )

    def test_counts_files_of_many_chunks(self):
        texts = [self.text(seed, 60_000) for seed in range(2)]
        names = []
        for number, text in enumerate(texts):
            names.append(self.folder / str(number))
            names[-1].write_bytes(text)
        for workers in ["1", "2", "8"]:
            status, out, err = self.run_program("--workers", workers, "--top", "100", *names)
            self.assertEqual((status, out), (0, expected(b" ".join(texts), 100)), err)

    def test_counts_standard_input(self):
        path = self.folder / "text"
        path.write_bytes(b"b a c a b a")
        with open(path, "rb") as text:
            status, out, err = self.run_program(stdin=text)
        self.assertEqual((status, out), (0, b"        3 a\n        2 b\n        1 c\n"), err)

    def test_edges(self):
        for text in [
            b"",
            b"\n\n \t",
            b"word",
            b"x" * 300_000,
            b" " * 200_000 + b"end",
            b"a\0b a\0b",
        ]:
            path = self.folder / "text"
            path.write_bytes(text)
            status, out, err = self.run_program(path)
            self.assertEqual((status, out), (0, expected(text, 10)), err)

    def test_missing_file_is_an_error(self):
        status, out, err = self.run_program(self.folder / "missing")
        self.assertEqual((status, out), (1, b""))
        self.assertIn("missing", err)

    def test_a_directory_is_an_error(self):
        status, out, err = self.run_program(self.folder)
        self.assertEqual((status, out), (1, b""))
        self.assertIn("cannot read", err)

    def test_bad_options_are_refused_by_name(self):
        self.assert_refused("--top", "x", naming="--top")
        self.assert_refused("--workers", "4097", naming="--workers")
        self.assert_refused("--bogus", naming="--bogus")

    def test_full_disk_is_reported(self):
        path = self.folder / "text"
        path.write_bytes(b"word")
        with open("/dev/full", "wb") as full:
            status, _, err = self.run_program(path, stdout=full)
        self.assertEqual(status, 1)
        self.assertIn("cannot write to standard output", err)

    def test_help(self):
        self.assert_help()


if __name__ == "__main__":
    harness.main()
