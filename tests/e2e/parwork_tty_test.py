"""The command-line tool: jobs that have the terminal, and jobs that want it."""

import os
import pty
import signal
import time
import unittest

from harness import LIMIT, main
from tool import ToolTest

CTRL_C, CTRL_Z = b"\x03", b"\x1a"


class OnTerminal(ToolTest):
    """Programs in a session of their own, on a terminal that the test types on."""

    def begin(self, *words, program=None):
        self.shown = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(self.folder)
            program = program or self.program
            os.execvp(program, [program, *words])
        self.addCleanup(self.clean_up)
        self.status = None

    def clean_up(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.finish()

    def read(self):
        try:
            data = os.read(self.terminal, 65536)
        except OSError:  # how a terminal says that nobody has it open any more
            return False
        self.shown += data
        return bool(data)

    def read_until(self, wanted):
        while wanted not in self.shown:
            self.assertTrue(self.read(), self.shown)

    def type(self, text):
        os.write(self.terminal, text)

    def finish(self):
        """Returns the status, and what was shown."""
        while self.read():
            pass
        _, status = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        os.close(self.terminal)
        return self.status, self.shown.replace(b"\r\n", b"\n")

    def wait_until(self, condition):
        end = time.monotonic() + LIMIT
        while not condition():
            self.assertLess(time.monotonic(), end, "in vain")
            time.sleep(0.005)


class TtyTest(OnTerminal):
    def test_jobs_read_what_is_typed_one_at_a_time(self):
        self.begin("--tty", "-c", 'echo "{}?"; read x; echo "{} is $x"', ":::", "a", "b")
        self.read_until(b"a?")
        self.type(b"one\n")
        self.read_until(b"b?")
        self.type(b"two\n")
        status, shown = self.finish()
        self.assertEqual(status, 0)
        self.assertEqual(shown, b"a?\none\na is one\nb?\ntwo\nb is two\n")

    def test_all_three_streams_are_the_terminal(self):
        """As an editor wants it."""
        job = "for i in 0 1 2; do [ -t $i ] && echo $i >> seen; done; : {}"
        self.begin("--tty", "-c", job, ":::", "a")
        self.assertEqual(self.finish()[0], 0)
        self.assertEqual((self.folder / "seen").read_text(), "0\n1\n2\n")

    def test_a_job_is_in_front(self):
        job = "ps -o stat= -p $$ > stat; : {}"
        self.begin("--tty", "-c", job, ":::", "a")
        self.assertEqual(self.finish()[0], 0)
        self.assertIn("+", (self.folder / "stat").read_text())

    def test_a_question_at_the_terminal_while_output_goes_elsewhere(self):
        job = 'read x </dev/tty; echo "{} $x"'
        self.begin("-c", f"'{self.program}' --tty -k -c '{job}' ::: a > out", program="sh")
        self.type(b"answer\n")
        self.assertEqual(self.finish()[0], 0)
        self.assertEqual((self.folder / "out").read_text(), "a answer\n")

    def test_items_from_a_pipe(self):
        job = 'read x; echo "<{} $x>"'
        self.begin("-c", f"printf 'a\\nb\\n' | '{self.program}' --tty -c '{job}'", program="sh")
        self.type(b"1\n")
        self.read_until(b"<a 1>")
        self.type(b"2\n")
        status, shown = self.finish()
        self.assertEqual(status, 0)
        self.assertIn(b"<b 2>", shown)

    def test_a_journal_has_the_output(self):
        job = 'read x; echo "{} $x"'
        self.begin("--tty", "--journal", "j", "-c", job, ":::", "a")
        self.type(b"answer\n")
        self.assertEqual(self.finish()[0], 0)
        self.assertEqual(self.parwork("results", "j")[1], b"a answer\n")

    def test_ctrl_c_ends_the_job_and_the_run(self):
        self.begin("--tty", "--log", "log", "sleep", ":::", "1000", "1001")
        self.wait_until(lambda: (self.folder / "log").exists() and len(self.log_lines()) > 1)
        self.wait_until(lambda: os.tcgetpgrp(self.terminal) != self.pid)
        self.type(CTRL_C)
        status, shown = self.finish()
        self.assertEqual(status, 130)
        self.assertIn(b"interrupted: 0 done, 1 interrupted, 1 not started", shown)

    def test_a_job_that_minds_ctrl_c_in_its_own_way(self):
        job = "trap 'echo caught; exit 0' INT; echo ready; while :; do sleep 0.01; done; : {}"
        self.begin("--tty", "-c", job, ":::", "a")
        self.read_until(b"ready")
        self.type(CTRL_C)
        status, shown = self.finish()
        self.assertEqual(status, 0)
        self.assertIn(b"caught", shown)

    def test_ctrl_z_stops_the_job_and_the_run(self):
        """In a shell with job control, which goes on with both by fg."""
        self.begin("-i", program="bash")
        self.type(b"PS1='>'; stty -echo\n")
        job = "echo ready; read x; echo got $x; : {}"
        self.type(f"'{self.program}' --tty -c '{job}' ::: a\n".encode())
        self.read_until(b"ready\r\n")
        self.type(CTRL_Z)
        self.read_until(b"Stopped")
        self.type(b"echo the shell has it; fg\n")
        self.read_until(b"the shell has it\r\n")
        self.type(b"typed\n")
        self.read_until(b"got typed")
        self.type(b"echo status $?; exit\n")
        self.read_until(b"status 0")
        self.finish()

    def test_in_the_background_it_waits_for_the_terminal(self):
        self.begin("-i", program="bash")
        self.type(b"PS1='>'; stty -echo\n")
        self.type(f"'{self.program}' --tty -c 'read x; echo got $x; : {{}}' ::: a &\n".encode())
        self.type(b"wait %1; echo waited\n")
        self.read_until(b"waited\r\n")  # it was stopped
        self.type(b"fg\n")
        self.type(b"typed\n")
        self.read_until(b"got typed")
        self.type(b"exit\n")
        self.finish()

    def test_the_modes_of_the_terminal_come_back(self):
        """Of a job that was killed while it had changed them."""
        job = "stty -echo -icanon; kill -KILL $$; : {}"
        before = self.modes_seen_by("--tty", "-q", "-c", ": {}", ":::", "a")
        after = self.modes_seen_by("--tty", "-q", "-c", job, ":::", "a")
        self.assertEqual(before, after)

    def modes_seen_by(self, *words):
        """The modes behind a run, as a shell in the same session sees them."""
        self.begin("-c", '"$@"; stty -g > modes', "sh", self.program, *words, program="sh")
        self.finish()
        return (self.folder / "modes").read_text()

    def assert_terminal_is_given_back(self, words):
        """The shell that ran it reads what is typed behind it."""
        self.begin("-c", f'"$1" {words}; read x; echo "got $x"', "sh", self.program, program="sh")
        self.type(b"typed\n")
        _, shown = self.finish()
        self.assertIn(b"got typed", shown)

    def test_a_timeout_gives_the_terminal_back(self):
        self.assert_terminal_is_given_back("-q --tty --timeout 1s sleep ::: 1000")

    def test_a_command_that_is_missing_leaves_the_terminal(self):
        self.assert_terminal_is_given_back("--tty no-such-command ::: a")

    def test_what_is_refused(self):
        for words, naming in (
            (["--tty", "-j2", "echo", ":::", "a"], "-j 1"),
            (["--tty", "--pipe", "cat"], "--pipe"),
        ):
            self.assert_unusable(*words, naming=naming)
        self.begin("--tty", "echo")
        status, shown = self.finish()
        self.assertEqual(status, 250)
        self.assertIn(b"give items behind :::", shown)

    def test_without_a_terminal_it_is_refused(self):
        process = self.launch("--tty", "echo", ":::", "a", preexec_fn=os.setsid)
        _, err = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 250)
        self.assertIn(b"--tty: there is no terminal", err)


