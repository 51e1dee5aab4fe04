"""tools/record_terminal.py: its screen shows what a terminal would, and its picture holds that."""

import sys
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import record_terminal  # noqa: E402


def shown(text):
    screen = record_terminal.Screen()
    screen.put(text)
    return ["".join(character for character, _ in row) for row in screen.rows]


class ScreenTest(unittest.TestCase):
    def test_lines(self):
        self.assertEqual(shown("one\r\ntwo"), ["one", "two"])

    def test_a_line_that_is_drawn_anew(self):
        self.assertEqual(shown("status 10\r\x1b[Kjob\r\nstatus 9"), ["job", "status 9"])
        self.assertEqual(shown("long\rx"), ["xong"])

    def test_tabs_and_long_lines(self):
        self.assertEqual(shown("a\tb"), ["a       b"])
        wide = "x" * record_terminal.COLUMNS
        self.assertEqual(shown(wide + "y"), [wide, "y"])

    def test_rows_go_off_the_top(self):
        lines = [str(number) for number in range(record_terminal.ROWS + 2)]
        self.assertEqual(shown("\r\n".join(lines)), lines[2:])

    def test_what_it_does_not_know_is_no_silent_gap(self):
        with self.assertRaisesRegex(SystemExit, "does not know"):
            shown("\x1b[2A")


class PictureTest(unittest.TestCase):
    def test_each_frame_with_its_colours(self):
        screen = record_terminal.Screen()
        screen.put("$ parwork <&>")
        first = screen.picture()
        screen.put("\r\n\x1b[31m1 failed\x1b[0m of 2")
        picture = record_terminal.draw([(1.0, first), (3.0, screen.picture())])
        root = ElementTree.fromstring(picture)
        space = "{http://www.w3.org/2000/svg}"
        frames = [each for each in root.iter(f"{space}g") if not each.attrib]
        self.assertEqual(["".join(each.itertext()).strip() for each in frames][0], "$ parwork <&>")
        red = [each.text for each in root.iter(f"{space}tspan") if each.get("class") == "red"]
        self.assertEqual(red, ["1 failed"])
        self.assertIn("25.000%{transform:translateY(-", picture)


if __name__ == "__main__":
    unittest.main()
