"""The command-line tool: time limits, signals, and what becomes of jobs when it ends."""

import fcntl
import os
import signal
import termios
import time
import unittest

from harness import LIMIT, Terminal, main
from tool import ToolTest

# Says its number, and waits for good; "stubborn" ones do not mind TERM.
WAIT = 'echo $$ > "pid$1"; echo "begun $1" >> begun; while :; do sleep 0.01; done'
STUBBORN = "trap '' TERM; " + WAIT
DEAF = "trap '' TERM; : > deaf; " + WAIT


class Waiting(ToolTest):
    def wait_until(self, condition):
        end = time.monotonic() + LIMIT
        while not condition():
            self.assertLess(time.monotonic(), end, "in vain")
            time.sleep(0.005)

    def begun(self):
        path = self.folder / "begun"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def pid(self, name):
        return int((self.folder / f"pid{name}").read_text())


class TimeoutTest(Waiting):
    def parwork_until(self, name, *arguments):
        """Runs until the job has made the file in time: a busy machine may need some runs."""
        while True:
            got = self.parwork(*arguments)
            if (self.folder / name).exists():
                return got

    def test_a_job_that_takes_too_long_is_ended(self):
        status, out, err = self.parwork(
            "-k",
            "-j2",
            "--timeout",
            "2s",
            "--log",
            "log",
            "sh",
            "-c",
            'echo "$1"; sleep "$1"',
            "sh",
            ":::",
            "1000",
            "0",
        )
        self.assertEqual((status, out), (1, b"1000\n0\n"))  # its output is shown
        self.assertIn("1000 (job 1): timed out, killed by signal 15 (TERM)", err)
        late = [each for each in self.ends() if each["item"] == "1000"]
        self.assertEqual(
            [(each["why"], each["signal"], each["exit"]) for each in late], [("timeout", 15, None)]
        )
        self.assertGreaterEqual(late[0]["dur"], 2)

    def test_without_one_a_job_may_take_its_time(self):
        self.assert_out("", "sleep", ":::", "0.3")

    def test_after_the_grace_it_is_killed(self):
        _, _, err = self.parwork_until(
            "deaf", "--timeout", "50ms", "--grace", "100ms", "-c", DEAF + "; {}", ":::", "x"
        )
        self.assertIn("timed out, killed by signal 9 (KILL)", err)

    def test_the_grace_is_five_seconds(self):
        self.parwork_until(
            "deaf", "-q", "--timeout", "50ms", "--log", "log", "-c", DEAF + "; {}", ":::", "x"
        )
        self.assertGreaterEqual(self.ends()[-1]["dur"], 5.05)
        self.assertLess(self.ends()[-1]["dur"], 30)

    def test_a_job_can_use_its_grace(self):
        _, out, err = self.parwork_until(
            "ready",
            "--timeout",
            "50ms",
            "sh",
            "-c",
            "trap 'echo tidy; exit 3' TERM; : > ready; while :; do sleep 0.01; done",
            ":::",
            "x",
        )
        self.assertEqual(out, b"tidy\n")
        self.assertIn("timed out, exit 3", err)

    def test_the_whole_group_is_ended(self):
        self.parwork_until(
            "pid",
            "-q",
            "--timeout",
            "300ms",
            "sh",
            "-c",
            "sleep 1000 & echo $! > new && mv new pid; wait",
            ":::",
            "x",
        )
        self.wait_until(lambda: not self.is_alive(self.pid("")))

    def test_what_a_dead_leader_leaves_of_its_group_is_killed_too(self):
        self.parwork_until(
            "pid",
            "-q",
            "--timeout",
            "300ms",
            "--grace",
            "100ms",
            "sh",
            "-c",
            "(trap '' TERM; sh -c 'echo $PPID > new'; mv new pid; while :; do sleep 0.01; done) & "
            "wait",
            ":::",
            "x",
        )
        self.wait_until(lambda: not self.is_alive(self.pid("")))

    def test_each_attempt_has_its_own(self):
        self.parwork(
            "-q", "--timeout", "50ms", "--retries", "1", "--log", "log", "sleep", ":::", "1000"
        )
        self.assertEqual([each["why"] for each in self.ends()], ["timeout", "timeout"])

    def test_units(self):
        for text in ("1", "1.5", "1s", "1500ms", "1m", "1h", "0.5h"):
            self.assert_out(
                "", "--timeout", text, "--grace", text, "--retry-delay", text, "true", ":::", "a"
            )
        for text in ("", "x", "1d", "-1", "1 s", "1e3s", "nan"):
            with self.subTest(text):
                self.assert_unusable("--timeout", text, "true", naming="--timeout")


