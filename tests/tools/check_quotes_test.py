"""tools/check_quotes.py finds stale quotations and dead references, and mends the former."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "check_quotes.py"

PROGRAM = """#include <cstdio>
int main() {
  // [greet]
  if (true) {
    // [inner]
    std::puts("hello");
    // [/inner]
  }
  // [/greet]
}
"""
GREETING = 'if (true) {\n  std::puts("hello");\n}\n'


def quote(name, code):
    return f"Text.\n\n<!-- quote: {name} -->\n```cpp\n{code}```\n\nMore text.\n"


class CheckQuotes(unittest.TestCase):
    def setUp(self):
        self.tree = tempfile.TemporaryDirectory()
        self.addCleanup(self.tree.cleanup)
        self.root = Path(self.tree.name)
        (self.root / "docs").mkdir()
        (self.root / "examples").mkdir()
        (self.root / "examples/greet.cpp").write_text(PROGRAM, encoding="utf-8")

    def page(self, text):
        (self.root / "docs/page.md").write_text(text, encoding="utf-8")

    def check(self, *options):
        command = [sys.executable, "-B", SCRIPT, *options, self.root]
        run = subprocess.run(command, check=False, text=True, capture_output=True)
        return run.returncode, run.stdout

    def test_accepts_quotations_that_are_true(self):
        self.page(
            quote("examples/greet.cpp#greet", GREETING)
            + quote("examples/greet.cpp#inner", 'std::puts("hello");\n')
        )
        self.assertEqual(self.check(), (0, ""))

    def test_leaves_the_markers_out_of_a_whole_file(self):
        whole = "".join(line for line in PROGRAM.splitlines(keepends=True) if "// [" not in line)
        self.page(quote("examples/greet.cpp", whole))
        self.assertEqual(self.check(), (0, ""))

    def test_refuses_a_quotation_that_differs(self):
        self.page(quote("examples/greet.cpp#greet", 'std::puts("good morning");\n'))
        self.assertEqual(
            self.check(),
            (
                1,
                "docs/page.md:3: differs from examples/greet.cpp: "
                "run tools/check_quotes.py --fix\n",
            ),
        )

    def test_fix_copies_the_code_and_touches_nothing_else(self):
        self.page(quote("examples/greet.cpp#greet", "old;\n"))
        self.assertEqual(self.check("--fix"), (0, "docs/page.md: quotations brought up to date\n"))
        self.assertEqual(
            (self.root / "docs/page.md").read_text(encoding="utf-8"),
            quote("examples/greet.cpp#greet", GREETING),
        )

    def test_refuses_quotations_of_what_is_not_there(self):
        self.page(quote("examples/greet.cpp#part", "x;\n") + quote("examples/lost.cpp", "x;\n"))
        self.assertEqual(
            self.check(),
            (
                1,
                "docs/page.md:3: examples/greet.cpp has no region [part] ... [/part]\n"
                "docs/page.md:11: examples/lost.cpp does not exist\n",
            ),
        )

    def test_refuses_a_mark_without_a_block(self):
        self.page("<!-- quote: examples/greet.cpp -->\n\nText.\n")
        self.assertEqual(
            self.check(), (1, "docs/page.md:1: a quote mark without a fenced block below it\n")
        )

    def test_refuses_links_and_paths_that_lead_nowhere(self):
        self.page(
            "# Some `code`, a heading\n\n[a](page.md#some-code-a-heading) [b](../examples/greet.cpp)\n"
            "[c](lost.md) [d](page.md#lost) [e](https://example.org/lost)\n"
            "`examples/greet.cpp` `examples/lost.cpp` `build/lost`\n"
        )
        self.assertEqual(
            self.check(),
            (
                1,
                "docs/page.md:4: links to lost.md, which does not exist\n"
                "docs/page.md:4: links to page.md#lost, and page.md has no such heading\n"
                "docs/page.md:5: names examples/lost.cpp, which does not exist\n",
            ),
        )


if __name__ == "__main__":
    unittest.main()
