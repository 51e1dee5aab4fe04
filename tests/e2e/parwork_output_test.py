"""The command-line tool: what jobs write, and how it comes out."""

import os
import resource
import signal
import subprocess
import unittest

from harness import LIMIT, main
from tool import UNUSABLE, ToolTest

TWO_STREAMS = 'printf "out%s\\n" "$1"; printf "err%s\\n" "$1" >&2'
BIG = 300_000  # bytes: more than a pipe holds, and no multiple of a block


def big(letter):
    return letter.encode() * BIG


class LateOutputTest(ToolTest):
    """A process that a job has started may still hold its output when the job ends."""

    def test_what_a_log_pipe_passes_on_behind_the_end_is_shown(self):
        # The helper waits for the end of the job, and writes then.
        script = "(while kill -0 $$ 2>/dev/null; do :; done; echo late) & echo first; : {}"
        err = self.assert_out("first\nlate\n", "-c", script, ":::", "1")
        self.assertEqual(err, "")

    def test_one_that_goes_on_is_not_waited_for_and_that_is_said(self):
        script = "sleep 4713 & echo $! >> pids; echo first; : {}"
        err = self.assert_out("first\n" * 2, "-j1", "-c", script, ":::", "1", "2")
        for pid in (self.folder / "pids").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        self.assertIn("still holds its output", err)
        self.assertEqual(err.count("\n"), 1, err)

    def test_quiet_says_nothing(self):
        script = "sleep 4714 & echo $! > pid; echo first; : {}"
        self.assertEqual(self.assert_out("first\n", "-q", "-c", script, ":::", "1"), "")
        os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)


class GroupTest(ToolTest):
    def test_both_streams_come_out_on_their_own(self):
        status, out, err = self.parwork("-k", "sh", "-c", TWO_STREAMS, "sh", items="1\n2\n")
        self.assertEqual((status, out, err), (0, b"out1\nout2\n", "err1\nerr2\n"))

    def test_bytes_are_unaltered(self):
        every = bytes(range(256)) * 5
        self.file("bytes", every)
        self.assert_out(every * 2, "cat", ":::", "bytes", "bytes")

    def test_outputs_of_concurrent_jobs_are_never_mixed(self):
        script = self.script("big", f'head -c {BIG} /dev/zero | tr "\\0" "$1"\n')
        status, out, _ = self.parwork("-j4", script, ":::", *"abcdefgh")
        self.assertEqual((status, len(out)), (0, 8 * BIG))
        parts = {out[at : at + BIG] for at in range(0, len(out), BIG)}
        self.assertEqual(parts, {big(letter) for letter in "abcdefgh"})

    def test_a_job_shows_when_it_ends_and_not_before(self):
        go = self.fifo("go")
        process = self.launch(
            "-j2",
            "sh",
            "-c",
            'echo begun; [ "$1" = quick ] || read x < go; echo over',
            "sh",
            ":::",
            "slow",
            "quick",
        )
        self.assertEqual([process.stdout.readline() for _ in range(2)], [b"begun\n", b"over\n"])
        go.write_text("\n")
        self.assertEqual(process.communicate(timeout=LIMIT)[0], b"begun\nover\n")

    def test_the_end_is_the_processs_and_not_a_grandchilds(self):
        process = self.launch("sh", "-c", "echo here; sleep 1000 & echo $! > pid", ":::", "x")
        out, _ = process.communicate(timeout=LIMIT)
        pid = int((self.folder / "pid").read_text())
        self.addCleanup(os.kill, pid, signal.SIGKILL)
        self.assertEqual((process.returncode, out), (0, b"here\n"))
        self.assertTrue(self.is_alive(pid))  # it was none of ours to end


