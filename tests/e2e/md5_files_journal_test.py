#!/usr/bin/env python3
"""md5_files --journal: killed at any instant and started again it prints what md5sum does, and
reads only the rest."""

import hashlib
import os
import re
import signal
import subprocess
import unittest

import harness

FILES = 240
KILLS = 5


class Md5FilesJournalTest(harness.ProgramTest):
    def setUp(self):
        super().setUp()
        self.journal = self.folder / "hashes.db"

    def make_files(self, count, size=1_500_000):
        """Files of different contents, mostly holes: little room, and some work each."""
        root = self.folder / "tree"
        for number in range(count):
            path = root / str(number % 9) / f"file {number}"
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "wb") as file:
                file.write(b"%d" % number)
                file.truncate(size)
        return root

    def run_with_journal(self):
        """Status, output, and how many files were read and how many taken from the journal."""
        status, out, err = self.run_program("--journal", self.journal, "tree", cwd=self.folder)
        return status, out, self.counts(err)

    def counts(self, err):
        counts = re.search(
            r"(\d+) files read, (\d+) taken from the journal " + re.escape(str(self.journal)), err
        )
        self.assertIsNotNone(counts, err)
        return int(counts.group(1)), int(counts.group(2))

    def kill_when_recorded(self, wanted, workers):
        """Kills a run once so many records can be read in its journal; it may have ended before."""
        process = self.start(
            "--journal",
            self.journal,
            "--workers",
            workers,
            "tree",
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with process:
            while process.poll() is None and harness.records(self.journal) < wanted:
                pass
            process.send_signal(signal.SIGKILL)
        return process.returncode

    def kill_when_printed(self, wanted, workers):
        """Kills a run once so many bytes of its output have been read."""
        process = self.start(
            "--journal",
            self.journal,
            "--workers",
            workers,
            "tree",
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with process:
            process.stdout.read(wanted)
            process.send_signal(signal.SIGKILL)
        return process.returncode

    def expected_output(self):
        """That of a run without a journal, once md5sum agrees with it line by line."""
        status, out, err = self.run_program("tree", cwd=self.folder)
        self.assertEqual(status, 0, err)
        names = [line.split(b"  ", 1)[1] for line in out.splitlines()]
        self.assertEqual(len(names), FILES)
        self.assertEqual(
            subprocess.run(
                ["md5sum", "--", *names],
                cwd=self.folder,
                check=True,
                capture_output=True,
                timeout=harness.LIMIT,
            ).stdout,
            out,
        )
        return out

    def test_killed_run_goes_on_and_its_output_is_md5sums(self):
        self.make_files(FILES)
        expected = self.expected_output()
        draw = harness.seeded_random()
        killed = done = 0
        for _ in range(KILLS):
            wanted = done + draw.randint(1, max(1, (FILES - done) // 2))
            workers = str(draw.randint(1, 3))
            if draw.random() < 0.5:
                status = self.kill_when_recorded(wanted, workers)
            else:
                status = self.kill_when_printed(len(expected) * wanted // FILES, workers)
            self.assertIn(status, [-signal.SIGKILL, 0])
            killed += status != 0
            done = harness.records_after_kill(self.journal)
            print(f"after {'a kill' if status else 'the end'}: {done} records", flush=True)
        self.assertGreater(killed, 0)
        status, out, (read, taken) = self.run_with_journal()
        self.assertEqual((status, read, taken), (0, FILES - done, done))
        self.assertEqual(out, expected)

    def test_run_that_was_finished_reads_nothing_again(self):
        self.make_files(20, size=10)
        first = self.run_with_journal()
        self.assertEqual((first[0], first[2]), (0, (20, 0)))
        self.assertEqual(self.run_with_journal(), (0, first[1], (0, 20)))

    def test_files_that_were_written_to_are_read_again(self):
        root = self.make_files(20, size=10)
        self.run_with_journal()
        (root / "0" / "file 9").write_bytes(b"changed")
        (root / "new").write_bytes(b"new")
        (root / "1" / "file 1").unlink()
        status, out, counts = self.run_with_journal()
        self.assertEqual((status, counts, out.count(b"\n")), (0, (2, 18), 20))
        self.assertIn(hashlib.md5(b"changed").hexdigest().encode() + b"  tree/0/file 9\n", out)
        self.assertNotIn(b"tree/1/file 1\n", out)

    def test_unreadable_files_are_tried_again(self):
        root = self.make_files(5, size=10)
        self.journal = self.folder / "anybody's" / "hashes.db"
        self.journal.parent.mkdir()
        self.journal.parent.chmod(0o777)
        (root / "3" / "file 3").chmod(0)
        status, out, err = self.run_unprivileged("--journal", self.journal, "tree")
        self.assertEqual((status, out.count(b"\n"), self.counts(err)), (1, 4, (5, 0)))
        (root / "3" / "file 3").chmod(0o644)
        status, out, err = self.run_unprivileged("--journal", self.journal, "tree")
        self.assertEqual((status, out.count(b"\n"), self.counts(err)), (0, 5, (1, 4)))

    def test_journal_that_is_in_use_is_refused_with_its_holder(self):
        root = self.make_files(1, size=10)
        with open(root / "endless", "wb") as endless:
            endless.truncate(1 << 40)  # no disk space, and hours of hashing
        holder = self.start(
            "--journal",
            self.journal,
            "tree",
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with holder:
            lock = f"{self.journal}-lock"
            while holder.poll() is None and not (os.path.exists(lock) and os.path.getsize(lock)):
                pass
            status, out, err = self.run_program("--journal", self.journal, "tree", cwd=self.folder)
            holder.send_signal(signal.SIGKILL)
        self.assertEqual((status, out), (1, b""), err)
        self.assertIn(f"is in use by process {holder.pid}", err)

    def test_journal_below_a_directory_to_hash_is_refused(self):
        self.make_files(1)
        for file in ["tree/hashes.db", "tree/../tree/0/x"]:
            self.assert_refused(
                "--journal", file, "tree", naming="lies below a directory", cwd=self.folder
            )
            self.assertFalse((self.folder / file).exists())
        self.assert_refused("--journal=", "tree", naming="--journal", cwd=self.folder)
        self.assert_refused("tree", "--journal", naming="--journal", cwd=self.folder)

    def test_what_is_no_journal_is_refused(self):
        self.make_files(1)
        self.journal.write_bytes(b"something of somebody's, which is not to be lost\n" * 100)
        before = self.journal.read_bytes()
        status, out, err = self.run_program("--journal", self.journal, "tree", cwd=self.folder)
        self.assertEqual((status, out), (1, b""), err)
        self.assertIn("is no journal", err)
        self.assertEqual(self.journal.read_bytes(), before)


if __name__ == "__main__":
    harness.main()
