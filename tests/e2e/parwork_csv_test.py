"""The command-line tool: records of CSV, and columns with names."""

import signal

from harness import main
from tool import ToolTest

TABLE = 'name,file\n"Smith, J.",a.txt\n"two\nlines","b ""c"".txt"\n'


class CsvTest(ToolTest):
    def test_fields(self):
        self.assert_out(
            '<a, b><c "d"><>',
            "--csv",
            "printf",
            "<%s>",
            "{1}",
            "{2}",
            "{3}",
            items='"a, b","c ""d"""\r\n',
        )
        self.assert_out("<two\nlines>", "--csv", "printf", "<%s>", "{2}", items='a,"two\nlines"\n')
        self.assert_out("<b,c>", "--csv", "-C", ";", "printf", "<%s>", "{2}", items="a;b,c\n")
        self.assert_out("<b>", "--csv", "-C", "\\t", "printf", "<%s>", "{2}", items='a\t"b"\n')

    def test_the_item_is_the_record(self):
        self.assert_out('"a",b\n', "--csv", "echo", items='"a",b\r\n')

    def test_a_shell_gets_fields_as_arguments(self):
        self.assert_out(
            "2 $(touch bad)\n", "--csv", "-c", 'echo $# "$2"', items='a,"$(touch bad)"\n'
        )
        self.assertFalse((self.folder / "bad").exists())

    def test_what_is_no_csv_ends_the_run_and_is_named(self):
        for text, naming in (('a\n"b', "line 2"), ('"a"b\n', "closing quote")):
            self.file("items", text)
            status, _, err = self.parwork("--csv", "-a", "items", "true")
            self.assertEqual(status, 250)
            self.assertIn("items", err)
            self.assertIn(naming, err)

    def test_contradictions_are_refused(self):
        self.assert_unusable("--csv", "-0", "echo", naming="--csv")
        self.assert_unusable("--csv", "-d", ";", "echo", naming="--csv")
        self.assert_unusable("--csv", "-n2", "echo", naming="-n and --csv")
        self.assert_unusable("--csv", "-C", "ab", "echo", naming="one byte")
        self.assert_unusable("--csv", "-C", '"', "echo", naming="one byte")
        self.assert_unusable("--csv", "echo", ":::", "a,b", naming="--csv")
        self.assert_unusable("--header", "-n", "2", "echo", naming="-n and --header")


class HeaderTest(ToolTest):
    def test_names_of_columns(self):
        self.assert_out(
            '<Smith, J.><a><two\nlines><b "c">',
            *("-kj1", "--csv", "--header", "printf", "<%s>", "{name}", "{file.}"),
            items=TABLE,
        )
        self.assert_out(
            "3 bob\n", "-C", ",", "--header", "echo", "{age}", "{name}", items="name,age\nbob,3\n"
        )
        self.assert_out("bob\n", "--header", "echo", "{who}", items="who\nbob\n")
        self.assert_out("1 bob\n", "--header", "-c", "echo {#} '{who}'", ":::", "who", "bob")

    def test_each_list_has_its_name(self):
        self.file("f", "letter\na\nb\n")
        self.assert_out(
            "1a\n1b\n", "-k", "--header", "echo", "{n}{letter}", ":::", "n", "1", "::::", "f"
        )

    def test_placeholders_keep_their_meaning_and_other_braces_are_text(self):
        self.assert_out(
            "x 1 {nme}\n", "-C,", "--header", "echo", "{2}", "{#}", "{nme}", ":::", "#,a", "y,x"
        )
        self.assert_out(
            "{} {#} {name} HEAD@{1} a\n",
            "--header",
            "echo",
            "{{}",
            "{{#}",
            "{{name}",
            "HEAD@{{1}",
            ":::",
            "name",
            "a",
        )

    def test_without_items_there_is_no_job(self):
        self.assert_out("", "--header", "echo", "{a}", items="")
        self.assert_out("", "--header", "echo", "{a}", items="a\n")
        self.assert_out("", "--dry-run", "--header", "echo", "{a}", items="")

    def test_a_name_that_stands_twice_is_refused(self):
        status, out, err = self.parwork("-C,", "--header", "echo", "{a}", items="a,b,a\n1,2,3\n")
        self.assertEqual((status, out), (250, b""))
        self.assertIn("'a' twice", err)

    def test_a_string_for_the_shell_is_checked_with_its_names(self):
        status, out, err = self.parwork("--header", "-c", "echo `cat {a}`", items="a\nb\n")
        self.assertEqual((status, out), (250, b""))
        self.assertIn("backquotes", err)
        self.assert_out("b\n", "--header", "-c", "for x in {a}; do echo $x; done", items="a\nb\n")

    def test_dry_run(self):
        self.assert_out(
            "echo 3\n", "--dry-run", "-C,", "--header", "echo", "{b}", items="a,b\n1,3\n"
        )

    def test_failed_ones_are_done_again_with_the_header(self):
        _, _, err = self.parwork(
            "-C,", "--header", "test", "{b}", "=", "1", items="a,b\nx,1\ny,2\n"
        )
        self.assertIn("again: parwork -C , --header test '{b}' = 1 ::: a,b y,2\n", err)

    def test_a_resumed_run_reads_the_header_again(self):
        for name, words, stdin in (("file", ["-a", "items"], b""), ("pipe", [], TABLE.encode())):
            with self.subTest(name):
                self.file("items", TABLE)
                # The file has this command, too: a pattern that does not match itself.
                wait = "until grep -q 'input_[e]nded' pipe-run; do sleep 0.01; done; "
                script = (
                    f"[ -e good ] || {{ {wait if name == 'pipe' else ''}"
                    'kill -9 $PPID; exec sleep 1000; }; echo "$1"'
                )
                words = ["-kj1", "--csv", "--header", "--journal", name, *words]
                status, _, _ = self.parwork(*words, "sh", "-c", script, "sh", "{file}", items=stdin)
                self.assertEqual(status, -signal.SIGKILL)
                self.file("good")
                self.assertEqual(self.parwork("resume", name), (0, b'a.txt\nb "c".txt\n', ""))
                (self.folder / "good").unlink()

    def test_header_and_csv_belong_to_the_command_of_a_journal(self):
        self.assertEqual(self.parwork("--journal", "j", "echo", items="a\n")[0], 0)
        for option in ("--csv", "--header"):
            self.assert_unusable(
                option, "--resume", "--journal", "j", "echo", items="a\n", naming="j"
            )


if __name__ == "__main__":
    main()