class SignalTest(Waiting):
    def run_and_send(self, number, *options, script=WAIT, items="12345", workers=2):
        process = self.launch(f"-j{workers}", *options, "sh", "-c", script, "sh", ":::", *items)
        self.wait_until(lambda: self.begun() >= workers)
        process.send_signal(number)
        return process

    def test_a_signal_ends_the_jobs_and_the_run(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            with self.subTest(number):
                process = self.run_and_send(number)
                out, err = process.communicate(timeout=LIMIT)
                self.assertEqual((process.returncode, out), (status, b""))
                self.assertEqual(
                    err, b"parwork: interrupted: 0 done, 2 interrupted, 3 not started\n"
                )
                self.assertFalse(self.is_alive(self.pid(1)) or self.is_alive(self.pid(2)))
                (self.folder / "begun").unlink()

    def test_done_and_interrupted_and_not_started_are_told_apart(self):
        process = self.run_and_send(
            signal.SIGINT,
            script='case $1 in 1|2|3) echo "$1";; *) ' + WAIT + ";; esac",
            items="123456789",
        )
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, sorted(out.split())), (130, [b"1", b"2", b"3"]))
        self.assertIn(b"3 done, 2 interrupted, 4 not started", err)

    def test_what_was_not_read_is_said(self):
        process = self.launch("-j1", "sh", "-c", WAIT, "sh", stdin=-1)
        process.stdin.write(b"1\n2\n")
        process.stdin.flush()
        self.wait_until(self.begun)
        process.terminate()
        self.assertEqual(process.wait(timeout=LIMIT), 143)
        self.assertIn(b"rest not read", process.stderr.read())

    def test_it_waits_for_input_in_vain_no_longer(self):
        process = self.launch("echo", stdin=-1)
        process.stdin.write(b"1\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"1\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=LIMIT), 130)

    def test_output_of_interrupted_jobs_is_shown(self):
        for mode in ("group", "line", "raw"):
            with self.subTest(mode):
                process = self.run_and_send(
                    signal.SIGTERM,
                    "--output",
                    mode,
                    workers=1,
                    items="1",
                    script='printf "line\\npart"; ' + WAIT,
                )
                out, _ = process.communicate(timeout=LIMIT)
                self.assertEqual((process.returncode, out), (143, b"line\npart"))
                (self.folder / "begun").unlink()

    def test_jobs_have_their_grace(self):
        process = self.run_and_send(
            signal.SIGTERM, workers=1, items="1", script="trap 'echo tidy; exit' TERM; " + WAIT
        )
        out, _ = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, out), (143, b"tidy\n"))

    def test_and_are_killed_after_it(self):
        process = self.run_and_send(signal.SIGTERM, "--grace", "100ms", script=STUBBORN)
        self.assertEqual(process.wait(timeout=LIMIT), 143)
        self.assertFalse(self.is_alive(self.pid(1)) or self.is_alive(self.pid(2)))

    def test_a_second_signal_kills_at_once(self):
        for second in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(second):
                process = self.run_and_send(
                    signal.SIGINT, "--grace", "1h", script="trap 'echo x >> got' TERM; " + WAIT
                )
                got = self.folder / "got"
                self.wait_until(lambda: got.exists() and len(got.read_text()) >= 4)
                process.send_signal(second)
                self.assertEqual(process.wait(timeout=LIMIT), 130)
                self.assertFalse(self.is_alive(self.pid(1)) or self.is_alive(self.pid(2)))
                got.unlink()
                (self.folder / "begun").unlink()

    def test_quit_kills_at_once(self):
        process = self.run_and_send(
            signal.SIGQUIT,
            "--grace",
            "1h",
            script="(trap '' TERM QUIT; exec sleep 1000) & echo $! > \"pidchild$1\"; " + STUBBORN,
        )
        _, err = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 131)
        self.assertEqual(err, b"parwork: interrupted: 0 done, 2 interrupted, 3 not started\n")
        for name in (1, 2, "child1", "child2"):
            self.wait_until(lambda: not self.is_alive(self.pid(name)))

    def test_whole_groups_are_ended(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                process = self.run_and_send(
                    number,
                    workers=1,
                    items="1",
                    script="(echo x; exec sleep 1000) & echo $! > pidchild; " + WAIT,
                )
                process.communicate(timeout=LIMIT)
                self.wait_until(lambda: not self.is_alive(self.pid("child")))
                (self.folder / "begun").unlink()

    def test_a_job_has_a_group_of_its_own(self):
        process = self.launch("-j2", "sh", "-c", WAIT, "sh", ":::", "1", "2")
        self.wait_until(lambda: self.begun() == 2)
        for each in (1, 2):
            self.assertEqual(os.getpgid(self.pid(each)), self.pid(each))
        process.terminate()

    def test_stopped_jobs_are_ended_too(self):
        process = self.launch("-j1", "sh", "-c", WAIT, "sh", ":::", "1")
        self.wait_until(self.begun)
        os.kill(self.pid(1), signal.SIGSTOP)
        process.terminate()
        self.assertEqual(process.wait(timeout=LIMIT), 143)

    def test_the_log_says_interrupted(self):
        process = self.run_and_send(signal.SIGINT, "--log", "log")
        process.communicate(timeout=LIMIT)
        self.assertEqual(
            {(each["why"], each["signal"]) for each in self.ends()}, {("interrupted", 15)}
        )
        summary = self.log_lines()[-1]
        self.assertEqual(
            (summary["event"], summary["interrupted"], summary["not_started"], summary["status"]),
            ("summary", 2, 3, 130),
        )

    def test_suspended_with_its_jobs(self):
        # Jobs that start nothing themselves: a shell whose child is stopped between vfork and exec
        # waits in state D.
        process = self.run_and_send(
            signal.SIGTSTP, script='echo $$ > "pid$1"; echo >> begun; exec sleep 1000'
        )

        def state(pid):
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0]

        self.wait_until(
            lambda: all(state(each) == "T" for each in (process.pid, self.pid(1), self.pid(2)))
        )
        process.send_signal(signal.SIGCONT)
        self.wait_until(
            lambda: "T" not in [state(each) for each in (process.pid, self.pid(1), self.pid(2))]
        )
        process.terminate()
        self.assertEqual(process.wait(timeout=LIMIT), 143)

    def test_a_time_that_is_stopped_is_in_no_timeout(self):
        os.mkfifo(self.folder / "go")
        process = self.launch(
            "--timeout", "8s", "sh", "-c", "echo >> begun; read line < go", ":::", "1"
        )
        self.wait_until(lambda: self.begun() == 1)
        process.send_signal(signal.SIGTSTP)
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status))
        time.sleep(9)  # this long is the case
        process.send_signal(signal.SIGCONT)
        go = os.open(self.folder / "go", os.O_RDWR)  # not waiting for a job that is gone
        self.addCleanup(os.close, go)
        os.write(go, b"on\n")
        self.assertEqual(process.wait(timeout=LIMIT), 0)


