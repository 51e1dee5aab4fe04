"""What the tests of the command-line tool share: running it over items, and its log and journal."""

import json
import os
import subprocess

from harness import LIMIT, ProgramTest, default_signals, environment

UNUSABLE = 250


class ToolTest(ProgramTest):
    """Each test runs the tool in a folder of its own. Items are the lines of `items`, which arrive
    by a pipe."""

    def parwork(self, *arguments, items=b"", env=None, **options):
        """Runs it to its end. Returns status, standard output as bytes, standard error as text."""
        if isinstance(items, str):
            items = items.encode()
        done = subprocess.run(
            [self.program, *arguments],
            input=items,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            timeout=LIMIT,
            preexec_fn=default_signals,
            check=False,
            env=environment(**(env or {})),
            **options,
        )
        return done.returncode, done.stdout, done.stderr.decode(errors="surrogateescape")

    def launch(self, *arguments, **options):
        """Starts it in the test's folder, with pipes for what the test does not give."""
        options = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "cwd": self.folder,
            **options,
        }
        process = self.start(*arguments, **options)
        self.addCleanup(self._end, process)
        return process

    @staticmethod
    def _end(process):
        if process.poll() is None:
            process.kill()
        for each in (process.stdin, process.stdout, process.stderr):
            if each:
                each.close()
        process.wait()

    def assert_out(self, expected, *arguments, status=0, **options):
        """One job at a time unless the arguments say otherwise; standard output is `expected`."""
        got, out, err = self.parwork(*arguments, **options)
        if isinstance(expected, str):
            expected = expected.encode()
        self.assertEqual((got, out), (status, expected), err)
        return err

    def assert_unusable(self, *arguments, naming, **options):
        """Refused: status 250, nothing on standard output, a message that names what is wrong."""
        status, out, err = self.parwork(*arguments, **options)
        self.assertEqual((status, out), (UNUSABLE, b""), err)
        self.assertTrue(err.startswith("parwork: "), err)
        self.assertIn(naming, err)

    def file(self, name, content=b""):
        """A file in the test's folder."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def script(self, name, text):
        """A shell script in the test's folder, as a word for a command line."""
        path = self.file(name, "#!/bin/sh\n" + text)
        path.chmod(0o755)
        return str(path)

    def fifo(self, name):
        path = self.folder / name
        os.mkfifo(path)
        return path

    def log_lines(self, name="log"):
        return [
            json.loads(line)
            for line in (self.folder / name).read_text(encoding="utf-8").splitlines()
        ]

    def ends(self, name="log"):
        return [each for each in self.log_lines(name) if each["event"] == "end"]

    @staticmethod
    def is_alive(pid):
        """Whether a process is there and no zombie."""
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False
