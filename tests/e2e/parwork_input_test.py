"""The command-line tool: where items come from and how they are cut."""

import os
import subprocess
import unittest

from harness import LIMIT, Terminal, main
from tool import ToolTest

SHOW = ["-k", "printf", "<%s>"]  # one job an item, its arguments in brackets


class InputTest(ToolTest):
    def test_a_line_is_an_item_and_one_argument_with_its_blanks(self):
        self.assert_out("< a  b ><c\td>", *SHOW, items=" a  b \nc\td\n")

    def test_a_last_line_without_its_end_is_an_item(self):
        self.assert_out("<a><b>", *SHOW, items="a\nb")

    def test_an_empty_line_is_an_item(self):
        self.assert_out("<a><><b>", *SHOW, items="a\n\nb\n")

    def test_jobs_that_run_one_by_one_start_and_end_in_the_order_of_their_items(self):
        items = "".join(f"{n}\n" for n in range(300))
        for options in ([], [], [], ["--retries", "1"], ["--journal", "j"]):
            self.assert_out(items, "-j1", *options, "echo", items=items)

    def test_no_input_is_no_job(self):
        self.assert_out("", *SHOW)

    def test_skip_blank(self):
        self.assert_out("<a><b>", "--skip-blank", *SHOW, items="a\n\n \t\nb\n")

    def test_carriage_returns_are_kept(self):
        self.assert_out("<a\r>", *SHOW, items="a\r\n")

    def test_invalid_utf_8_passes_through(self):
        self.assert_out(b"<\xff\xfe>", *SHOW, items=b"\xff\xfe\n")

    def test_null(self):
        for option in ("-0", "--null"):
            self.assert_out("<a\nb><c>", option, *SHOW, items="a\nb\0c\0")

    def test_delimiter(self):
        self.assert_out("<a><b\n>", "-d", ",", *SHOW, items="a,b\n")
        for text, between in (
            ("\\t", "\t"),
            ("\\n", "\n"),
            ("\\0", "\0"),
            ("\\\\", "\\"),
            ("\\x3b", ";"),
            ("ab", "ab"),
        ):
            with self.subTest(text):
                self.assert_out("<1><2>", "--delimiter", text, *SHOW, items=f"1{between}2{between}")

    def test_a_file(self):
        self.file("items", "a\nb\n")
        for option in (["-a", "items"], ["--input", "items"], ["--input=items"]):
            self.assert_out("<a><b>", *option, *SHOW)

    def test_minus_is_standard_input(self):
        self.assert_out("<a>", "-a", "-", *SHOW, items="a\n")

    def test_a_file_that_is_missing(self):
        self.assert_unusable("-a", "nowhere", "echo", naming="nowhere")

    def test_words_on_the_command_line(self):
        self.assert_out("<a><b c><>", *SHOW, ":::", "a", "b c", "", items="unread\n")

    def test_no_words_behind_the_mark_are_no_jobs(self):
        self.assert_out("", *SHOW, ":::", items="unread\n")

    def test_items_per_job(self):
        self.assert_out(
            "<a><b>\n<c>\n", "-k", "-n", "2", "-c", "printf '<%s>' {}; echo", items="a\nb\nc\n"
        )

    def test_columns(self):
        self.assert_out("c-a-a,b,c\n", "-C", ",", "echo", "{3}-{1}-{}", items="a,b,c\n")

    def test_missing_columns_are_empty(self):
        self.assert_out("<a><>", "-C", "\\t", "printf", "<%s><%s>", "{1}", "{2}", items="a\n")

    def test_a_column_separator_is_literal(self):
        self.assert_out("<a.b>\n", "-C", "|", "echo", "<{1}>", items="a.b|c\n")
        self.assert_out("<ab>\n", "-C", ".*", "echo", "<{1}>", items="ab.*c\n")

    def test_an_item_with_a_nul_fails_alone(self):
        status, out, err = self.parwork("-k", "echo", items=b"a\nb\0c\nd\n")
        self.assertEqual((status, out), (1, b"a\nd\n"))
        self.assertIn("job 2", err)
        self.assertIn("NUL", err)

    def test_an_item_that_is_too_long_fails_alone(self):
        status, out, err = self.parwork(
            "-k", "printf", "%.1s", items=b"a\n" + b"x" * (3 << 20) + b"\nd\n"
        )
        self.assertEqual((status, out), (1, b"ad"))
        self.assertIn("job 2", err)
        self.assertIn("too long", err)

    def test_an_item_of_64_kilobytes_is_nothing_special(self):
        self.assert_out(b"x" * 65536, "printf", "%s", items=b"x" * 65536 + b"\n")

    def test_jobs_read_empty_standard_input(self):
        self.assert_out("0\n0\n", "-c", ": {}; wc -c", items="a\nb\n")

    def test_the_first_job_starts_when_the_first_item_has_arrived(self):
        process = self.launch("echo", stdin=subprocess.PIPE)
        process.stdin.write(b"first\n")
        process.stdin.flush()
        self.assertEqual(
            process.stdout.readline(), b"first\n"
        )  # and the second has not been written yet
        process.stdin.write(b"second\n")
        process.stdin.close()
        self.assertEqual(process.stdout.read(), b"second\n")
        self.assertEqual(process.wait(timeout=LIMIT), 0)

    def test_an_endless_producer_is_read_as_fast_as_jobs_start(self):
        self.endless("off")

    def test_nor_does_the_bar_read_ahead(self):
        terminal = Terminal()
        self.endless("on", stderr=terminal.end)
        terminal.started()
        self.assertIn(b"/s", terminal.read_all())  # there was one

    def endless(self, progress, **options):
        reader, writer = os.pipe()
        producer = subprocess.Popen(
            ["sh", "-c", "yes $(printf %01000d 0)"], stdout=writer, stderr=subprocess.DEVNULL
        )
        self.addCleanup(producer.wait)
        self.addCleanup(producer.kill)
        os.close(writer)
        process = self.launch(
            "-j2",
            "--ahead",
            "20",
            "--halt",
            "now,done=300",
            "--progress",
            progress,
            "-c",
            "test {#} -ne 250 || grep VmHWM /proc/$PPID/status; : {}",
            stdin=reader,
            **options,
        )
        os.close(reader)
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 0, err)
        kilobytes = int(out.split()[1])
        if os.environ.get("PARWORK_SANITIZED") != "1":  # shadow memory counts too
            self.assertLess(kilobytes, 32 << 10)

    def test_contradictions_are_refused(self):
        self.assert_unusable("-0", "-d", ",", "echo", naming="-0 and -d")
        self.assert_unusable("-n2", "-C,", "echo", naming="-n and -C")
        self.assert_unusable("-a", "x", "echo", ":::", "a", naming="not from both")


if __name__ == "__main__":
    main()
