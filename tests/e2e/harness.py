"""What the tests of programs share: running them, also on a terminal, and interrupting them.

A test file is run as `NAME_test.py PROGRAM [unittest's arguments]`. Nothing here waits for a time
to pass: the only times are limits after which a hanging program has failed.
"""

import errno
import fcntl
import os
import pty
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import unittest
from contextlib import closing
from pathlib import Path

LIMIT = 100  # seconds
INTERRUPTED = 130


def default_signals():
    """In the child: a shell that runs tests in the background leaves SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def seeded_random():
    """Random draws that can be repeated: prints the seed, and takes it from PARWORK_STRESS_SEED
    where that is set."""
    seed = int(os.environ.get("PARWORK_STRESS_SEED") or random.randrange(1 << 32))
    print(f"PARWORK_STRESS_SEED={seed}", flush=True)
    return random.Random(seed)


def records(journal):
    """How many records can be read in a journal now, also while a run writes to it."""
    try:
        with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as database:
            return database.execute("SELECT count(*) FROM records").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # not made yet


def records_after_kill(journal):
    """The same of a journal that nobody has open. Reads a copy: what a kill left behind is the next
    run's to mend."""
    with tempfile.TemporaryDirectory(prefix="parwork-test-") as folder:
        for suffix in ("", "-wal"):
            if os.path.exists(f"{journal}{suffix}"):
                shutil.copy(f"{journal}{suffix}", os.path.join(folder, f"copy{suffix}"))
        with closing(sqlite3.connect(os.path.join(folder, "copy"))) as database:
            if not database.execute(
                "SELECT 1 FROM sqlite_master WHERE name = 'records'"
            ).fetchone():
                return 0
            return database.execute("SELECT count(*) FROM records").fetchone()[0]


def environment(**more):
    """The caller's, with a terminal that can draw."""
    return {**os.environ, "TERM": "xterm", **more}


class Terminal:
    """A pseudo-terminal of 80 columns: `end` is for the program, `read_until` reads what it
    shows."""

    def __init__(self):
        self.ours, self.end = pty.openpty()
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.shown = b""

    def started(self):
        """To be called when the program has its copy of `end`: only then does reading find an
        end."""
        os.close(self.end)

    def _read(self):
        try:
            return os.read(self.ours, 65536)
        except OSError as error:
            if error.errno == errno.EIO:  # how a terminal says that nobody has it open any more
                return b""
            raise

    def read_until(self, wanted):
        """Blocks until `wanted` has been shown. False where the program ended before."""
        while wanted not in self.shown:
            data = self._read()
            if not data:
                return False
            self.shown += data
        return True

    def read_all(self):
        while data := self._read():
            self.shown += data
        os.close(self.ours)
        return self.shown


class ProgramTest(unittest.TestCase):
    """Tests of the program named on the command line, each in a folder of its own."""

    program = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="parwork-test-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.folder.chmod(0o755)

    def start(self, *arguments, program=None, **options):
        options = {
            "stdin": subprocess.DEVNULL,
            "preexec_fn": default_signals,
            "env": environment(),
            **options,
        }
        return subprocess.Popen([program or self.program, *arguments], **options)

    def run_program(self, *arguments, **options):
        """Runs it to its end. Returns status, standard output and standard error, the latter as
        text."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = self.start(*arguments, **options)
        with process:
            try:
                out, err = process.communicate(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return process.returncode, out, (err or b"").decode(errors="replace")

    def run_unprivileged(self, *arguments):
        """Root reads every file, so as root it runs as somebody else, from a copy that everybody
        can reach."""
        if os.geteuid() != 0:
            return self.run_program(*arguments, cwd=self.folder)
        copy = shutil.copy(self.program, self.folder / Path(self.program).name)
        return self.run_program(
            *arguments, cwd=self.folder, program=copy, user=65534, group=65534, extra_groups=[]
        )

    def interrupt(self, *arguments, shows, stream="stderr", **options):
        """Interrupts the program when it has shown `shows` on a terminal that is its `stream`.
        Returns the status, what it wrote to the other stream, and what it showed."""
        terminal = Terminal()
        other = "stdout" if stream == "stderr" else "stderr"
        process = self.start(
            *arguments, **{stream: terminal.end, other: subprocess.PIPE}, **options
        )
        terminal.started()
        with process:
            try:
                begun = terminal.read_until(shows)
                if begun:
                    process.send_signal(signal.SIGINT)
                shown = terminal.read_all()
                written = (process.stdout or process.stderr).read()
                status = process.wait(timeout=LIMIT)
            except BaseException:
                process.kill()
                raise
        self.assertTrue(begun, f"ended by itself with {status}: {shown}")
        return status, written, shown.decode(errors="replace")

    def assert_refused(self, *arguments, naming, **options):
        """Bad usage: status 2, nothing on standard output, a message that names what is wrong."""
        status, out, err = self.run_program(*arguments, **options)
        self.assertEqual((status, out), (2, b""), err)
        self.assertIn(naming, err)

    def assert_help(self):
        status, out, err = self.run_program("--help")
        self.assertEqual((status, err), (0, ""))
        self.assertIn(b"usage: " + os.fsencode(Path(self.program).name), out)


def main():
    ProgramTest.program = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
