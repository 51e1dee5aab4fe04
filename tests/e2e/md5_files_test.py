#!/usr/bin/env python3
"""md5_files: its output is md5sum's, and it fails as it says."""

import hashlib
import os
import subprocess
import unittest

import harness

HOSTILE_NAMES = [
    b"plain",
    b"two words",
    b" leading",
    b"trailing ",
    b"-n",
    b"--help",
    b"new\nline",
    b"carriage\rreturn",
    b"end\r",
    b"back\\slash",
    b"\\",
    b"\\n",
    b"tab\t",
    b"quote'\"",
    b"*",
    b"$(id)",
    b"\xff\xfe invalid",
    b"gr\xc3\xbc\xc3\x9fe",
    b"\x01\x1b[31m",
    b"  two spaces inside  ",
    b"#",
    b"long" * 60,
]


class Md5FilesTest(harness.ProgramTest):
    def make(self, files, below="tree"):
        """Makes files from {name: contents}, names as bytes. Returns the folder they are in."""
        root = self.folder / below
        for name, contents in files.items():
            path = os.path.join(os.fsencode(root), name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(contents)
        root.mkdir(exist_ok=True)
        return root

    def md5sum(self, *arguments, **options):
        return subprocess.run(
            ["md5sum", *arguments],
            cwd=self.folder,
            check=False,
            capture_output=True,
            timeout=harness.LIMIT,
            **options,
        )

    def assert_accepted(self, out):
        """By md5sum -c, in the folder of this test."""
        checked = self.md5sum("--check", "--strict", "-", input=out)
        self.assertEqual(checked.returncode, 0, checked)

    def test_hostile_names_come_out_as_md5sum_prints_them(self):
        files = {name: b"contents of " + name for name in HOSTILE_NAMES}
        files |= {
            b"sub/" + name + b"/deep/" + name: name for name in HOSTILE_NAMES if name != b"\\"
        }
        self.make(files)
        status, out, err = self.run_program("tree", cwd=self.folder)
        self.assertEqual(status, 0, err)
        self.assert_accepted(out)
        expected = self.md5sum("--", *[b"tree/" + name for name in files]).stdout
        self.assertEqual(sorted(out.splitlines(True)), sorted(expected.splitlines(True)))

    def test_operands_may_begin_with_dashes(self):
        self.make({b"file": b"contents"}, below="--all")
        status, out, err = self.run_program("--", "--all", cwd=self.folder)
        self.assertEqual(
            (status, out),
            (0, hashlib.md5(b"contents").hexdigest().encode() + b"  --all/file\n"),
            err,
        )

    def test_contents_of_all_sizes_are_hashed(self):
        block = 256 * 1024
        sizes = [0, 1, 63, 64, 65, block - 1, block, block + 1, 3 * block + 17]
        files = {str(size).encode(): bytes(size % 251 for _ in range(size)) for size in sizes}
        self.make(files)
        status, out, err = self.run_program("tree", cwd=self.folder)
        self.assertEqual(status, 0, err)
        expected = {
            name: hashlib.md5(contents).hexdigest().encode() for name, contents in files.items()
        }
        self.assertEqual(
            {line.split(b"  tree/")[1]: line.split()[0] for line in out.splitlines()}, expected
        )

    def test_order_is_the_same_with_any_number_of_workers(self):
        self.make(
            {
                b"%d/%d" % (number % 7, number): b"x" * (number * 997 % 100_000)
                for number in range(300)
            }
        )
        outputs = {
            self.run_program(
                "--workers", str(workers), "--queue", str(queue), "tree", cwd=self.folder
            )[1]
            for workers, queue in [(1, 1), (2, 7), (8, 0), (64, 400)]
        }
        self.assertEqual(len(outputs), 1)
        self.assertEqual(outputs.pop().count(b"\n"), 300)

    def test_directories_are_hashed_one_after_the_other(self):
        for name in ["first", "second"]:
            self.make({b"%d" % number: name.encode() for number in range(20)}, below=name)
        status, out, err = self.run_program("second", "first", "second", cwd=self.folder)
        self.assertEqual(status, 0, err)
        folders = [line.split(b"  ")[1].split(b"/")[0] for line in out.splitlines()]
        self.assertEqual(folders, [b"second"] * 20 + [b"first"] * 20 + [b"second"] * 20)

    def test_only_regular_files_are_hashed(self):
        root = self.make({b"file": b""})
        (root / "link").symlink_to("file")
        (root / "loop").symlink_to(".")
        os.mkfifo(root / "fifo")
        status, out, err = self.run_program("tree", cwd=self.folder)
        self.assertEqual((status, out), (0, b"d41d8cd98f00b204e9800998ecf8427e  tree/file\n"), err)

    def test_empty_directory_gives_no_output(self):
        self.make({})
        status, out, err = self.run_program("tree", cwd=self.folder)
        self.assertEqual((status, out), (0, b""), err)

    def test_unreadable_files_are_reported_and_the_rest_is_hashed(self):
        root = self.make({b"%d" % number: b"" for number in range(10)})
        (root / "3").chmod(0)
        (root / "7").chmod(0)
        status, out, err = self.run_unprivileged("tree")
        self.assertEqual(status, 1, err)
        self.assertIn("md5_files: tree/3: Permission denied\n", err)
        self.assertIn("md5_files: tree/7: Permission denied\n", err)
        self.assertIn("unreadable files: 2, unreadable directories: 0", err)
        self.assertEqual(out.count(b"\n"), 8)
        self.assert_accepted(out)

    def test_unreadable_directories_are_reported_and_the_rest_is_hashed(self):
        root = self.make({b"%d/file" % number: b"" for number in range(10)})
        (root / "3").chmod(0)
        self.addCleanup((root / "3").chmod, 0o755)
        status, out, err = self.run_unprivileged("tree")
        self.assertEqual(status, 1, err)
        self.assertIn("md5_files: tree/3: Permission denied\n", err)
        self.assertIn("unreadable files: 0, unreadable directories: 1", err)
        self.assertEqual(out.count(b"\n"), 9)

    def test_missing_directories_are_refused_before_anything_is_hashed(self):
        self.make({b"file": b""})
        self.assert_refused(
            "tree", "missing", naming="missing: No such file or directory", cwd=self.folder
        )
        self.assert_refused(
            "tree", "tree/file", naming="tree/file: Not a directory", cwd=self.folder
        )
        self.assert_refused("", naming="No such file or directory", cwd=self.folder)

    def test_every_missing_directory_is_named(self):
        _, _, err = self.run_program("missing", "lost", cwd=self.folder)
        self.assertIn("md5_files: missing: ", err)
        self.assertIn("md5_files: lost: ", err)

    def test_bad_options_are_refused_by_name(self):
        self.make({b"file": b""})
        for option, *value in [
            ["--workers", "x"],
            ["--workers", "-1"],
            ["--workers", "4097"],
            ["--workers", ""],
            ["--workers", "2x"],
            ["--workers"],
            ["--queue", "1.5"],
            ["--queue", "2000000000000"],
            ["--bogus"],
            ["-w"],
        ]:
            with self.subTest(option=option, value=value):
                self.assert_refused("tree", option, *value, naming=option, cwd=self.folder)
        self.assert_refused(naming="no directory given")

    def test_options_may_stand_anywhere(self):
        self.make({b"file": b""})
        for words in [
            ["--workers", "2", "tree"],
            ["tree", "--workers=2"],
            ["--queue=3", "tree", "--workers", "1"],
        ]:
            status, out, err = self.run_program(*words, cwd=self.folder)
            self.assertEqual((status, out.count(b"\n")), (0, 1), err)

    def test_help(self):
        self.assert_help()

    def test_full_disk_is_reported(self):
        self.make({b"%d" % number: b"" for number in range(10)})
        with open("/dev/full", "wb") as full:
            status, _, err = self.run_program("tree", cwd=self.folder, stdout=full)
        self.assertEqual(status, 1)
        self.assertIn("cannot write to standard output: No space left on device", err)

    def test_closed_pipe_is_reported(self):
        self.make({b"%d" % number: b"" for number in range(2000)})
        reader, writer = os.pipe()
        os.close(reader)
        try:
            status, _, err = self.run_program("tree", cwd=self.folder, stdout=writer)
        finally:
            os.close(writer)
        self.assertEqual(status, 1, err)
        self.assertIn("cannot write to standard output: Broken pipe", err)

    def test_summary_says_what_was_done(self):
        self.make({b"%d" % number: b"" for number in range(10)})
        _, _, err = self.run_program("tree", cwd=self.folder)
        self.assertRegex(err, r"\b10\b")

    def show(self, *arguments):
        terminal = harness.Terminal()
        process = self.start(
            *arguments, cwd=self.folder, stdout=subprocess.PIPE, stderr=terminal.end
        )
        terminal.started()
        with process:
            shown = terminal.read_all()
            out = process.stdout.read()
            return process.wait(timeout=harness.LIMIT), out, shown.decode(errors="replace")

    def test_progress_is_shown_on_a_terminal_alone(self):
        self.make({b"%d" % number: b"" for number in range(10)})
        status, out, shown = self.show("tree")
        self.assertEqual((status, out.count(b"\n")), (0, 10), shown)
        self.assertRegex(shown, r"\rmd5_files\b.*\b10\b")
        _, _, err = self.run_program("tree", cwd=self.folder)
        self.assertNotRegex(err, "[\r\x1b]")

    def test_interrupt_ends_it_in_the_middle_of_a_file(self):
        root = self.make({b"a": b""})
        for name in ["b", "c", "d", "e"]:
            with open(root / name, "wb") as endless:
                endless.truncate(1 << 40)  # no disk space, and hours of hashing
        status, out, shown = self.interrupt(
            "--workers", "2", "tree", shows=b"md5_files", cwd=self.folder
        )
        self.assertEqual(status, harness.INTERRUPTED, shown)
        self.assertIn(out, [b"", b"d41d8cd98f00b204e9800998ecf8427e  tree/a\n"])
        self.assertNotIn("md5_files: tree/", shown)  # what was given up is no unreadable file


if __name__ == "__main__":
    harness.main()
