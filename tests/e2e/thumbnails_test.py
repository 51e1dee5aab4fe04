#!/usr/bin/env python3
"""thumbnails: sizes and colours are right, and a broken picture harms only itself."""

import re
import unittest

import harness


def ppm(width, height, pixels, header=b"P6\n%d %d\n255\n"):
    return header % (width, height) + pixels


def parse(data):
    width, height, pixels = re.fullmatch(rb"P6\n(\d+) (\d+)\n255\n(.*)", data, re.DOTALL).groups()
    return int(width), int(height), pixels


class ThumbnailsTest(harness.ProgramTest):
    def setUp(self):
        super().setUp()
        (self.folder / "out").mkdir()

    def write(self, name, data):
        (self.folder / name).write_bytes(data)
        return name

    def made(self):
        return {
            path.name.removesuffix(".thumb.ppm"): parse(path.read_bytes())
            for path in (self.folder / "out").iterdir()
        }

    def test_pixels_are_means(self):
        left, right = bytes([10, 20, 40]), bytes([30, 60, 80])
        self.write("half.ppm", ppm(4, 2, (left * 2 + right * 2) * 2))
        self.write(
            "mixed.ppm",
            ppm(2, 2, left + right + right + left, b"P6 # comment\n%d %d # more\n255\n"),
        )
        status, _, err = self.run_program(
            "--size", "2", "out", "half.ppm", "mixed.ppm", cwd=self.folder
        )
        self.assertEqual(status, 0, err)
        self.assertEqual(self.made()["half"], (2, 1, left + right))
        self.assertEqual(self.made()["mixed"], (2, 2, left + right + right + left))
        status, _, err = self.run_program("--size", "1", "out", "mixed.ppm", cwd=self.folder)
        self.assertEqual(self.made()["mixed"], (1, 1, bytes([20, 40, 60])), err)

    def test_longer_side_is_the_one_asked_for(self):
        for name, width, height, expected in [
            ("wide", 400, 100, (64, 16)),
            ("tall", 30, 300, (6, 64)),
            ("line", 1000, 1, (64, 1)),
            ("tiny", 3, 2, (3, 2)),
        ]:
            self.write(name + ".ppm", ppm(width, height, bytes(width * height * 3)))
            status, _, err = self.run_program("out", name + ".ppm", cwd=self.folder)
            self.assertEqual(status, 0, err)
            self.assertEqual(self.made()[name][:2], expected)

    def test_test_pictures_are_made_without_any_given(self):
        for workers in ["1", "8"]:
            status, _, err = self.run_program("--workers", workers, "out", cwd=self.folder)
            self.assertEqual(status, 0, err)
            self.assertEqual(set(self.made()), {f"test-{number}" for number in range(32)})

    def test_broken_pictures_fail_alone(self):
        good = self.write("good.ppm", ppm(1, 1, b"abc"))
        broken = [
            self.write("short.ppm", ppm(2, 2, b"abc")),
            self.write("empty.ppm", b""),
            self.write("text.ppm", b"hello"),
            self.write("huge.ppm", b"P6 99999999 99999999 255\n"),
            self.write("deep.ppm", b"P6 1 1 65535\nabcdef"),
            self.write("zero.ppm", b"P6 0 1 255\n"),
            "missing.ppm",
        ]
        status, _, err = self.run_program("out", *broken, good, cwd=self.folder)
        self.assertEqual(status, 1, err)
        self.assertEqual(self.made(), {"good": (1, 1, b"abc")})
        for name in broken:
            self.assertIn(f"thumbnails: {name.removesuffix('.ppm')}: ", err)

    def test_bad_usage_is_refused_by_name(self):
        self.assert_refused(naming="no folder given")
        self.assert_refused("missing", naming="missing", cwd=self.folder)
        self.assert_refused("--size", "0", "out", naming="--size", cwd=self.folder)
        self.assert_refused("--generate", "x", "out", naming="--generate", cwd=self.folder)
        self.assert_refused("--bogus", "out", naming="--bogus", cwd=self.folder)
        self.assert_refused(
            "out",
            "a/x.ppm",
            "b/x.ppm",
            naming="b/x.ppm: another picture has the same name",
            cwd=self.folder,
        )

    def test_help(self):
        self.assert_help()

    def test_interrupt_ends_it_with_the_summary(self):
        status, _, shown = self.interrupt(
            "--generate", "10000", "--size", "1", "out", shows=b"thumbnails", cwd=self.folder
        )
        self.assertEqual(status, harness.INTERRUPTED, shown)
        for _, _, pixels in self.made().values():
            self.assertEqual(len(pixels), 3)


if __name__ == "__main__":
    harness.main()