class WantedTerminalTest(OnTerminal):
    """Without --tty."""

    def test_a_job_that_wants_it_is_named_at_once(self):
        """With what gives it, and long before it is ended."""
        self.begin("--grace", "1000s", "-j1", "-c", "read x </dev/tty; : {}", ":::", "1")
        self.read_until(b"1 (job 1) wants the terminal, which jobs have with --tty alone")
        self.type(CTRL_C)
        self.type(CTRL_C)
        self.assertEqual(self.finish()[0], 130)

    def test_it_is_ended_after_the_grace(self):
        self.begin("--grace", "100ms", "-j1", "-c", "read x </dev/tty; : {}", ":::", "1")
        status, shown = self.finish()
        self.assertEqual(status, 1)
        self.assertIn(b"(job 1): it wanted the terminal", shown)

    def test_one_that_somebody_lets_go_on_is_not_ended(self):
        job = "echo $$ > new; mv new pid; kill -TTIN $$; sleep 1.5; : {}"
        self.begin("--grace", "1s", "-j1", "-c", job, ":::", "1")
        self.read_until(b"wants the terminal")
        os.kill(int((self.folder / "pid").read_text()), signal.SIGCONT)
        self.assertEqual(self.finish()[0], 0)


if __name__ == "__main__":
    main()
