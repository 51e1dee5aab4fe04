#!/usr/bin/env python3
"""image_pipeline: sizes and colours are right, memory is bounded, a broken file fails alone."""

import os
import re
import struct
import unittest
import zlib

import harness

GREY, RGB, RGBA = 0, 2, 6
CHANNELS = {GREY: 1, RGB: 3, RGBA: 4}
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, pixels, colour=RGB):
    """A PNG file of 8 bits a sample, `pixels` row by row."""
    stride = width * CHANNELS[colour]
    rows = b"".join(b"\0" + pixels[at : at + stride] for at in range(0, stride * height, stride))
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return (
        SIGNATURE
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def predicted(kind, left, above, corner):
    """What a row's filter adds to a byte."""
    if kind == 4:
        guess = left + above - corner
        return min((left, above, corner), key=lambda one: abs(guess - one))
    return (0, left, above, (left + above) // 2)[kind]


def parse(data):
    """Width, height and pixels of a PNG file of 8 bits a sample, not interlaced."""
    assert data.startswith(SIGNATURE)
    at, packed = len(SIGNATURE), b""
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            assert (bits, interlaced) == (8, 0)
        packed += body if kind == b"IDAT" else b""
        at += 12 + size
    step, raw, pixels = CHANNELS[colour], zlib.decompress(packed), bytearray()
    stride = width * step
    above = bytes(stride)
    for start in range(0, len(raw), stride + 1):
        row = bytearray(raw[start + 1 : start + 1 + stride])
        for x in range(stride):
            left, corner = (row[x - step], above[x - step]) if x >= step else (0, 0)
            row[x] = (row[x] + predicted(raw[start], left, above[x], corner)) % 256
        pixels += row
        above = row
    return width, height, bytes(pixels)


class ImagePipelineTest(harness.ProgramTest):
    def setUp(self):
        super().setUp()
        (self.folder / "out").mkdir()

    def write(self, name, data):
        (self.folder / name).write_bytes(data)
        return name

    def plain(self, name, width, height):
        return self.write(name, png(width, height, bytes(width * height * 3)))

    def made(self):
        return {path.name: parse(path.read_bytes()) for path in (self.folder / "out").iterdir()}

    def peak(self, out):
        return int(re.search(rb"(\d+) bytes decoded at once\n", out)[1])

    def test_pixels_are_means(self):
        left, right = bytes([10, 20, 40]), bytes([30, 60, 80])
        self.write("half.png", png(4, 2, (left * 2 + right * 2) * 2))
        self.write("grey.png", png(2, 2, bytes([0, 255, 255, 0]), GREY))
        self.write("clear.png", png(1, 1, bytes([0, 0, 0, 0]), RGBA))
        for size, name, expected in [
            ("2", "half.png", (2, 1, left + right)),
            ("1", "grey.png", (1, 1, bytes([127]))),
            ("1", "clear.png", (1, 1, bytes([255, 255, 255]))),
        ]:
            status, _, err = self.run_program("--size", size, "out", name, cwd=self.folder)
            self.assertEqual(status, 0, err)
            self.assertEqual(self.made()[name], expected)

    def test_longer_side_is_the_one_asked_for(self):
        sizes = {"wide": (400, 100), "tall": (30, 300), "line": (1000, 1), "tiny": (3, 2)}
        names = [self.plain(f"{name}.png", *size) for name, size in sizes.items()]
        for workers in ["1", "2", "8"]:
            status, out, err = self.run_program(
                "--size", "64", "--workers", workers, "out", *names, cwd=self.folder
            )
            self.assertEqual(status, 0, err)
            self.assertTrue(out.startswith(b"4 pictures, 0 failed, "), out)
            self.assertEqual(
                {name: size[:2] for name, size in self.made().items()},
                {
                    "wide.png": (64, 16),
                    "tall.png": (6, 64),
                    "line.png": (64, 1),
                    "tiny.png": (3, 2),
                },
            )

    def test_memory_bounds_what_is_decoded_at_once(self):
        names = [self.plain(f"{number}.png", 300, 200) for number in range(40)]
        options = ["--memory", "1", "--workers", "8", "--writers", "1", "--size", "8"]
        status, out, err = self.run_program(*options, "out", *names, cwd=self.folder)
        self.assertEqual(status, 0, err)
        self.assertLessEqual(self.peak(out), 1 << 20)
        self.assertEqual(len(self.made()), 40)
        larger = self.plain("larger.png", 800, 600)
        status, out, err = self.run_program(*options, "out", *names, larger, cwd=self.folder)
        self.assertEqual((status, self.peak(out)), (0, 3 * 800 * 600), err)

    def test_broken_files_fail_alone(self):
        good = self.plain("good.png", 2, 1)
        whole = png(64, 64, os.urandom(64 * 64 * 3))
        header = struct.pack(">IIBBBBB", 900_000, 900_000, 8, RGB, 0, 0, 0)
        broken = [
            self.write("empty.png", b""),
            self.write("text.png", b"hello, I am no picture"),
            self.write("short.png", whole[:6000]),
            self.write("changed.png", whole[:6000] + b"?" + whole[6001:]),
            self.write("huge.png", SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", b"")),
            "missing.png",
        ]
        status, out, err = self.run_program("out", *broken, good, cwd=self.folder)
        self.assertEqual(status, 1, err)
        self.assertTrue(out.startswith(b"1 pictures, 6 failed, "), out)
        self.assertEqual(self.made(), {"good.png": (2, 1, bytes(6))})
        for name in broken:
            self.assertIn(f"image_pipeline: {name}: cannot decode: ", err)
        self.assertIn("missing.png: cannot decode: No such file or directory", err)
        self.assertIn("huge.png: cannot decode: is larger than 1 GiB when decoded", err)

    def test_a_small_picture_that_cannot_be_written_is_a_failure(self):
        (self.folder / "out/taken.png").mkdir()
        taken, good = self.plain("taken.png", 2, 1), self.plain("good.png", 2, 1)
        status, _, err = self.run_program("out", taken, good, cwd=self.folder)
        self.assertEqual(status, 1, err)
        self.assertIn("taken.png: cannot encode: out/taken.png: Is a directory", err)
        self.assertTrue((self.folder / "out/good.png").is_file())

    def test_bad_usage_is_refused_by_name(self):
        self.plain("out/own.png", 1, 1)
        self.assert_refused(naming="no folder given")
        self.assert_refused("missing", "a.png", naming="missing: no directory", cwd=self.folder)
        self.assert_refused("out", naming="no picture given", cwd=self.folder)
        self.assert_refused("--size", "0", "out", "a.png", naming="--size", cwd=self.folder)
        self.assert_refused("--memory", "0", "out", "a.png", naming="--memory", cwd=self.folder)
        self.assert_refused("--writers", "x", "out", "a.png", naming="--writers", cwd=self.folder)
        self.assert_refused("--bogus", "out", "a.png", naming="--bogus", cwd=self.folder)
        for pictures, naming in [
            (["a/x.png", "b/x.png"], "b/x.png: another picture has the same name"),
            (["out/own.png"], "out/own.png: is in out, where it would be overwritten"),
        ]:
            self.assert_refused("out", *pictures, naming=naming, cwd=self.folder)

    def test_help(self):
        self.assert_help()

    def test_interrupt_ends_it_with_the_summary(self):
        self.write("picture.png", png(640, 480, os.urandom(640 * 480 * 3)))
        names = [f"link-{number}.png" for number in range(2000)]
        for name in names:
            os.link(self.folder / "picture.png", self.folder / name)
        status, out, shown = self.interrupt(
            "--size", "1", "out", *names, shows=b"pictures", cwd=self.folder
        )
        self.assertEqual(status, harness.INTERRUPTED, shown)
        self.assertRegex(out, rb"\A\d+ pictures, 0 failed, \d+ bytes decoded at once\n\Z")
        for width, height, _ in self.made().values():
            self.assertEqual((width, height), (1, 1))


if __name__ == "__main__":
    harness.main()