class KilledTest(Waiting):
    def test_jobs_die_with_a_runner_that_is_killed(self):
        process = self.launch("-j3", "sh", "-c", STUBBORN, "sh", ":::", "1", "2", "3")
        self.wait_until(lambda: self.begun() == 3)
        process.kill()
        process.wait()
        self.wait_until(lambda: not any(self.is_alive(self.pid(each)) for each in (1, 2, 3)))

    def test_a_job_does_not_die_because_another_one_ended(self):
        """The death of the thread that started it would kill it."""
        status, out, _ = self.parwork(
            "-k",
            "-j4",
            "sh",
            "-c",
            'sleep "0.$1"; echo "$1"',
            "sh",
            items="".join(f"{n}\n" for n in (5, 0, 0, 0, 0, 0, 4, 0, 0, 0)),
        )
        self.assertEqual((status, out.split()), (0, b"5 0 0 0 0 0 4 0 0 0".split()))


class CtrlCTest(Waiting):
    @staticmethod
    def take_terminal():
        """In the child: a session of its own, with standard input as its terminal."""
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def press(self, key, script):
        """While two of three jobs run. Returns status, standard output and what was shown."""
        terminal = Terminal()
        process = self.launch(
            *("-j2", "sh", "-c", script, "sh", ":::", *"123"),
            stdin=terminal.end,
            stderr=terminal.end,
            preexec_fn=self.take_terminal,
        )
        self.wait_until(lambda: self.begun() == 2)
        terminal.started()
        os.write(terminal.ours, key)
        out, _ = process.communicate(timeout=LIMIT)
        return process.returncode, out, terminal.read_all()

    def test_ctrl_backslash_on_a_terminal(self):
        script = "sleep 1000 & echo $! > pidchild$1; echo >> begun; wait"
        self.assertEqual(self.press(b"\x1c", script)[0], 131)
        for each in (1, 2):
            self.wait_until(lambda: not self.is_alive(self.pid(f"child{each}")))

    def test_ctrl_c_on_a_terminal(self):
        """The terminal sends INT to its foreground group alone, which no job belongs to."""
        status, out, shown = self.press(b"\x03", "trap 'echo got INT' INT; " + WAIT)
        self.assertEqual((status, out), (130, b""))
        self.assertIn(b"0 done, 2 interrupted, 1 not started", shown)


if __name__ == "__main__":
    main()
