#!/usr/bin/env python3
"""Runs commands on a terminal, and draws what it showed as a picture that moves.

usage: record_terminal.py PARWORK OUT.svg

PARWORK is the tool, which the commands call `parwork`. They run one after another, by bash, in a
folder of their own. The picture is light or dark as its reader's system is, and shows its last
frame alone to who wants no motion.
"""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from xml.sax.saxutils import escape

COLUMNS, ROWS = 88, 14
COMMANDS = [
    "seq -f 'frame %03g' 60 > frames",
    "timeout -s KILL 3 parwork -j4 --progress=on --journal night.db -a frames ./render {}",
    "parwork resume --progress=on night.db   # only what is missing",
    "parwork results --failed --tag night.db",
]
# Takes a fifth to a third of a second, and cannot do one of them.
RENDER = """#!/bin/sh
[ "$1" != 'frame 041' ] || { echo 'no such texture: sky' >&2; exit 3; }
sleep 0.$(( $(printf %s "$1" | cksum | cut -c 1-3) % 13 + 20 ))
"""

LONGEST_PAUSE = 0.6  # seconds
SHOWN_AT_THE_END = 4.0
CHARACTER, LINE, BORDER, SIZE = 8.43, 19, 16, 14  # pixels
COLOURS = {31: "red", 32: "green", 33: "yellow"}
CONTROL = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")


class Screen:
    """What is on it, as rows of (character, colour); as much of a terminal as the tool needs."""

    def __init__(self):
        self.rows = [[]]
        self.column = 0
        self.colour = None

    def put(self, text):
        at = 0
        while at < len(text):
            control = CONTROL.match(text, at)
            if control:
                self.control(control[2], control[1])
                at = control.end()
                continue
            self.put_character(text[at])
            at += 1

    def put_character(self, character):
        if character == "\n":
            self.rows = (self.rows + [[]])[-ROWS:]
        elif character == "\r":
            self.column = 0
        elif character == "\t":
            self.put(" " * (8 - self.column % 8))
        elif character >= " ":
            if self.column == COLUMNS:
                self.put_character("\n")
                self.column = 0
            row = self.rows[-1]
            row.extend([(" ", None)] * (self.column - len(row)))
            row[self.column : self.column + 1] = [(character, self.colour)]
            self.column += 1

    def control(self, what, numbers):
        if what in "JK":  # behind the last row there is nothing
            del self.rows[-1][self.column :]
        elif what == "m":
            self.colour = COLOURS.get(int(numbers or 0))
        else:
            sys.exit(f"record_terminal.py: the screen does not know ESC [ {numbers} {what}")

    def picture(self):
        return tuple(tuple(row) for row in self.rows)


def run(command, folder, environment):
    """Yields (seconds, bytes) as they are shown."""
    ours, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    start = time.monotonic()
    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=end,
        stdout=end,
        stderr=end,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ):
        os.close(end)
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # how a terminal says that nobody has it open any more
                data = b""
            if not data:
                break
            yield time.monotonic() - start, data
    os.close(ours)


def record(parwork):
    """The frames: (seconds for which it is shown, picture)."""
    screen = Screen()
    frames = []

    def show(seconds):
        if frames and frames[-1][1] == screen.picture():
            seconds += frames.pop()[0]
        frames.append((seconds, screen.picture()))

    with tempfile.TemporaryDirectory(prefix="render-") as folder:
        (Path(folder) / "bin").mkdir()
        shutil.copy(parwork, Path(folder) / "bin" / "parwork")
        render = Path(folder) / "render"
        render.write_text(RENDER, encoding="utf-8")
        render.chmod(0o755)
        environment = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "TERM": "xterm"}
        for command in COMMANDS:
            if screen.rows[-1]:  # left by one that was killed
                screen.put("\r\n")
            screen.put("$ ")
            show(0.5)
            for word in re.findall(r"\S+\s*", command):
                screen.put(word)
                show(0.12)
            screen.put("\r\n")
            before = 0.0
            for now, data in run(command, folder, environment):
                show(min(now - before, LONGEST_PAUSE))
                screen.put(data.decode(errors="replace"))
                before = now
        screen.put("$ ")
        show(SHOWN_AT_THE_END)
    return frames


def text_of(row, y):
    """One line of text, colours as spans."""
    spans = []
    for character, colour in row:
        if spans and spans[-1][1] == colour:
            spans[-1][0].append(character)
        else:
            spans.append(([character], colour))
    inner = "".join(
        (
            f'<tspan class="{colour}">{escape("".join(text))}</tspan>'
            if colour
            else escape("".join(text))
        )
        for text, colour in spans
    )
    return f'<text x="{BORDER}" y="{y}">{inner}</text>' if inner.strip() else ""


def draw(frames):
    width = round(COLUMNS * CHARACTER + 2 * BORDER)
    height = ROWS * LINE + 2 * BORDER
    total = sum(seconds for seconds, _ in frames)
    stops, strips, passed = [], [], 0.0
    for number, (seconds, rows) in enumerate(frames):
        top = number * height
        stops.append(f"{passed / total * 100:.3f}%{{transform:translateY(-{top}px)}}")
        lines = (text_of(row, top + BORDER + SIZE + i * LINE) for i, row in enumerate(rows))
        strips.append("".join(lines))
        passed += seconds
    last = (len(frames) - 1) * height
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"
 width="{width}" height="{height}"
 role="img" aria-label="parwork is killed half-way, and resume does the rest">
<style>
svg{{--ground:#fbfbfa;--ink:#24292f;--red:#b3261e;--green:#1a7f37;--yellow:#8a6100;--edge:#d0d7de}}
@media(prefers-color-scheme:dark){{svg{{--ground:#16191d;--ink:#d6dbe0;--red:#ff8a80;--green:#7ee787;
--yellow:#e3b341;--edge:#3a4149}}}}
text{{font:{SIZE}px ui-monospace,Menlo,Consolas,monospace;fill:var(--ink);white-space:pre}}
.red{{fill:var(--red)}}.green{{fill:var(--green)}}.yellow{{fill:var(--yellow)}}
#frames{{animation:play {total:.2f}s steps(1,end) infinite}}
@keyframes play{{{"".join(stops)}}}
@media(prefers-reduced-motion:reduce){{#frames{{animation:none;transform:translateY(-{last}px)}}}}
</style>
<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" fill="var(--ground)"
 stroke="var(--edge)"/>
<clipPath id="screen"><rect width="{width}" height="{height}" rx="8"/></clipPath>
<g clip-path="url(#screen)"><g id="frames">
{"".join(f"<g>{each}</g>" + chr(10) for each in strips)}</g></g>
</svg>
"""


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    parwork, out = arguments
    Path(out).write_text(draw(record(parwork)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
