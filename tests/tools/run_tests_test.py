"""tools/run_tests.py shows what failed alone, and finds what the tests have left behind."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "run_tests.py"

GREEN = """Test project {folder}
      Start  1: first
      Start  2: second
 1/2 Test  #1: first ..............   Passed    0.10 sec
 2/2 Test  #2: second .............   Passed   12.00 sec

100% tests passed, 0 tests failed out of 2

Label Time Summary:
unit      =   4.00 sec*proc (2 tests)

Total Test time (real) =   4.00 sec
"""
RED = """Test project {folder}
      Start  1: first
 1/2 Test  #1: first ..............***Failed    0.10 sec
what it said
 2/2 Test  #2: second .............   Passed   12.00 sec

50% tests passed, 1 tests failed out of 2
"""


class RunTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        outputs = self.folder / "Testing/Temporary/LastTest.log"
        outputs.parent.mkdir(parents=True)
        outputs.write_text("[  PASSED  ] 1200 tests.\nother\n[  PASSED  ] 1 test.\n", "utf-8")

    def run_tests(self, text, script=""):
        """Runs a shell script in ctest's place, which says `text`."""
        (self.folder / "text").write_text(text.format(folder=self.folder), "utf-8")
        return subprocess.run(
            [
                *[sys.executable, "-B", SCRIPT, self.folder / "log"],
                *["sh", "-c", f"cat text; {script}"],
            ],
            cwd=self.folder,
            env={**os.environ, "PARWORK_TEST": "unit.culprit"},
            check=False,
            text=True,
            capture_output=True,
        )

    def test_a_green_run_shows_its_last_lines_alone(self):
        done = self.run_tests(GREEN)
        self.assertEqual(
            done.stdout,
            "100% tests passed, 0 tests failed out of 2\n\n"
            "Total Test time (real) =   4.00 sec\n"
            "1,201 cases of GoogleTest passed in them\n",
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_log_has_all(self):
        self.run_tests(GREEN)
        self.assertEqual((self.folder / "log").read_text("utf-8"), GREEN.format(folder=self.folder))

    def test_a_failed_test_is_shown_with_what_it_said(self):
        done = self.run_tests(RED, "exit 8")
        self.assertEqual(done.returncode, 8)
        self.assertIn("first ..............***Failed    0.10 sec\nwhat it said\n", done.stdout)
        self.assertIn("50% tests passed, 1 tests failed out of 2\n", done.stdout)
        self.assertNotIn("second", done.stdout)

    def test_a_process_that_is_left_behind_is_named_and_ended(self):
        done = self.run_tests(
            GREEN, "(exec sleep 1000 >/dev/null 2>&1 &); setsid -f sleep 2000 >/dev/null 2>&1"
        )
        self.assertEqual(done.returncode, 1)
        left = re.findall(
            r"unit\.culprit left behind: (\d+) sleep (\d+)$", done.stdout, re.MULTILINE
        )
        self.assertEqual({duration for _, duration in left}, {"1000", "2000"})
        for pid, _ in left:
            self.assertFalse(Path(f"/proc/{pid}").exists())

    def test_a_process_that_is_about_to_end_is_waited_for(self):
        done = self.run_tests(GREEN, "(sleep 0.3 >/dev/null 2>&1 &)")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("left behind", done.stdout)


if __name__ == "__main__":
    unittest.main()
