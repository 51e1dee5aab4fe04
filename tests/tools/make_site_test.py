"""The pages of the documentation's site, made from a small tree."""

import importlib.util
import tempfile
import unittest
from pathlib import Path, PurePosixPath

TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"
SPEC = importlib.util.spec_from_file_location("make_site", TOOLS / "make_site.py")
make_site = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(make_site)

TREE = {
    "README.md": "# x\n\n[guide](docs/guide.md#a), [examples](examples), ![p](docs/pictures/p.svg)\n",
    "CONTRIBUTING.md": "[readme](README.md)\n",
    "CHANGELOG.md": "",
    "SECURITY.md": "",
    "LICENSE": "do as you like\n",
    "docs/guide.md": "[one](../examples/one.cpp), [web](https://example.org), [here](#a)\n",
    "docs/pictures/p.svg": "<svg/>",
    "examples/one.cpp": "// one: shows the\n// first thing. And more.\nint main() {}\n",
}


class MakeSite(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.root = Path(self._folder.name) / "tree"
        self.out = Path(self._folder.name) / "out"
        for name, text in TREE.items():
            self.write(name, text)

    def tearDown(self):
        self._folder.cleanup()

    def write(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def page(self, name):
        make_site.make_pages(self.root, self.out)
        return (self.out / name).read_text(encoding="utf-8")

    def test_links_of_the_front_page_lead_to_pages(self):
        page = self.page("index.md")
        self.assertIn("[guide](guide.md#a)", page)
        self.assertIn("[examples](sources/examples/index.md)", page)
        self.assertIn("![p](pictures/p.svg)", page)
        self.assertEqual((self.out / "pictures/p.svg").read_text(), "<svg/>")

    def test_what_is_no_page_is_shown_as_one(self):
        self.assertIn("[one](sources/examples/one.cpp.md)", self.page("guide.md"))
        shown = self.page("sources/examples/one.cpp.md")
        self.assertIn(
            "```cpp\n// one: shows the\n// first thing. And more.\nint main() {}\n```", shown
        )

    def test_a_folder_lists_its_files_with_what_they_say(self):
        page = self.page("sources/examples/index.md")
        self.assertIn("| [one.cpp](one.cpp.md) | shows the first thing. |", page)

    def test_links_elsewhere_and_within_a_page_stay(self):
        page = self.page("guide.md")
        self.assertIn("[web](https://example.org), [here](#a)", page)

    def test_pages_outside_docs_have_a_place(self):
        self.assertEqual(self.page("contributing.md"), "[readme](index.md)\n")
        self.assertIn("do as you like", self.page("sources/LICENSE.md"))

    def test_code_is_left_alone(self):
        self.write("docs/guide.md", "```cpp\n[](int)\nf[0](nothing)\n```\nand `a[1](b)`\n")
        self.assertIn("f[0](nothing)\n```\nand `a[1](b)`", self.page("guide.md"))

    def test_a_link_to_nothing_is_an_error(self):
        for link in ("gone.md", "../../outside", "/etc/passwd"):
            self.write("docs/guide.md", f"[x]({link})\n")
            with self.assertRaisesRegex(make_site.SiteError, "docs/guide.md: a link to "):
                make_site.make_pages(self.root, self.out)

    def test_pages_of_before_are_gone(self):
        self.out.mkdir()
        (self.out / "old.md").write_text("")
        make_site.make_pages(self.root, self.out)
        self.assertFalse((self.out / "old.md").exists())

    def test_place_of_a_header(self):
        place = make_site.place_of(self.root, PurePosixPath("include/x.hpp"))
        self.assertEqual(place, PurePosixPath("sources/include/x.hpp.md"))


if __name__ == "__main__":
    unittest.main()
