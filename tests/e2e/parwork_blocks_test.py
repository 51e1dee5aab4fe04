"""The command-line tool: blocks of the input as the standard input of jobs."""

import hashlib
import os
import signal
import subprocess
import unittest

from harness import LIMIT, default_signals, main
from tool import ToolTest


def lines(count):
    return "".join(f"{number}\n" for number in range(count)).encode()


class BlocksTest(ToolTest):
    def each_input(self, content):
        """Functions that run the tool with the same input: as a file, as one on standard input, and
        through a pipe."""
        self.file("in", content)

        def of_file(*arguments, **options):
            return self.run_pipe("-a", "in", *arguments, **options)

        def redirected(*arguments, **options):
            with open(self.folder / "in", "rb") as stream:
                return self.run_pipe(*arguments, stdin=stream, **options)

        def through_pipe(*arguments, **options):
            return self.run_pipe(*arguments, items=content, **options)

        return of_file, redirected, through_pipe

    def run_pipe(self, *arguments, items=None, stdin=subprocess.DEVNULL, status=0):
        """Runs it with --pipe. Returns standard output as bytes, standard error as text."""
        options = {"input": items} if items is not None else {"stdin": stdin}
        done = subprocess.run(
            [self.program, "--pipe", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            timeout=LIMIT,
            preexec_fn=default_signals,
            check=False,
            **options,
        )
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout, done.stderr.decode()

    def test_all_blocks_are_the_input(self):
        content = lines(200_000)
        for run in self.each_input(content):
            for size in (["-n", "20000"], ["--block", "1000"], ["--block", "64K"], []):
                with self.subTest(run.__name__, size=size):
                    out, _ = run("-k", "-j3", *size, "cat")
                    self.assertEqual(hashlib.md5(out).digest(), hashlib.md5(content).digest())

    def test_blocks_have_whole_records_and_numbers(self):
        for run in self.each_input(b"a\nb\nc\nd\ne"):
            out, _ = run("-k", "--block", "4", "-c", "echo block {#}; cat")
            self.assertEqual(out, b"block 1\na\nb\nblock 2\nc\nd\nblock 3\ne")

    def test_so_many_records(self):
        for run in self.each_input(b"1\n2\n3\n4\n5\n"):
            out, _ = run("-k", "-n2", "-c", "wc -l")
            self.assertEqual(out.split(), [b"2", b"2", b"1"])

    def test_other_ends_of_records(self):
        out, _ = self.run_pipe("-k", "-0", "-n1", "-c", "tr '\\0\\n' '.!'", items=b"a\nb\0c\0")
        self.assertEqual(out, b"a!b.c.")
        out, _ = self.run_pipe(
            "-k", "-d", "--", "--block", "4", "-c", "cat; echo", items=b"a--b--c--"
        )
        self.assertEqual(out, b"a--\nb--\nc--\n")

    def test_a_record_that_is_larger_than_a_block(self):
        long = b"x" * 300_000 + b"\n"
        for run in self.each_input(b"a\n" + long + b"b\n"):
            out, _ = run("-k", "--block", "1K", "wc", "-c")
            self.assertEqual([int(each) for each in out.split()], [2, len(long), 2])

    def test_no_input_no_job(self):
        for run in self.each_input(b""):
            self.assertEqual(run("echo", "job"), (b"", ""))

    def test_a_header_goes_before_each_block(self):
        for run in self.each_input(b"name\na\nb\nc\n"):
            out, _ = run("-k", "--header", "-n2", "-c", "echo =; cat")
            self.assertEqual(out, b"=\nname\na\nb\n=\nname\nc\n")

    def test_a_job_need_not_read_its_input(self):
        content = lines(500_000)
        for run in self.each_input(content):
            out, err = run("-k", "--block", "1M", "-c", "head -n 1; true")
            self.assertEqual(out.splitlines()[0], b"0")
            self.assertEqual((len(out.splitlines()), err), (4, ""))

    def test_a_pipe_that_cannot_be_written_reaches_no_job_as_a_signal(self):
        """PIPE is ignored by the tool, and as it was for its jobs."""
        out, _ = self.run_pipe("grep", "SigIgn", "/proc/self/status", items=b"a\n")
        mask = int(out.split()[1], 16)
        self.assertFalse(mask >> (signal.SIGPIPE - 1) & 1)

    def test_many_slots(self):
        content = lines(100_000)
        for run in self.each_input(content):
            out, _ = run("-j50", "--block", "2K", "cat")
            self.assertEqual(sorted(out.split()), sorted(content.split()))

    def test_a_block_of_a_file_takes_no_memory(self):
        self.file("in")
        os.truncate(self.folder / "in", 200_000_000)
        self.fifo("go")
        process = self.launch("--pipe", "--block=1G", "-a", "in", "-c", "wc -c; read x < go")
        with open(self.folder / "go", "w") as go:  # opens when the job has read all
            peak = self.peak_of(process)
            go.write("\n")
        out, _ = process.communicate(timeout=LIMIT)
        self.assertEqual(int(out), 200_000_000)
        self.assertLess(peak, 64 * 1024)

    @staticmethod
    def peak_of(process):
        """Resident memory at most, in KiB."""
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            return int(next(line.split()[1] for line in status if line.startswith("VmHWM")))

    def test_memory_is_bounded(self):
        """An endless producer, and jobs that wait: blocks that run, and a few behind them."""
        self.fifo("go")
        producer = subprocess.Popen(["yes"], stdout=subprocess.PIPE)
        process = self.launch(
            *("--pipe", "-j2", "-c", "head -c 10 > /dev/null; echo . >> begun; read x < go"),
            stdin=producer.stdout,
        )
        producer.stdout.close()
        with open(self.folder / "go", "w"):  # opens when a job has
            pass
        peak = self.peak_of(process)
        process.kill()
        process.wait()
        producer.kill()
        producer.wait()
        self.assertLess(peak, 64 * 1024)

    def test_a_retried_job_gets_its_block_again(self):
        job = 'cat > "got$PARWORK_ATTEMPT-$PARWORK_SEQ"; [ $PARWORK_ATTEMPT = 3 ]'
        for run in self.each_input(b"a\nb\n"):
            run("--retries", "2", "-n1", "-c", job)
            for attempt in "123":
                for sequence, text in (("1", b"a\n"), ("2", b"b\n")):
                    got = self.folder / f"got{attempt}-{sequence}"
                    self.assertEqual(got.read_bytes(), text)
                    got.unlink()

    def test_failed_blocks_are_named_by_their_number(self):
        out, err = self.run_pipe("-n1", "-c", "grep -v b", items=b"a\nb\n", status=1)
        self.assertEqual(out, b"a\n")
        self.assertIn("block 2 (job 2): exit 1", err)
        self.assertNotIn("again:", err)

    def test_a_log_names_blocks(self):
        self.run_pipe("-n1", "--log", "log", "--tag", "cat", items=b"a\nb\n")
        self.assertEqual(sorted(each["item"] for each in self.ends()), ["block 1", "block 2"])

    def test_a_journal_knows_blocks_by_their_bytes(self):
        for run in self.each_input(b"a\nb\nc\n"):
            journal = ["--journal", f"{run.__name__}.j", "-j1", "-k", "-n1"]
            job = ["-c", 'cat; echo . >> runs; [ ! -e "fail" ]']
            self.file("fail")
            out, _ = run(*("--halt", "now,fail=2"), *journal, *job, status=2)
            self.assertEqual(out, b"a\nb\n")
            (self.folder / "fail").unlink()
            status, out, err = self.parwork("resume", f"{run.__name__}.j", "--retry-failed")
            self.assertEqual((status, out), (0, b"a\nb\nc\n"), err)
            self.assertEqual((self.folder / "runs").read_text(), ".\n" * 5)
            (self.folder / "runs").unlink()
            _, out, _ = self.parwork("results", f"{run.__name__}.j", "--tag")
            digest = hashlib.sha256(b"a\n").hexdigest()
            self.assertEqual(out.splitlines()[0], f"block of 2 bytes, SHA-256 {digest}\ta".encode())

    def test_of_a_pipe_that_was_broken_off_each_block_is_done_once(self):
        """A run is killed while its producer has more to give."""
        job = "cat; [ {#} != 2 ] || [ -e calm ] || kill -9 $PPID"
        words = ["--pipe", "-n2", "-j1", "-k", "--journal", "j", "-c", job]
        reader, writer = os.pipe()
        os.write(writer, b"a\nb\nc\nd\ne\n")
        process = self.launch(*words, stdin=reader)
        process.communicate(timeout=LIMIT)
        os.close(reader)
        os.close(writer)
        self.assertEqual(process.returncode, -signal.SIGKILL)
        self.file("calm")
        status, _, err = self.parwork("resume", "j")
        self.assertEqual(status, 250, err)
        _, out, _ = self.parwork("results", "j")
        self.assertEqual(out, b"a\nb\nc\nd\n")  # where the block of e ends nobody knows
        whole = b"a\nb\nc\nd\ne\nf\n"
        self.assert_out("e\nf\n", *words[:-2], "--resume", *words[-2:], items=whole)

    def test_a_journal_refuses_other_blocks(self):
        self.run_pipe("--journal", "j", "-n1", "cat", items=b"a\nb\n")
        self.file("in", b"a\nb\n")
        self.assert_unusable(
            *("--pipe", "--journal", "j", "--resume", "-n2", "-a", "in", "cat"), naming="j"
        )

    def test_results(self):
        self.run_pipe("-n1", "--results", "all", "-c", "cat", items=b"a\nb\n")
        self.assertEqual((self.folder / "all/2/stdout").read_bytes(), b"b\n")
        self.assertEqual((self.folder / "all/2/item").read_bytes(), b"block 2")

    def test_dry_run(self):
        out, _ = self.run_pipe("-k", "-n1", "--dry-run", "sort", "-o", "{#}", items=b"a\nb\n")
        self.assertEqual(out, b"sort -o 1\nsort -o 2\n")

    def test_the_total_of_a_file_is_known(self):
        self.file("in", lines(10))
        out, err = self.run_pipe(
            *("-j1", "-n2", "-a", "in", "--halt", "soon,done=40%", "-c", "cat"), status=0
        )
        self.assertEqual(out, lines(4))

    def test_a_file_that_becomes_shorter_ends_the_run(self):
        self.file("in", b"x" * 3_000_000 + b"\n")
        job = "head -c 1000000; : > in; cat"
        status, _, err = self.parwork("--pipe", "-a", "in", "-c", job)
        self.assertEqual(status, 250)
        self.assertIn("became shorter", err)

    def test_what_is_refused(self):
        for words, naming in (
            (["--block", "1K", "cat"], "--pipe"),
            (["--pipe", "cat", ":::", "a"], ":::"),
            (["--pipe", "cat", ":::", "a", ":::", "b"], ":::"),
            (["--pipe", "-C", ",", "cat"], "-C"),
            (["--pipe", "--csv", "cat"], "--csv"),
            (["--pipe", "--skip-blank", "cat"], "--skip-blank"),
            (["--pipe", "-n", "fit", "cat"], "-n fit"),
            (["--pipe", "-n", "3", "--block", "1K", "cat"], "--block and -n"),
            (["--pipe", "--block", "0", "cat"], "--block"),
            (["--pipe", "cat", "{}"], "{#}"),
            (["--pipe", "cat", "{1}"], "{#}"),
            (["--pipe", "-c", "cat {/}"], "{#}"),
        ):
            with self.subTest(words):
                self.assert_unusable(*words, naming=naming)

    def test_a_brace_is_text_as_ever(self):
        out, _ = self.run_pipe("-c", "echo {{}", items=b"a\n")
        self.assertEqual(out, b"{}\n")


if __name__ == "__main__":
    main()
