"""What tools/check_site.py finds in a site."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECK = Path(__file__).resolve().parent.parent.parent / "tools" / "check_site.py"


def check(pages):
    """The exit status for a site of these pages, and what was said."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in pages.items():
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-B", CHECK, folder], capture_output=True, text=True, check=False
        )
    return done.returncode, done.stderr


class CheckSite(unittest.TestCase):
    def assert_found(self, pages, sentence):
        status, said = check(pages)
        self.assertEqual(status, 1)
        self.assertIn(sentence, said)

    def test_a_sound_site_passes(self):
        pages = {
            "index.html": '<a href="b.html#x">b</a><a href="sub/">s</a><img src="p.svg"><p>a - b</p>',
            "b.html": '<h1 id="x">x</h1><a href="#x">x</a><a href="https://example.org">e</a>',
            "sub/index.html": '<a href="../index.html">up</a><p><code>- x</code> is code</p>',
            "p.svg": "",
        }
        self.assertEqual(check(pages), (0, ""))

    def test_a_link_to_nothing(self):
        self.assert_found({"index.html": '<a href="b.html">b</a>'}, "b.html leads nowhere")

    def test_a_picture_that_is_not_there(self):
        self.assert_found({"index.html": '<img src="p.svg">'}, "p.svg leads nowhere")

    def test_a_fragment_that_is_not_there(self):
        self.assert_found({"index.html": '<a href="#x">x</a>'}, "has a fragment that is not there")

    def test_what_is_fetched_from_elsewhere(self):
        pages = {"index.html": '<script src="https://example.org/x.js"></script>'}
        self.assert_found(pages, "is fetched from elsewhere")

    def test_a_list_that_became_a_paragraph(self):
        self.assert_found({"index.html": "<p>See:\n- one\n- two</p>"}, "Markdown is left over")

    def test_a_table_that_became_a_paragraph(self):
        self.assert_found({"index.html": "<p>| a | b |\n|---|---|</p>"}, "Markdown is left over")


if __name__ == "__main__":
    unittest.main()
