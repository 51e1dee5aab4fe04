"""The command-line tool: what jobs have started outside of their process groups."""

import os
import signal
import subprocess
import sys
import time
import unittest

from harness import LIMIT, main
from tool import ToolTest

# Leaves the group of its job, as timeout(1) does, says its number in the file that is named, and
# waits for good.
APART = """
import os, signal, sys
{leave}
{before}
new = f"new{{os.getpid()}}"
with open(new, "w") as file:
    file.write(str(os.getpid()))
os.rename(new, sys.argv[1])
while True:
    signal.pause()
"""


class TreeTest(ToolTest):
    def wait_until(self, condition):
        end = time.monotonic() + LIMIT
        while not condition():
            self.assertLess(time.monotonic(), end, "in vain")
            time.sleep(0.005)

    def apart(self, name, before="", leave="os.setpgid(0, 0)"):
        """A command that leaves the group of its job."""
        script = self.file(
            f"script-{hash((before, leave))}", APART.format(leave=leave, before=before)
        )
        return f'"{sys.executable}" "{script}" {name}'

    def pid(self, name):
        self.wait_until(lambda: (self.folder / name).exists())
        return int((self.folder / name).read_text())

    def assert_ends(self, pid):
        self.wait_until(lambda: not self.is_alive(pid))

    def run_until(self, name, *arguments, then, **options):
        """Starts it, and when the file is there does `then`. Returns its status and standard
        error."""
        process = self.launch(*arguments, **options)
        self.pid(name)
        then(process)
        _, err = process.communicate(timeout=LIMIT)
        return process.returncode, err.decode()

    @staticmethod
    def interrupt(process):
        process.send_signal(signal.SIGINT)

    def test_a_child_in_a_group_of_its_own_ends_with_an_interrupted_job(self):
        job = f"{self.apart('pid')}; : {{}}"
        status, _ = self.run_until("pid", "-c", job, ":::", "a", then=self.interrupt)
        self.assertEqual(status, 130)
        self.assertFalse(self.is_alive(self.pid("pid")))

    def test_the_child_of_timeout_does(self):
        job = (
            "timeout 1000 sh -c 'echo \"$$\" > new; mv new pid; while :; do sleep 0.01; done'; : {}"
        )
        self.run_until("pid", "-c", job, ":::", "a", then=self.interrupt)
        self.assertFalse(self.is_alive(self.pid("pid")))

    def test_on_a_timeout(self):
        while not (self.folder / "pid").exists():
            status, _, err = self.parwork(
                "--timeout", "1s", "-c", f"{self.apart('pid')}; : {{}}", ":::", "a"
            )
            self.assertEqual(status, 1)
            self.assertIn("timed out", err)
        self.assertFalse(self.is_alive(self.pid("pid")))

    def test_on_a_halt(self):
        self.fifo("go")
        job = f"[ {{}} = a ] || {{ read x < go; exit 1; }}; {self.apart('pid')}"

        def release(_):
            with open(self.folder / "go", "w") as go:
                go.write("\n")

        self.run_until(
            "pid", "-j2", "--halt", "now,fail=1", "-c", job, ":::", "a", "b", then=release
        )
        self.assertFalse(self.is_alive(self.pid("pid")))

    def test_one_whose_parent_has_gone_is_found_by_its_environment(self):
        self.fifo("go")
        job = f"({self.apart('pid')} &); read x < go; : {{}}"
        self.run_until("pid", "-c", job, ":::", "a", then=self.interrupt)
        self.assertFalse(self.is_alive(self.pid("pid")))

    def test_a_stubborn_one_is_killed_after_the_grace(self):
        job = self.apart("pid", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
        for mark in ("--grace=100ms", "--grace=0"):
            with self.subTest(mark):
                (self.folder / "pid").unlink(missing_ok=True)
                self.run_until("pid", mark, "-c", f"{job}; : {{}}", ":::", "a", then=self.interrupt)
                self.assert_ends(self.pid("pid"))

    def test_it_has_its_grace(self):
        """To write what it has."""
        tidy = (
            "signal.signal(signal.SIGTERM, "
            "lambda *_: (open('tidied', 'w').close(), os._exit(0)))"
        )
        self.run_until(
            "pid", "-c", f"{self.apart('pid', tidy)}; : {{}}", ":::", "a", then=self.interrupt
        )
        self.wait_until(lambda: (self.folder / "tidied").exists())

    def test_quit_kills_it_at_once(self):
        stubborn = self.apart("pid", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
        self.run_until(
            "pid",
            *("--grace", "1000s", "-c", f"{stubborn}; : {{}}", ":::", "a"),
            then=lambda process: process.send_signal(signal.SIGQUIT),
        )
        self.assert_ends(self.pid("pid"))

    def test_a_daemon_is_left_and_named(self):
        self.fifo("go")
        job = f"({self.apart('pid', leave='os.setsid()')} &); read x < go; : {{}}"
        _, err = self.run_until("pid", "-v", "-c", job, ":::", "a", then=self.interrupt)
        daemon = self.pid("pid")
        self.addCleanup(os.kill, daemon, signal.SIGKILL)
        self.assertTrue(self.is_alive(daemon))
        self.assertIn("a (job 1) has started a daemon, which is left: ", err)
        self.assertIn(f"(process {daemon})", err)

    def test_a_child_with_a_session_of_its_own_is_none(self):
        """Its parent has not gone."""
        job = f"{self.apart('pid', leave='os.setsid()')}; : {{}}"
        self.run_until("pid", "-c", job, ":::", "a", then=self.interrupt)
        self.assert_ends(self.pid("pid"))

    def test_off(self):
        self.run_until(
            "pid",
            *("--kill-tree", "off", "-c", f"{self.apart('pid')}; : {{}}", ":::", "a"),
            then=self.interrupt,
        )
        pid = self.pid("pid")
        self.assertTrue(self.is_alive(pid))
        os.kill(pid, signal.SIGKILL)

    def test_it_is_on_or_off(self):
        self.assert_unusable("--kill-tree", "yes", "echo", ":::", "a", naming="--kill-tree: 'yes'")

    def test_a_run_within_ends_its_jobs_itself(self):
        """They are interrupted, and none of them has failed."""
        inner = f"{self.program} --log inner {self.apart('pid')} ::: x"
        self.run_until("pid", "-c", f"{inner}; : {{}}", ":::", "a", then=self.interrupt)
        self.assert_ends(self.pid("pid"))
        self.wait_until(lambda: len(self.log_lines("inner")) == 4)
        self.assertEqual([each["why"] for each in self.ends("inner")], ["interrupted"])

    def test_what_a_job_leaves_when_it_ends_by_itself_stays(self):
        job = f"{self.apart('pid')} >/dev/null 2>&1 & until [ -e pid ]; do sleep 0.01; done; : {{}}"
        self.assert_out("", "-c", job, ":::", "a")
        pid = self.pid("pid")
        self.assertTrue(self.is_alive(pid))
        os.kill(pid, signal.SIGKILL)

    def test_no_dead_orphan_stays(self):
        """The first job leaves children that end; the second one sees that they are taken."""
        leave = "for i in 1 2 3; do (sh -c 'echo $$ >> pids' &); done; "
        wait = (
            "until [ $(wc -l < pids) = 3 ]; do sleep 0.01; done; "
            "for pid in $(cat pids); do while [ -e /proc/$pid ]; do sleep 0.01; done; done; "
            "echo taken"
        )
        self.assert_out(
            "taken\n", "-j1", "-c", f"case {{}} in 1) {leave};; 2) {wait};; esac", ":::", "1", "2"
        )

    def test_no_dead_orphan_stays_with_process_1(self):
        """Of a container: it adopts them without having asked for it."""
        apart = ["unshare", "-p", "-f", "--mount-proc"]
        if subprocess.run([*apart, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("no namespace of processes may be made here")
        job = (
            "(sh -c 'echo $$ > pid' &); until [ -s pid ]; do sleep 0.01; done; "
            "while [ -e /proc/$(cat pid) ]; do sleep 0.01; done; echo taken {}"
        )
        process = self.launch(
            *(*apart[1:], self.program, "--kill-tree", "off", "-c", job, ":::", "a"),
            program="unshare",
        )
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, out), (0, b"taken a\n"), err)

    def test_many_jobs_at_once(self):
        (self.folder / "done").mkdir()
        process = self.launch(
            "-q", "-j20", "-c", f"{self.apart('done/')}{{}}; :", ":::", *map(str, range(20))
        )
        self.wait_until(lambda: len(list((self.folder / "done").iterdir())) == 20)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 130)
        for each in (self.folder / "done").iterdir():
            self.assertFalse(self.is_alive(int(each.read_text())))


if __name__ == "__main__":
    main()
