"""The command-line tool: what its caller has set up is respected, and mistakes are answered."""

import os
import pty
import resource
import signal
import subprocess
import unittest

from harness import LIMIT, main
from tool import ToolTest


class IgnoredSignalsTest(ToolTest):
    """As nohup, and as a shell does for what a script runs in the background."""

    def test_they_stay_ignored_for_the_tool_and_for_its_jobs(self):
        ignored = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGTSTP)

        def ignore():
            for each in ignored:
                signal.signal(each, signal.SIG_IGN)

        self.fifo("go")
        process = subprocess.Popen(
            [self.program, "sh", "-c", "grep SigIgn /proc/self/status; read x <go", ":::", "a"],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=ignore,
        )
        self.addCleanup(self._end, process)
        with open(self.folder / "go", "w") as go:  # opens when the job has
            for each in ignored:
                process.send_signal(each)
            go.write("x\n")
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, err), (0, b""))
        mask = int(out.split()[1], 16)
        for each in ignored:
            self.assertTrue(mask >> (each - 1) & 1, each)


class StandardInputTest(ToolTest):
    def stopped_after_one(self, stream):
        process = self.launch("-j1", "--journal", "j", "--halt", "now,done=1", "echo", stdin=stream)
        out, _ = process.communicate(timeout=LIMIT)
        return out

    def resumed(self):
        status, out, err = self.parwork("resume", "j", "--halt", "now,done=100")
        return status, out, err

    def test_resume_begins_where_the_first_run_did(self):
        self.file("items", b"header\na\nb\nc\n")
        with open(self.folder / "items", "rb") as stream:
            os.lseek(stream.fileno(), len(b"header\n"), os.SEEK_SET)
            self.assertEqual(self.stopped_after_one(stream), b"a\n")
        self.assertEqual(self.resumed(), (0, b"b\nc\n", ""))

    def test_a_deleted_file_is_read_as_a_pipe_is(self):
        self.file("items", b"a\nb\nc\n")
        with open(self.folder / "items", "rb") as stream:
            (self.folder / "items").unlink()
            self.assertEqual(self.stopped_after_one(stream), b"a\n")
        _, out, err = self.resumed()
        self.assertNotIn("(deleted)", err)
        self.assertNotIn(b"a\n", out)

    def test_a_current_folder_that_is_gone(self):
        done = subprocess.run(
            [
                "sh",
                "-c",
                'mkdir d; cd d; rmdir ../d; exec "$0" --journal ../j echo ::: a',
                self.program,
            ],
            cwd=self.folder,
            stderr=subprocess.PIPE,
            timeout=LIMIT,
            check=False,
        )
        self.assertEqual(done.returncode, 250)
        self.assertNotIn(b"filesystem error", done.stderr)


class TerminalTest(ToolTest):
    def test_a_job_that_wants_it_is_named_and_ended(self):
        pid, terminal = pty.fork()
        if pid == 0:
            words = ["-j1", "--grace=50ms", "-c", "read x </dev/tty; echo $x {}", ":::", "1"]
            os.execv(self.program, [str(self.program), *words])
        shown = b""
        try:
            while part := os.read(terminal, 65536):
                shown += part
        except OSError:  # how a terminal says that nobody has it open any more
            pass
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 1, shown)
        self.assertIn(b"1 (job 1) wants the terminal, which jobs have with --tty alone", shown)


class LimitsTest(ToolTest):
    def test_a_limit_of_file_sizes_is_an_error_of_the_file(self):
        job = ["-c", "yes {} | head -c 3000000; sh -c 'kill -XFSZ $$'; echo $? >&2", ":::", "1"]
        for options, expected, said in (
            (["--buffer", "1M"], 250, "File too large"),
            (["--journal", "j"], 250, "the file j-output cannot be written: File too large"),
            (["--log", "log"], 0, "153"),  # is small; and a job gets the signal as its caller did
        ):
            with self.subTest(options):
                status, out, err = self.run_program(
                    "-c",
                    'ulimit -f 100; "$0" "$@" | wc -c; exit ${PIPESTATUS[0]}',
                    self.program,
                    *options,
                    *job,
                    program="bash",
                    cwd=self.folder,
                )
                self.assertEqual(status, expected, err)
                self.assertIn(said, err)
                if status == 0:
                    self.assertEqual(out.strip(), b"3000000")

    @unittest.skipIf(
        os.environ.get("PARWORK_SANITIZED") == "1",
        "the check of virtual calls needs a pipe to see whether memory can be read",
    )
    def test_too_few_open_files_for_any_job_are_refused_at_once(self):
        done = subprocess.run(
            [self.program, "-j4", "sh", "-c", ":", ":::", *"abcdefgh"],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10)),
            timeout=LIMIT,
            check=False,
        )
        self.assertEqual(done.returncode, 250, done.stderr)
        self.assertIn(b"open", done.stderr)
        self.assertLess(len(done.stderr.splitlines()), 3)


class MistakesTest(ToolTest):
    def test_a_mistyped_subcommand(self):
        status, out, err = self.parwork("repot", "x")
        self.assertEqual((status, out), (127, b""))
        self.assertIn("did you mean 'parwork report'?", err)

    def test_a_string_for_a_shell_without_its_option(self):
        status, _, err = self.parwork("echo {} | wc -c", ":::", "a")
        self.assertEqual(status, 127)
        self.assertIn("-c", err)

    def test_options_of_other_tools(self):
        for theirs, ours in (
            ("-P", "-j N"),
            ("-I", "{}"),
            ("-L", "-n N"),
            ("-u", "--output raw"),
            ("--jobs", "-j N"),
            ("--bar", "--progress on"),
            ("--colsep", "-C SEP"),
            ("-X", "-n fit"),
            ("--link", ":::+"),
            ("--joblog", "--log FILE"),
            ("--dryrun", "--dry-run"),
            ("--halt-on-error", "--halt now,fail=1"),
            ("--pipepart", "--pipe, with -a FILE"),
            ("--open-tty", "--tty"),
            ("--files", "--results DIR"),
            ("--interactive", "--dry-run"),
            ("--succ-cmd-file", "--resume"),
            ("--no-kill-exes", "--kill-tree off"),
            ("--exec-batch", "-n fit"),
            ("--max-depth", "fd finds files"),
            ("--semaphore", "left out"),
        ):
            with self.subTest(theirs):
                self.assert_unusable(theirs, "1", "echo", naming=f"{theirs}; here: {ours}")

    def test_dry_run_writes_no_file(self):
        self.assert_out(
            "touch 'a b'\n",
            "--journal",
            "j",
            "--log",
            "l",
            "--report",
            "r.html",
            "--dry-run",
            "touch",
            "{}",
            ":::",
            "a b",
        )
        self.assertEqual(list(self.folder.iterdir()), [])


class ShellStringsTest(ToolTest):
    def test_arguments_are_the_item(self):
        self.assert_out("a\n", "-c", "echo ${1%.*}", ":::", "a.b")
        self.assert_out("got a\n", "-c", 'f() { echo "got ${1}"; }; f {}', ":::", "a")
        self.assert_out("b,a\n", "-C,", "-c", 'echo "$2,$1"', ":::", "a,b")

    def test_no_item_is_run_or_left_out(self):
        for command in ("echo;", "x=1", "echo &", "(echo)", "echo # {}", "echo #", " ", "echo \\"):
            with self.subTest(command):
                self.assert_unusable("-c", command, ":::", "ls", naming="--shell")


if __name__ == "__main__":
    main()
