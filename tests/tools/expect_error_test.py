"""The driver of the compile-fail tests passes where a file fails as it says, and only there."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "compile_fail" / "expect_error.py"


class ExpectError(unittest.TestCase):
    def drive(self, first_line, status, output):
        """The driver's exit status for a compiler that prints output and ends with status."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "case.cpp"
            source.write_text(first_line + "\nint main() {}\n", encoding="utf-8")
            compiler = [sys.executable, "-c", f"import sys; print({output!r}); sys.exit({status})"]
            run = subprocess.run(
                [sys.executable, "-B", SCRIPT, source, "--", *compiler],
                check=False,
                capture_output=True,
            )
        return run.returncode

    def test_passes_on_the_expected_sentence(self):
        self.assertEqual(
            self.drive("// expect: takes no bool", 1, "x.cpp:1:1: error: parwork: takes no bool"), 0
        )

    def test_fails_on_another_error(self):
        self.assertEqual(
            self.drive("// expect: takes no bool", 1, "x.cpp:1:1: error: no such file"), 1
        )

    def test_fails_where_the_sentence_stands_in_a_quoted_source_line(self):
        output = (
            'x.cpp:1:1: error: expected a semicolon\n    3 | static_assert(false, "takes no bool")'
        )
        self.assertEqual(self.drive("// expect: takes no bool", 1, output), 1)

    def test_fails_on_a_file_that_compiles(self):
        self.assertEqual(
            self.drive("// expect: takes no bool", 0, "warning: error: takes no bool"), 1
        )

    def test_a_control_must_compile(self):
        self.assertEqual(self.drive("// expect: ok", 0, ""), 0)
        self.assertEqual(self.drive("// expect: ok", 1, "x.cpp:1:1: error: ok"), 1)

    def test_fails_on_a_file_that_expects_nothing(self):
        self.assertEqual(self.drive("// a comment", 1, "x.cpp:1:1: error: a comment"), 1)
        self.assertEqual(self.drive("// expect: ", 1, "x.cpp:1:1: error: "), 1)


if __name__ == "__main__":
    unittest.main()
