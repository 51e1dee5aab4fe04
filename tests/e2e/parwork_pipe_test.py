"""The command-line tool: items from a pipe, which a journal keeps ahead of the jobs."""

import os
import signal
import subprocess

from harness import LIMIT, main
from tool import ToolTest

KILL = '[ -e good ] || { kill -9 $PPID; exec sleep 1000; }; echo "$1" >> done; echo "$1"'
COUNT = 400


def items_of(count):
    return "".join(f"{n}\n" for n in range(count)).encode()


class PipeTest(ToolTest):
    def wait_for_copy(self, size, name="j-input"):
        copy = self.folder / name
        while not copy.exists() or copy.stat().st_size < size:
            os.sched_yield()

    def go_on(self):
        self.file("good")
        return self.parwork("resume", "-k", "-j4", "j")

    def test_a_list_that_had_ended_is_done_to_its_end(self):
        items = items_of(COUNT)
        go = self.fifo("go")
        first = self.launch(
            *("-j1", "--journal", "j", "sh", "-c", KILL.replace("kill", "read x < go; kill"), "sh"),
            stdin=subprocess.PIPE,
        )
        first.stdin.write(items)
        first.stdin.close()
        first.stdin = None
        run_file = self.folder / "j-run"
        while not run_file.exists() or b"input_ended" not in run_file.read_bytes():
            os.sched_yield()
        go.write_text("\n")
        self.assertEqual(first.wait(timeout=LIMIT), -signal.SIGKILL)
        status, out, err = self.go_on()
        self.assertEqual((status, out, err), (0, items, ""))

    def test_one_that_was_interrupted_too(self):
        items = items_of(COUNT)
        script = 'echo >> begun; [ -e good ] || exec sleep 1000; echo "$1"'
        read_end, write_end = os.pipe()
        os.write(write_end, items)
        os.close(write_end)
        first = self.launch("-j1", "--journal", "j", "sh", "-c", script, "sh", stdin=read_end)
        os.close(read_end)
        while not (self.folder / "begun").exists():
            os.sched_yield()
        first.send_signal(signal.SIGINT)
        _, err = first.communicate(timeout=LIMIT)
        self.assertEqual(first.returncode, 130)
        self.assertIn(b"0 done, 1 interrupted, 399 not started", err)
        status, out, err = self.go_on()
        self.assertEqual((status, out, err), (0, items, ""))

    def test_of_one_that_had_not_ended_whole_items_are_done(self):
        first = self.launch("-j1", "--journal", "j", "sh", "-c", KILL, "sh", stdin=subprocess.PIPE)
        first.stdin.write(b"1\n2\nunfinish")
        first.stdin.flush()
        self.assertEqual(first.wait(timeout=LIMIT), -signal.SIGKILL)
        copy = (self.folder / "j-input").read_bytes()
        status, out, err = self.go_on()
        self.assertEqual(status, 250)
        self.assertEqual(out, copy[: copy.rfind(b"\n") + 1])
        self.assertIn("came from a pipe", err)
        self.file("good")
        status, out, err = self.parwork(
            *("-kj1", "--journal", "j", "--resume", "sh", "-c", KILL, "sh"), items="1\n2\n3\n"
        )
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(sorted((self.folder / "done").read_text().split()), ["1", "2", "3"])
        self.assertEqual((self.folder / "j-input").read_bytes(), b"1\n2\n3\n")

    def test_without_the_copy_the_input_is_asked_for(self):
        self.parwork("--journal", "j", "false", items="1\n2\n")
        (self.folder / "j-input").unlink()
        self.assert_unusable("resume", "j", naming="give the whole input")

    def test_a_here_document_and_a_deleted_file_are_kept(self):
        big = items_of(20_000)  # more than a pipe holds
        self.file("items", big)
        with (self.folder / "items").open("rb") as items:
            (self.folder / "items").unlink()
            first = self.launch(
                *("-j1", "--journal", "j", "--halt", "now,done=1", "sh", "-c", 'echo "$1"', "sh"),
                stdin=items,
            )
        out, _ = first.communicate(timeout=LIMIT)
        self.assertEqual(out, b"0\n")
        self.assertEqual((self.folder / "j-input").read_bytes(), big)
        self.assertEqual(self.parwork("resume", "--dry-run", "j")[1].count(b"\n"), 20_000)

    def test_a_fifo_is_a_pipe(self):
        fifo = self.fifo("fifo")
        first = self.launch("-kj1", "--journal", "j", "-a", "fifo", "sh", "-c", KILL, "sh")
        fifo.write_bytes(b"1\n2\n3\n")
        self.assertEqual(first.wait(timeout=LIMIT), -signal.SIGKILL)
        status, out, _ = self.go_on()
        if status == 0:  # it had seen the end
            self.assertEqual(out, b"1\n2\n3\n")

    def test_delimiters_of_the_copy_are_those_of_the_run(self):
        self.parwork("-0", "--journal", "j", "false", items=b"a\nb\0c\0")
        status, _, err = self.parwork("resume", "--retry-failed", "j")
        self.assertEqual(status, 2)
        self.assertIn("2 of 2 failed", err)

    def test_an_endless_producer_is_kept_until_the_run_ends(self):
        producer = subprocess.Popen(
            ["sh", "-c", "while echo x; do sleep 0.001; done"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(producer.wait)
        self.addCleanup(producer.kill)
        first = self.launch(
            "-j1", "--journal", "j", "--halt", "now,done=5", "echo", stdin=producer.stdout
        )
        producer.stdout.close()
        out, err = first.communicate(timeout=LIMIT)
        self.assertEqual((first.returncode, out), (0, b"x\n" * 5), err)

    def test_a_dry_run_keeps_nothing(self):
        self.assert_out("echo 1\n", "--dry-run", "--journal", "j", "echo", items="1\n")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_what_lies_in_the_place_of_the_copy_is_replaced(self):
        os.symlink("/dev/full", self.folder / "j-input")
        status, _, err = self.parwork("--journal", "j", "echo", items="1\n")
        self.assertEqual(status, 0, err)
        self.assertFalse((self.folder / "j-input").is_symlink())

    def test_a_disk_without_room_is_named(self):
        """A limit of the size of files stands for it. The first job waits until the copy is there,
        when the journal, which has keys of finished items, is far from it."""
        items = b"".join(b"x" * 100_000 + b"\n" for _ in range(40))
        wait = 'until [ "$(stat -c %s j-input)" -ge 1000000 ]; do sleep 0.01; done'
        done = subprocess.run(
            ["sh", "-c", 'ulimit -f 2048; exec "$@"', "sh", self.program]
            + ["--journal", "j", "-j1", "-c", f"{wait}; : {{}}"],
            input=items,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            timeout=LIMIT,
            check=False,
        )
        self.assertEqual(done.returncode, 250, done.stderr)
        self.assertIn(b"j-input cannot be written", done.stderr)
        self.assertIn(b"make room there, or give the items by -a FILE", done.stderr)


class LogOnStandardOutputTest(ToolTest):
    def test_it_stands_between_the_outputs_of_jobs(self):
        status, out, err = self.parwork("-kj1", "--log", "-", "echo", ":::", "a", "b")
        self.assertEqual((status, err), (0, ""))
        lines = out.decode().splitlines()
        self.assertEqual([line for line in lines if not line.startswith("{")], ["a", "b"])
        self.assertEqual(sum('"event":"end"' in line for line in lines), 2)
        self.assertFalse((self.folder / "-").exists())

    def test_what_does_not_go_with_it_is_refused(self):
        self.assert_unusable("--log", "-", "--journal", "j", "echo", naming="--log -")
        self.assert_unusable("--log", "-", "--output", "raw", "echo", naming="--log -")
        self.assert_unusable("--log", "", "echo", naming="--log")


if __name__ == "__main__":
    main()
