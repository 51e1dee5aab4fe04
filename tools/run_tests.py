#!/usr/bin/env python3
"""Runs ctest, and shows what failed and a line at the end: a green run fits a screen.

Usage: run_tests.py LOG COMMAND [ARGUMENT...]

COMMAND is ctest, perhaps behind another command that runs it. LOG gets all that it prints. Fails
with COMMAND's status, and with 1 if a test has left a process behind: those are named and ended.
"""

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
PATIENCE = 5  # seconds that a process without its parent has to end, on a busy machine

STARTED = re.compile(r"^ *Start +\d+: ")
PASSED = re.compile(r"^ *(\d+)/(\d+) Test +#\d+: .* Passed +[\d.]+ sec$")
PROJECT = re.compile(r"^Test project (.*)$")
CASES = re.compile(r"^\[  PASSED  \] (\d+) tests?\.$", re.MULTILINE)
# What ctest says before the first test, and behind the last one.
CHATTER = re.compile(
    r"^(Test project .*|UpdateCTestConfiguration.*|Label Time Summary:|\w+ += .* sec\*proc .*"
    r"|Internal ctest changing .*)$"
)


class Screen:
    """Shows what is worth reading of ctest's lines, with a line of progress if it is a terminal."""

    def __init__(self, out):
        self.out = out
        self.drawn = False
        self.blank = True

    def progress(self, text):
        if self.out.isatty():
            self.out.write(f"\r\033[K{text}")
            self.out.flush()
            self.drawn = True

    def show(self, line):
        if self.drawn:
            self.out.write("\r\033[K")
            self.drawn = False
        if line or not self.blank:
            self.out.write(line + "\n")
        self.blank = not line
        self.out.flush()

    def take(self, line):
        passed = PASSED.match(line)
        if passed:
            self.progress(f"{passed[1]} of {passed[2]} tests")
        elif not STARTED.match(line) and not CHATTER.match(line):
            self.show(line)


def become_reaper():
    """From now on, a process whose parent has ended becomes a child of this one."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def read(pid, name):
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def children():
    """The processes below this one, as text of digits."""
    ours = str(os.getpid()).encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        after_name = read(folder.name, "stat").rpartition(b")")[2].split()
        if after_name[1:2] == [ours]:
            found.append(folder.name)
    return found


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass


def left_behind():
    """Descriptions of the processes that the tests have left behind, which this ends."""
    give_up = time.monotonic() + PATIENCE
    while children() and time.monotonic() < give_up:
        reap()
        time.sleep(0.05)
    found = []
    while children():
        for pid in children():
            test = re.search(rb"(?:^|\0)PARWORK_TEST=([^\0]*)", read(pid, "environ"))
            command = read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()
            name = test[1].decode() if test else "a test"
            found.append(f"{name} left behind: {pid} {command}")
            os.kill(int(pid), signal.SIGKILL)
            os.waitpid(int(pid), 0)
    return found


def cases(log):
    """How many cases of GoogleTest have passed: many are one test of ctest's."""
    project = next(filter(None, map(PROJECT.match, log.splitlines())), None)
    if not project:
        return 0
    outputs = Path(project[1]) / "Testing/Temporary/LastTest.log"
    return sum(map(int, CASES.findall(outputs.read_text("utf-8", "replace"))))


def main(arguments):
    if len(arguments) < 2:
        sys.exit(__doc__)
    become_reaper()
    screen = Screen(sys.stdout)
    log = Path(arguments[0])
    with (
        log.open("w", encoding="utf-8", errors="replace") as copy,
        subprocess.Popen(
            arguments[1:],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as ctest,
    ):
        for line in ctest.stdout:
            copy.write(line)
            screen.take(line.rstrip("\n"))
    passed = cases(log.read_text("utf-8"))
    if passed:
        screen.show(f"{passed:,} cases of GoogleTest passed in them")
    left = left_behind()
    for each in left:
        screen.show(f"run_tests.py: {each}")
    return ctest.returncode or (1 if left else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
