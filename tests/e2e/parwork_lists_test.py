"""The command-line tool: several lists of items, combined and paired."""

import os
import signal
import subprocess

from harness import LIMIT, main
from tool import ToolTest


class ListsTest(ToolTest):
    def test_all_combinations_the_last_list_fastest(self):
        self.assert_out(
            "a 1\na 2\nb 1\nb 2\n", "-k", "echo", "{1}", "{2}", ":::", "a", "b", ":::", "1", "2"
        )
        self.assert_out(
            "1-x-a\n1-y-a\n", "-k", "echo", "{2}-{3}-{1}", *"::: a ::: 1 ::: x y".split()
        )

    def test_all_columns_stand_for_themselves(self):
        self.assert_out("<a><b c>", "printf", "<%s>", ":::", "a", ":::", "b c")
        self.assert_out("<x a b c>", "printf", "<%s>", "x {}", ":::", "a", ":::", "b c")
        self.assert_out("<a><b c>", "-c", "printf '<%s>' {}", ":::", "a", ":::", "b c")
        self.assert_out("2 b c\n", "-c", 'echo $# "$2"', ":::", "a", ":::", "b c")
        self.assert_out("f 1/g.c\n", "echo", "{1.}", "{2}", ":::", "f.c", ":::", "1/g.c")

    def test_paired_lists(self):
        self.assert_out(
            "a A 1\na A 2\nb B 1\nb B 2\n", "-k", "echo", *"::: a b :::+ A B ::: 1 2".split()
        )
        self.assert_out("1 a A\n1 b B\n", "-k", "echo", *"::: 1 ::: a b :::+ A B".split())

    def test_paired_lists_of_different_lengths_are_refused(self):
        for words in ("::: a b :::+ 1", "::: a :::+ 1 2", "::: a b :::+"):
            self.assert_unusable("echo", *words.split(), naming="paired")
        self.file("two", "1\n2\n")
        self.assert_unusable("echo", *"::: a ::::+ two".split(), naming="two")

    def test_lists_in_files(self):
        self.file("f", "a\nb c\n")
        self.file("g", "1\n2\n")
        expected = "a 1\na 2\nb c 1\nb c 2\n"
        for words in (
            ":::: f g",
            ":::: f :::: g",
            "::::f ::::g",
            ":::: f ::: 1 2",
            "::::f ::: 1 2",
        ):
            with self.subTest(words):
                self.assert_out(expected, "-k", "echo", *words.split())
        self.assert_out("a 1\nb c 2\n", "-k", "echo", *":::: f ::::+ g".split())
        self.assert_out("a 1\nb c 2\n", "-k", "echo", *":::: f ::::+g".split())
        self.assert_out("a\nb c\n", "-k", "echo", ":::: f".split()[0], "f")
        self.assert_out("a\nb c\n", "-k", "echo", "::::f")
        self.assert_out(
            "a 1\na 2\n", "-0", "-k", "echo", ":::", "a", ":::: -".split()[0], "-", items="1\0002\0"
        )
        self.assert_out("a\n", "echo", "::::", "-", items="a\n")

    def test_an_empty_list_has_no_combinations(self):
        self.assert_out("", "echo", ":::", "a", ":::", items="unread\n")
        self.assert_out("a b\n", "--skip-blank", "echo", ":::", "a", "", ":::", " ", "b")

    def test_dry_run(self):
        self.assert_out("echo a '1 2'\n", "--dry-run", "echo", ":::", "a", ":::", "1 2")

    def test_the_number_of_jobs_is_known(self):
        status, out, _ = self.parwork(
            "-j1", "--halt", "soon,done=50%", "echo", *"::: a b ::: 1 2 3".split()
        )
        self.assertEqual((status, len(out.splitlines())), (0, 3))
        _, _, err = self.parwork(
            "-j1", "--halt", "soon,fail=1", "false", *"::: a b ::: 1 2 3".split()
        )
        self.assertIn("1 done, 5 not started", err)

    def test_the_end_names_the_failed_ones_and_how_to_do_them_again(self):
        command = ["-k", "sh", "-c", 'echo "$1$2"; [ "$1" = b ] || [ "$2" = 2 ]', "sh"]
        status, _, err = self.parwork(*command, *"::: a b c ::: 1 2".split())
        self.assertEqual(status, 2)
        self.assertIn("a 1 (job 1): exit 1", err)
        again = next(line for line in err.splitlines() if line.startswith("again: "))
        self.assertTrue(again.endswith("::: a c :::+ 1 1"), again)

    def test_a_log_and_tags(self):
        self.assert_out("a 1\ta 1\n", "--tag", "--log", "log", "echo", ":::", "a", ":::", "1")
        self.assertEqual(self.ends()[0]["item"], "a 1")

    def test_a_journal_knows_all_columns(self):
        self.file("f", "1\n2\n")
        script = (
            '[ -e good ] || { kill -9 $PPID; exec sleep 1000; }; echo "$1 $2" >> done; echo "$1 $2"'
        )
        words = ["sh", "-c", script, "sh", ":::", "a", "b", "::::", "f"]
        first = self.launch("-kj1", "--journal", "j", *words)
        self.assertEqual(first.wait(timeout=LIMIT), -signal.SIGKILL)
        self.file("good")
        expected = b"a 1\na 2\nb 1\nb 2\n"
        self.assertEqual(self.parwork("resume", "j"), (0, expected, ""))
        self.assertEqual(self.parwork("results", "j")[1], expected)
        self.file("f", "1\n3\n2\n")
        again = self.parwork("-kj1", "--resume", "--journal", "j", *words)
        self.assertEqual(again, (0, b"a 3\nb 3\n", ""))

    def test_a_list_from_a_pipe_cannot_be_resumed(self):
        self.assert_unusable(
            "--journal", "j", "echo", ":::", "a", "::::", "-", items="1\n", naming="into a file"
        )
        self.assertFalse((self.folder / "j").exists())

    def test_a_list_that_does_not_arrive_can_be_interrupted(self):
        process = self.launch("echo", ":::", "a", "::::", "-", stdin=subprocess.PIPE)
        while (
            not os.path.exists(f"/proc/{process.pid}/task")
            or len(os.listdir(f"/proc/{process.pid}/task")) < 3
        ):
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=LIMIT), 130)

    def test_bad_lists_are_refused(self):
        for words, naming in (
            (":::+ a", "begin with :::"),
            ("::::+ f", "begin with :::"),
            ("::::", "a file is missing"),
            ("::: a ::::", "a file is missing"),
            ("::: a :::: nowhere", "nowhere"),
            (":::: - -", "one list only"),
        ):
            with self.subTest(words):
                self.assert_unusable("echo", *words.split(), naming=naming)
        self.assert_unusable("-a", "x", "echo", *"::: a ::: b".split(), naming=":::: FILE")
        self.assert_unusable("-n2", "echo", *"::: a ::: b".split(), naming="-n and several lists")
        self.assert_unusable("-C,", "echo", *"::: a ::: b".split(), naming="-C and several lists")
        self.assert_unusable("--csv", "echo", *"::: a ::: b".split(), naming="--csv and several")


if __name__ == "__main__":
    main()