class OrderTest(ToolTest):
    def test_keep_order_shows_outputs_in_the_order_of_the_items(self):
        # Each job waits for the one behind it.
        for each in range(1, 5):
            self.fifo(f"{each}")
        wait = 'read x < "$1"; echo "$1"'
        process = self.launch(
            "-k",
            "-j5",
            "sh",
            "-c",
            f'[ "$1" = 5 ] || {{ {wait}; }}; [ "$1" = 1 ] || '
            'echo > "$(($1 - 1))"; [ "$1" != 5 ] || echo 5',
            "sh",
            ":::",
            *"12345",
        )
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, out), (0, b"1\n2\n3\n4\n5\n"), err)

    def test_without_it_outputs_come_in_the_order_of_completion(self):
        go = self.fifo("go")
        process = self.launch(
            "-j2", "sh", "-c", '[ "$1" = 2 ] || read x < go; echo "$1"', "sh", ":::", "1", "2"
        )
        self.assertEqual(process.stdout.readline(), b"2\n")
        go.write_text("\n")
        self.assertEqual(process.communicate(timeout=LIMIT)[0], b"1\n")

    def test_behind_a_slow_job_so_many_run_ahead(self):
        for options, most in ((["--ahead", "8"], 8), ([], 200)):  # 100 for each of two workers
            with self.subTest(options):
                go = self.fifo("go")
                items = [str(n) for n in range(1, 2 * most)]
                script = '[ "$1" != 1 ] || read x < go; echo "$1" >> started; echo "$1"'
                process = self.launch(
                    "-k", "-j2", *options, "sh", "-c", script, "sh", ":::", *items
                )
                self.wait_for_lines("started", most - 1)
                # Nothing tells that no further one will start: what tells is that none has when the
                # slow one is released.
                before = len((self.folder / "started").read_text().splitlines())
                go.write_text("\n")
                out, _ = process.communicate(timeout=LIMIT)
                self.assertLessEqual(before, most)
                self.assertEqual(out.decode().split(), items)
                go.unlink()
                (self.folder / "started").unlink()

    def wait_for_lines(self, name, count):
        path = self.folder / name
        while not path.exists() or len(path.read_text().splitlines()) < count:
            os.sched_yield()

    def test_open_files_do_not_grow_with_finished_jobs(self):
        def few_files():
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

        go = self.fifo("go")
        script = '[ "$1" != 1 ] || read x < go; echo "$1"; [ "$1" != 500 ] || echo > go'
        process = subprocess.Popen(
            [
                self.program,
                "-k",
                "-j2",
                "--ahead",
                "1000",
                "--buffer",
                "1K",
                "sh",
                "-c",
                script,
                "sh",
                ":::",
                *[str(n) for n in range(1, 501)],
            ],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=few_files,
        )
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual(
            (process.returncode, out.decode().split()), (0, [str(n) for n in range(1, 501)]), err
        )
        self.assertTrue(go.exists())


