#!/usr/bin/env python3
"""tools/demo.sh: it shows what it promises, believes md5sum alone, and leaves nothing behind.

Usage: demo_test.py DEMO_SH MD5_FILES PARWORK REPORT
  REPORT  1 where the build has the report, else 0
"""

import os
import re
import shutil
import sys
import unittest

import harness

MD5_FILES = None
PARWORK = None
REPORT = None


class DemoTest(harness.ProgramTest):
    def setUp(self):
        super().setUp()
        self.tree = self.folder / "tree"
        (self.folder / "tmp").mkdir(mode=0o777)
        (self.folder / "tmp").chmod(0o777)
        self.tree.mkdir()
        for name in ["one", "two words", "new\nline", "-dash"]:
            (self.tree / name).write_text(name)

    def demo(self, *arguments, program=None, tool=None, **options):
        environment = harness.environment(TMPDIR=str(self.folder / "tmp"))
        report = "report.html" if REPORT and program is None else ""
        result = self.run_program(
            program or MD5_FILES,
            tool or PARWORK,
            report,
            *arguments,
            cwd=self.folder,
            env=environment,
            **options,
        )
        self.assertEqual(list((self.folder / "tmp").iterdir()), [])
        return result

    def test_checks_and_compares(self):
        status, out, err = self.demo("tree")
        self.assertEqual(status, 0, err)
        text = out.decode()
        self.assertIn("md5sum agrees on all 4 files.", text)
        if REPORT:
            self.assertEqual(text.splitlines()[-1], str(self.folder.resolve() / "report.html"))
            self.assertIn("bound", (self.folder / "report.html").read_text(encoding="utf-8"))
        rows = [line for line in text.splitlines() if line.startswith(("md5_files ", "find "))]
        self.assertEqual(len(rows), 4, text)
        for row in rows:
            for figure in row.split()[-3:]:
                self.assertGreaterEqual(float(figure), 0)

    def test_the_tool_is_killed_and_resumed(self):
        for number in range(300):
            (self.tree / f"file{number}").write_text(f"{number}\n")
        status, out, err = self.demo("tree")
        self.assertEqual(status, 0, err)
        shown = re.search(r"killed by kill -9 with (\d+) of 304 files", out.decode())
        self.assertTrue(152 <= int(shown[1]) < 304, out)
        self.assertIn(b"304 files are hashed in the order of the list, each shown once", out)

    def test_a_tool_that_loses_something_is_found(self):
        liar = self.folder / "parwork"
        liar.write_text("#!/bin/sh\nmd5sum tree/one\n")
        liar.chmod(0o755)
        status, _, err = self.demo("tree", tool=liar)
        self.assertEqual(status, 1)
        self.assertIn("the results differ", err)

    def test_directory_may_begin_with_a_dash(self):
        self.tree.rename(self.folder / "-tree")
        status, out, err = self.demo("-tree")
        self.assertEqual(status, 0, err)
        self.assertIn(b"all 4 files", out)

    def test_unreadable_files_are_left_out(self):
        (self.tree / "one").chmod(0)
        (self.tree / "closed").mkdir(mode=0)
        self.addCleanup((self.tree / "closed").chmod, 0o755)
        options, program = {}, MD5_FILES
        if (
            os.geteuid() == 0
        ):  # root reads every file: run copies that everybody can reach as somebody else
            program = shutil.copy(MD5_FILES, self.folder / "md5_files")
            self.program = shutil.copy(self.program, self.folder / "demo.sh")
            options = {
                "tool": shutil.copy(PARWORK, self.folder / "parwork"),
                "user": 65534,
                "group": 65534,
                "extra_groups": [],
            }
        status, out, err = self.demo("tree", program=program, **options)
        self.assertEqual(status, 0, err)
        self.assertIn("Permission denied", err)
        self.assertIn(b"all 3 files", out)

    def test_a_wrong_digest_is_found(self):
        liar = self.folder / "liar"
        liar.write_text(
            "#!/bin/sh\n"
            "for name in one 'two words' -dash; do md5sum \"tree/$name\"; done\n"
            "printf '%s\\n' '\\00000000000000000000000000000000  tree/new\\nline'\n"
        )
        liar.chmod(0o755)
        status, out, err = self.demo("tree", program=liar)
        self.assertEqual(status, 1, out)
        self.assertIn("md5sum does not agree", err)

    def test_a_missing_digest_is_found(self):
        liar = self.folder / "liar"
        liar.write_text("#!/bin/sh\nmd5sum tree/one\n")
        liar.chmod(0o755)
        status, out, err = self.demo("tree", program=liar)
        self.assertEqual(status, 1, out)
        self.assertIn("1 files were hashed, but 4 are readable", err)

    def test_bad_usage_is_refused(self):
        for arguments, naming in [
            (["missing"], "missing"),
            ([""], "''"),
            (["tree", "more"], "usage"),
        ]:
            status, out, err = self.demo(*arguments)
            self.assertEqual((status, out), (2, b""))
            self.assertIn(naming, err)

    def test_a_directory_without_files_is_said(self):
        (self.folder / "empty").mkdir()
        status, _, err = self.demo("empty")
        self.assertEqual(status, 1)
        self.assertIn("no readable file below empty", err)


if __name__ == "__main__":
    MD5_FILES, PARWORK = (os.path.abspath(sys.argv.pop(2)) for _ in range(2))
    REPORT = sys.argv.pop(2) == "1"
    harness.main()
