"""The command-line tool on a terminal: the status line, and that no control byte goes elsewhere."""

import fcntl
import os
import re
import struct
import subprocess
import termios
import unittest

from harness import LIMIT, Terminal, main
from tool import ToolTest

WAIT_AT = '[ "$1" != {} ] || read x < go; echo "$1"'
ERASE = "\r\x1b[J"  # to the end of the screen: a line that was broken has more than one


class TerminalTest(ToolTest):
    def on_terminal(self, *arguments, columns=80, until=None, env=None, then=None, **options):
        """Runs it with a terminal as standard error. Returns status, standard output and what was
        shown."""
        terminal = Terminal()
        fcntl.ioctl(terminal.end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm", **(env or {})}
        environment.pop("NO_COLOR", None) if not (env or {}).get("NO_COLOR") else None
        process = self.launch(*arguments, stderr=terminal.end, env=environment, **options)
        terminal.started()
        if until:
            self.assertTrue(terminal.read_until(until), terminal.shown)
        if then:
            then()
        shown = terminal.read_all().decode()
        out = process.stdout.read() if process.stdout else b""
        return process.wait(timeout=LIMIT), out, shown

    def release(self):
        (self.folder / "go").write_text("\n")

    def drawn(self, shown):
        """The status lines, one after another, without colours."""
        lines = [re.sub(r"\x1b\[[0-9]*m", "", part) for part in shown.split(ERASE) if part]
        self.assertTrue(all(line.endswith("\r") for line in lines), lines)
        return [line[:-1] for line in lines]

    def test_a_bar_with_a_known_total(self):
        self.fifo("go")
        status, out, shown = self.on_terminal(
            "-j1",
            "--progress",
            "on",
            "sh",
            "-c",
            WAIT_AT.format(3),
            "sh",
            ":::",
            *"1234",
            until=b"2/4",
            then=self.release,
        )
        self.assertEqual((status, out), (0, b"1\n2\n3\n4\n"))
        line = next(each for each in self.drawn(shown) if "2/4" in each)
        self.assertRegex(line, r"^\[#+\.+\] 2/4  1 running  [\d.]+/s  ETA ")
        self.assertTrue(shown.endswith(ERASE))  # nothing is left of it

    def test_a_bar_for_the_items_of_a_file(self):
        for name, words, stdin in (("a", ["-a", "items"], os.devnull), ("b", [], "items")):
            with self.subTest(name):
                self.fifo("go")
                self.file("items", "1\n2\n3\n4\n")
                with open(self.folder / stdin, "rb") as items:
                    status, out, shown = self.on_terminal(
                        *("-j1", "--progress", "on", *words),
                        *("sh", "-c", WAIT_AT.format(3), "sh"),
                        stdin=items,
                        until=b"2/4",
                        then=self.release,
                    )
                self.assertEqual((status, out), (0, b"1\n2\n3\n4\n"))
                self.assertIn("ETA", shown)
                (self.folder / "go").unlink()

    def test_the_number_of_failures(self):
        self.fifo("go")
        _, _, shown = self.on_terminal(
            "-q",
            "-j1",
            "--progress",
            "on",
            "sh",
            "-c",
            '[ "$1" != 3 ] || read x < go; exit 1',
            "sh",
            ":::",
            *"123",
            until=b"2 failed",
            then=self.release,
        )
        self.assertIn("\x1b[31m2 failed\x1b[0m", shown)

    def test_no_color(self):
        self.fifo("go")
        _, _, shown = self.on_terminal(
            "-q",
            "-j1",
            "--progress",
            "on",
            "sh",
            "-c",
            '[ "$1" != 3 ] || read x < go; exit 1',
            "sh",
            ":::",
            *"123",
            env={"NO_COLOR": "1"},
            until=b"2 failed",
            then=self.release,
        )
        self.assertEqual(re.findall(r"\x1b\[[^J]", shown), [])

    def test_no_total_where_it_is_not_known_and_nothing_is_read_ahead(self):
        self.fifo("go")
        reader, writer = os.pipe()
        os.write(writer, b"1\n2\n" + b"later\n" * 5)
        _, out, shown = self.on_terminal(
            "-j1",
            "--progress",
            "on",
            "sh",
            "-c",
            WAIT_AT.format(2),
            "sh",
            stdin=reader,
            until=b"1  1 running",
            then=lambda: (os.close(writer), self.release()),
        )
        os.close(reader)
        self.assertEqual(len(out.split()), 7)
        before = shown[: shown.index("1  1 running")]  # the pipe had not ended then
        self.assertNotIn("ETA", before)
        self.assertNotIn("[#", before)

    def test_narrow_terminals(self):
        for columns in (80, 40, 10, 2):
            with self.subTest(columns):
                fifo = self.fifo("go")
                _, _, shown = self.on_terminal(
                    "-j1",
                    "--progress",
                    "on",
                    "sh",
                    "-c",
                    WAIT_AT.format(2),
                    "sh",
                    ":::",
                    *"123",
                    columns=columns,
                    until=b"1",
                    then=self.release,
                )
                self.assertLess(max(map(len, self.drawn(shown)), default=0), columns)
                fifo.unlink()
        self.assertEqual(
            self.on_terminal("--progress", "on", "sleep", ":::", "0.3", columns=1), (0, b"", "")
        )

    def test_columns_where_the_terminal_does_not_say(self):
        self.fifo("go")
        _, _, shown = self.on_terminal(
            "-j1",
            "--progress",
            "on",
            "sh",
            "-c",
            WAIT_AT.format(2),
            "sh",
            ":::",
            *"123",
            columns=0,
            env={"COLUMNS": "20"},
            until=b"1/3",
            then=self.release,
        )
        self.assertLess(max(map(len, self.drawn(shown))), 20)

    def test_a_terminal_without_a_size_has_80_columns(self):
        self.fifo("go")
        environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        terminal = Terminal()
        fcntl.ioctl(terminal.end, termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
        process = self.launch(
            *("-j1", "--progress", "on", "sh", "-c", WAIT_AT.format(2), "sh", ":::", *"123"),
            stderr=terminal.end,
            env={**environment, "TERM": "xterm"},
        )
        terminal.started()
        self.assertTrue(terminal.read_until(b"1/3"))
        self.release()
        shown = terminal.read_all().decode()
        self.assertEqual(process.wait(timeout=LIMIT), 0)
        self.assertIn("ETA", next(each for each in self.drawn(shown) if "1/3" in each))
        self.assertLess(max(map(len, self.drawn(shown))), 80)

    def test_a_terminal_that_others_have_in_front_is_not_drawn_on(self):
        """A run in the background of a shell with job control, on whose terminal somebody types."""

        def take_terminal():
            os.setsid()
            fcntl.ioctl(2, termios.TIOCSCTTY, 0)

        run = '"$0" --progress on sh -c "sleep 0.5; echo done" ::: a'
        for script, is_drawn in ((f"set -m; {run} & wait", False), (run, True)):
            with self.subTest(script):
                terminal = Terminal()
                process = self.launch(
                    "-c",
                    script,
                    self.program,
                    program="bash",
                    stderr=terminal.end,
                    env={**os.environ, "TERM": "xterm"},
                    preexec_fn=take_terminal,
                )
                terminal.started()
                shown = terminal.read_all()
                out, _ = process.communicate(timeout=LIMIT)
                self.assertEqual((process.returncode, out), (0, b"done\n"))
                self.assertEqual(b"running" in shown, is_drawn, shown)
                self.assertEqual(b"\x1b" in shown, is_drawn, shown)

    def test_a_short_run_draws_nothing(self):
        self.assertEqual(self.on_terminal("echo", ":::", "a"), (0, b"a\n", ""))

    def test_a_long_one_does_by_itself(self):
        self.fifo("go")
        _, _, shown = self.on_terminal(
            "sh", "-c", WAIT_AT.format(1), "sh", ":::", "1", until=b"0/1", then=self.release
        )
        self.assertIn("1 running", shown)

    def test_off(self):
        self.assertEqual(self.on_terminal("--progress", "off", "sleep", ":::", "1.3"), (0, b"", ""))

    def test_dumb_terminals(self):
        for kind in ("dumb", ""):
            self.assertEqual(
                self.on_terminal("--progress", "on", "sleep", ":::", "0.3", env={"TERM": kind}),
                (0, b"", ""),
            )

    def test_output_on_the_same_terminal_is_not_overdrawn(self):
        terminal = Terminal()
        process = self.launch(
            "-j1",
            "--progress",
            "on",
            "sh",
            "-c",
            'sleep 0.25; echo "line $1"',
            "sh",
            ":::",
            *"123",
            stdout=terminal.end,
            stderr=terminal.end,
        )
        terminal.started()
        shown = terminal.read_all().decode()
        self.assertEqual(process.wait(timeout=LIMIT), 0)
        # What remains on the screen: of each line what follows the last erasure.
        left = [line.rsplit(ERASE, 1)[-1].strip("\r") for line in shown.split("\n")]
        self.assertEqual(left, ["line 1", "line 2", "line 3", ""])

    def test_elsewhere_no_control_byte_is_written(self):
        for where in ("auto", "on"):
            done = subprocess.run(
                [self.program, "--progress", where, "sh", "-c", "sleep 1.3; false", ":::", "a"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                timeout=LIMIT,
                check=False,
                env={**os.environ, "TERM": "xterm"},
            )
            for stream in (done.stdout, done.stderr):
                self.assertEqual([byte for byte in stream if byte < 32 and byte != 10], [])

    def test_items_from_a_terminal_are_asked_for(self):
        terminal = Terminal()
        process = self.launch("echo", stdin=terminal.end, stderr=terminal.end)
        terminal.started()
        self.assertTrue(terminal.read_until(b"reading items from the terminal"))
        os.write(terminal.ours, b"a b\n")
        self.assertEqual(process.stdout.readline(), b"a b\n")
        os.write(terminal.ours, b"\x04")
        self.assertEqual(process.wait(timeout=LIMIT), 0)
        terminal.read_all()


if __name__ == "__main__":
    main()