class BufferTest(ToolTest):
    def hold(self, *options, folder=None):
        """Six outputs of 300 kB behind a slow job. Returns status, output, error text."""
        self.fifo("go")
        script = self.script(
            "job",
            '[ "$1" != a ] || read x < go\n'
            f'head -c {BIG} /dev/zero | tr "\\0" "$1"\n'
            '[ "$1" != f ] || { ls -l /proc/$PPID/fd > files; echo > go; }\n',
        )
        env = {"TMPDIR": str(folder)} if folder else {}
        return self.parwork("-k", "-j2", *options, script, ":::", *"abcdef", env=env)

    def test_what_does_not_fit_into_memory_goes_to_one_file_without_a_name(self):
        spill = self.folder / "spill"
        spill.mkdir()
        status, out, err = self.hold("--buffer", "100K", folder=spill)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out, b"".join(big(letter) for letter in "abcdef"))
        files = [
            line for line in (self.folder / "files").read_text().splitlines() if str(spill) in line
        ]
        self.assertEqual(len(files), 1, files)
        self.assertIn("(deleted)", files[0])
        self.assertEqual(list(spill.iterdir()), [])

    def test_what_fits_stays_in_memory(self):
        spill = self.folder / "spill"
        spill.mkdir()
        status, out, _ = self.hold(folder=spill)
        self.assertEqual((status, len(out)), (0, 6 * BIG))
        self.assertNotIn(str(spill), (self.folder / "files").read_text())

    def held(self, megabytes, *options):
        """So much output behind a slow job. Returns the most memory the tool had, in MiB, and
        whether it had a file."""
        self.fifo("go")
        script = self.script(
            "job",
            'if [ "$1" = wait ]; then read x < go; else head -c 1000000 /dev/zero; fi\n'
            '[ "$1" != last ] || { cat /proc/$PPID/status > status; ls -l /proc/$PPID/fd > files; echo > go; }\n',
        )
        status, out, err = self.parwork(
            "-k", "-j2", *options, script, ":::", "wait", *["x"] * (megabytes - 1), "last"
        )
        self.assertEqual((status, len(out), err), (0, megabytes * 1_000_000, ""))
        for line in (self.folder / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                kilobytes = int(line.split()[1])
        spilled = "(deleted)" in (self.folder / "files").read_text()
        for name in ("go", "job", "status", "files"):
            (self.folder / name).unlink()
        return kilobytes >> 10, spilled

    @unittest.skipIf(os.environ.get("PARWORK_SANITIZED") == "1", "shadow memory counts too")
    def test_so_much_is_held_in_memory_and_no_more(self):
        memory, spilled = self.held(60)
        self.assertFalse(spilled)
        self.assertGreater(memory, 55)
        memory, spilled = self.held(100)  # 64 MiB by default
        self.assertTrue(spilled)
        self.assertLess(memory, 64 + 16)
        memory, spilled = self.held(60, "--buffer", "1M")
        self.assertTrue(spilled)
        self.assertLess(memory, 1 + 16)

    def test_a_folder_that_is_missing_is_named(self):
        status, out, err = self.hold_without_wait(
            "--buffer", "100K", env={"TMPDIR": "/no/such/folder"}
        )
        self.assertEqual(status, UNUSABLE, err)
        self.assertIn("/no/such/folder", err)
        self.assertIn("--buffer", err)

    def hold_without_wait(self, *options, env):
        return self.parwork(*options, "head", "-c", str(BIG), ":::", "/dev/zero", env=env)

    def test_no_buffer_at_all(self):
        self.assert_out("1\n2\n3\n", "-k", "--buffer", "0", "echo", ":::", "1", "2", "3")


class LineTest(ToolTest):
    def test_whole_lines_come_out_while_the_job_runs(self):
        go = self.fifo("go")
        process = self.launch(
            "--output", "line", "sh", "-c", "printf 'a\\nb'; read x < go; echo c", ":::", "x"
        )
        self.assertEqual(process.stdout.readline(), b"a\n")
        go.write_text("\n")
        self.assertEqual(process.communicate(timeout=LIMIT)[0], b"bc\n")

    def test_lines_of_concurrent_jobs_are_never_mixed(self):
        line = "x" * 3000
        status, out, _ = self.parwork(
            "-j4",
            "--output",
            "line",
            "sh",
            "-c",
            f'for i in $(seq 200); do echo "$1 {line}"; done',
            "sh",
            ":::",
            *"abcd",
        )
        self.assertEqual(status, 0)
        self.assertEqual(
            sorted(out.decode().splitlines()), sorted(f"{each} {line}" for each in "abcd" * 200)
        )

    def test_a_last_line_without_its_end_comes_out_as_it_is(self):
        self.assert_out("ab", "--output", "line", "printf", "%s", ":::", "ab")

    def test_keep_order_shows_the_job_whose_turn_it_is_while_it_runs(self):
        go = self.fifo("go")
        process = self.launch(
            "-k",
            "-j2",
            "--output",
            "line",
            "sh",
            "-c",
            'echo "$1"; [ "$1" = 2 ] || read x < go; echo "$1"',
            "sh",
            ":::",
            "1",
            "2",
        )
        self.assertEqual(process.stdout.readline(), b"1\n")
        go.write_text("\n")
        self.assertEqual(process.communicate(timeout=LIMIT)[0], b"1\n2\n2\n")


class RawTest(ToolTest):
    def test_bytes_come_out_at_once(self):
        go = self.fifo("go")
        process = self.launch(
            "--output", "raw", "sh", "-c", "printf a; read x < go; printf b", ":::", "x"
        )
        self.assertEqual(process.stdout.read(1), b"a")
        go.write_text("\n")
        self.assertEqual(process.communicate(timeout=LIMIT)[0], b"b")

    def test_contradictions(self):
        self.assert_unusable("--output", "raw", "-k", "echo", naming="-k")
        self.assert_unusable("--output", "raw", "--tag", "echo", naming="--tag")
        self.assert_unusable("--output", "some", "echo", naming="group, line, raw")


class TagTest(ToolTest):
    def test_each_line_of_both_streams_bears_the_item(self):
        for mode in ("group", "line"):
            with self.subTest(mode):
                status, out, err = self.parwork(
                    "-k",
                    "--tag",
                    "--output",
                    mode,
                    "sh",
                    "-c",
                    TWO_STREAMS + "; printf 'x\\ny'",
                    "sh",
                    items="1 2\n",
                )
                self.assertEqual(
                    (status, out, err), (0, b"1 2\tout1 2\n1 2\tx\n1 2\ty", "1 2\terr1 2\n")
                )

    def test_no_output_has_no_tag(self):
        self.assert_out("", "--tag", "true", ":::", "a")


class LostTest(ToolTest):
    """What cannot be written is an error, never lost silently."""

    def test_a_full_disk(self):
        for mode in ("group", "line", "raw"):
            with self.subTest(mode), open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [self.program, "--output", mode, "echo", ":::", "a", "b", "c"],
                    stdout=full,
                    stderr=subprocess.PIPE,
                    timeout=LIMIT,
                    check=False,
                )
                self.assertEqual(done.returncode, UNUSABLE)
                self.assertIn(
                    b"standard output cannot be written: No space left on device", done.stderr
                )

    def test_a_full_disk_behind_standard_error(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [self.program, "sh", "-c", "echo lost >&2", ":::", "a"],
                stderr=full,
                timeout=LIMIT,
                check=False,
            )
        self.assertEqual(done.returncode, UNUSABLE)

    def test_a_full_disk_behind_help(self):
        for words in (["--help"], ["run", "--help"], ["--version"]):
            with self.subTest(words), open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [self.program, *words],
                    stdout=full,
                    stderr=subprocess.PIPE,
                    timeout=LIMIT,
                    check=False,
                )
                self.assertEqual(done.returncode, UNUSABLE)

    def test_a_reader_that_is_gone_ends_the_run(self):
        """As `yes | parwork echo | head -1`: an endless input, and nothing said."""
        producer = subprocess.Popen(["yes"], stdout=subprocess.PIPE)
        self.addCleanup(producer.wait)
        self.addCleanup(producer.kill)
        process = self.launch("echo", stdin=producer.stdout)
        producer.stdout.close()
        self.assertEqual(process.stdout.readline(), b"y\n")
        process.stdout.close()
        self.assertEqual((process.wait(timeout=LIMIT), process.stderr.read()), (141, b""))

    def test_a_closed_standard_output(self):
        done = subprocess.run(
            ["sh", "-c", '"$0" echo ::: a >&-', self.program],
            stderr=subprocess.PIPE,
            timeout=LIMIT,
            check=False,
        )
        self.assertEqual(done.returncode, UNUSABLE)
        self.assertIn(b"standard output cannot be written", done.stderr)

    def test_jobs_see_a_broken_pipe_as_they_would_without(self):
        self.assert_out("y\n", "-c", "yes {} | head -1", ":::", "y")


class RetriedTest(ToolTest):
    FAILS_ONCE = 'echo "attempt $PARWORK_ATTEMPT"; echo "oops $PARWORK_ATTEMPT" >&2; [ $PARWORK_ATTEMPT = 2 ]'

    def test_only_the_last_attempts_output_is_shown(self):
        for mode in ("group", "line", "raw"):
            with self.subTest(mode):
                status, out, err = self.parwork(
                    "--output", mode, "--retries", "3", "sh", "-c", self.FAILS_ONCE, ":::", "x"
                )
                self.assertEqual((status, out, err), (0, b"attempt 2\n", "oops 2\n"))

    def test_earlier_ones_go_to_the_log(self):
        self.parwork("--log", "log", "--retries", "3", "sh", "-c", self.FAILS_ONCE, ":::", "x")
        first, last = self.ends()
        self.assertEqual(
            (first["out"], first["err"], first["exit"]), ("attempt 1\n", "oops 1\n", 1)
        )
        self.assertNotIn("out", last)


if __name__ == "__main__":
    main()
