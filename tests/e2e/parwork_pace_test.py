"""The command-line tool: what holds starts back."""

import signal
import time
import unittest

from harness import LIMIT, main
from tool import ToolTest


class DelayTest(ToolTest):
    def starts(self):
        return sorted(each["start"] for each in self.log_lines() if each["event"] == "start")

    def assert_apart(self, least):
        starts = self.starts()
        between = [after - before for before, after in zip(starts, starts[1:])]
        self.assertTrue(all(each >= least - 0.001 for each in between), between)

    def test_so_much_passes_between_two_starts_of_any_slots(self):
        self.assert_out(
            "1\n2\n3\n4\n",
            "-k",
            "-j4",
            "--delay",
            "50ms",
            "--log",
            "log",
            "echo",
            items="1\n2\n3\n4\n",
        )
        self.assert_apart(0.05)

    def test_further_attempts_are_starts(self):
        status, _, _ = self.parwork(
            "-q", "-j4", "--retries", "1", "--delay", "30ms", "--log", "log", "false", ":::", *"ab"
        )
        self.assertEqual((status, len(self.starts())), (2, 4))
        self.assert_apart(0.03)

    def test_a_timeout_counts_from_the_start(self):
        status, out, _ = self.parwork(
            "-k", "-j2", "--timeout", "20s", "--delay", "300ms", "echo", ":::", *"abc"
        )
        self.assertEqual((status, out), (0, b"a\nb\nc\n"))

    def waiting(self, *options):
        """One job has ended, and the next one may start in an hour."""
        process = self.launch("-j4", "--delay", "1h", *options, "echo", ":::", *"abc")
        self.assertEqual(process.stdout.readline(), b"a\n")
        return process

    def test_a_run_that_waits_can_be_ended(self):
        process = self.waiting()
        process.terminate()
        self.assertEqual(process.wait(timeout=LIMIT), 143)
        self.assertIn(b"1 done, 2 not started", process.stderr.read())

    def test_a_run_that_waits_can_be_stopped_and_go_on(self):
        process = self.waiting()
        process.send_signal(signal.SIGTSTP)
        while self.state(process.pid) != "T":
            time.sleep(0.005)
        process.send_signal(signal.SIGCONT)
        while self.state(process.pid) == "T":
            time.sleep(0.005)
        process.terminate()
        self.assertEqual(process.wait(timeout=LIMIT), 143)

    @staticmethod
    def state(pid):
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0]

    def test_a_halt_does_not_wait(self):
        status, _, _ = self.parwork(
            "-q", "-j4", "--delay", "1h", "--halt", "soon,done=1", "echo", ":::", *"abc"
        )
        self.assertEqual(status, 0)

    def test_a_killed_run_goes_on_where_it_was_with_its_delay(self):
        process = self.waiting("--journal", "j")
        process.kill()
        process.wait()
        status, out, _ = self.parwork("resume", "j", "--delay", "0")
        self.assertEqual((status, set(out.split()[-2:])), (0, {b"b", b"c"}))

    def test_the_commands_alone_are_shown_at_once(self):
        self.assert_out("echo a\necho b\n", "--dry-run", "--delay", "1h", "echo", ":::", *"ab")

    def test_what_is_no_time_is_refused(self):
        for wrong in ("", "x", "-1", "1 s", "1d"):
            with self.subTest(wrong):
                self.assert_unusable("--delay", wrong, "echo", ":::", "a", naming="--delay: ")


class BusyTest(ToolTest):
    """What others do to the machine cannot be known here: only what holds beside anything."""

    def test_nothing_is_held_back_where_there_is_enough(self):
        self.assert_out(
            "a\nb\nc\n", "-k", "-j3", "--load", "100000", "--memfree", "1K", "echo", ":::", *"abc"
        )
        self.assert_out("a\n", "--load", "100000%", "--memfree", "0.001%", "echo", ":::", "a")

    def held_back(self, *options):
        """Says once that nothing is started, and can be ended. What it said."""
        process = self.launch("-j2", *options, "echo", ":::", *"abc")
        said = process.stderr.readline().decode()
        self.assertTrue(said.startswith("parwork: no job is started for now: "), said)
        process.terminate()
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, out), (143, b""))
        self.assertEqual(err, b"parwork: interrupted: 0 done, 3 not started\n")
        return said

    def test_a_busy_machine(self):
        for _ in range(3):
            self.launch("-c", "while :; do :; done", program="sh")
        self.assertIn(
            "threads want a CPU, and --load allows 0.001", self.held_back("--load", "0.001")
        )

    def test_memory_that_is_short(self):
        self.assertIn("--memfree wants", self.held_back("--memfree", "100%"))

    def test_more_memory_than_there_is(self):
        self.assert_unusable(
            "--memfree", "900000G", "echo", ":::", "a", naming="--memfree: there are only"
        )

    def test_what_means_nothing_is_refused(self):
        for option in ("--load", "--memfree"):
            for wrong in ("", "0", "-1", "x", "0%", "1x"):
                with self.subTest((option, wrong)):
                    self.assert_unusable(option, wrong, "echo", ":::", "a", naming=f"{option}: ")
        self.assert_unusable("--memfree", "101%", "echo", ":::", "a", naming="1% to 100%")

    def test_output_that_may_have_to_be_taken_back_is_held(self):
        self.assert_out(
            "a\nb\n", "--output", "line", "--memfree", "1K", "-c", "echo a; echo {}", ":::", "b"
        )

    def test_the_commands_alone(self):
        self.assert_out(
            "echo a\n", "--dry-run", "--load", "0.0001", "--memfree", "100%", "echo", ":::", "a"
        )

    def test_a_killed_run_goes_on(self):
        process = self.launch("--journal", "j", "--memfree", "100%", "echo", ":::", *"ab")
        process.stderr.readline()
        process.kill()
        process.wait()
        words = ["run", "--resume", "--journal", "j", "--memfree", "1K"]  # there may be none yet
        status, out, _ = self.parwork(*words, "echo", ":::", *"ab")
        self.assertEqual((status, sorted(out.split())), (0, [b"a", b"b"]))


if __name__ == "__main__":
    main()
