"""tools/check_columns.py finds long lines where no formatter sees to them, and no others."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "check_columns.py"
LONG = "word " * 25


class CheckColumns(unittest.TestCase):
    def setUp(self):
        self.tree = tempfile.TemporaryDirectory()
        self.addCleanup(self.tree.cleanup)
        self.root = Path(self.tree.name)
        subprocess.run(["git", "init", "-q", self.root], check=True)

    def check(self, name, text):
        (self.root / name).write_text(text, encoding="utf-8")
        run = subprocess.run(
            [sys.executable, "-B", SCRIPT, self.root], check=False, text=True, capture_output=True
        )
        return run.returncode, run.stdout

    def test_accepts_a_line_of_100_columns(self):
        self.assertEqual(self.check("a.cpp", "// " + "x " * 48 + "x\n"), (0, ""))

    def test_refuses_a_long_line_of_cpp(self):
        status, output = self.check("a.hpp", f"int a;\n// {LONG}\n")
        self.assertEqual((status, output), (1, "a.hpp:2: longer than 100 columns\n"))

    def test_refuses_a_long_comment_of_python(self):
        self.assertEqual(self.check("a.py", f"# {LONG}\n")[0], 1)

    def test_refuses_a_long_line_of_a_docstring(self):
        self.assertEqual(self.check("a.py", f'"""Does.\n\n{LONG}\n"""\n')[0], 1)

    def test_accepts_a_long_string_of_python(self):
        self.assertEqual(self.check("a.py", f"text = '{LONG}'\n"), (0, ""))

    def test_accepts_a_long_word(self):
        self.assertEqual(self.check("a.cpp", "// https://" + "x" * 120 + "\n"), (0, ""))


if __name__ == "__main__":
    unittest.main()
