"""The command-line tool: commands, placeholders, what jobs see."""

from harness import main
from tool import ToolTest

PATH = "dir.d/sub/file.tar.gz"


class CommandTest(ToolTest):
    def test_without_a_placeholder_the_item_is_appended(self):
        self.assert_out("x a\n", "echo", "x", ":::", "a")

    def test_placeholders(self):
        for placeholder, expected in (
            ("{}", PATH),
            ("{.}", "dir.d/sub/file.tar"),
            ("{/}", "file.tar.gz"),
            ("{//}", "dir.d/sub"),
            ("{/.}", "file.tar"),
            ("{#}", "1"),
            ("{%}", "1"),
            ("{1}", PATH),
            ("{1.}", "dir.d/sub/file.tar"),
            ("{1/}", "file.tar.gz"),
            ("{1//}", "dir.d/sub"),
            ("{1/.}", "file.tar"),
            ("{2}", ""),
        ):
            with self.subTest(placeholder):
                self.assert_out(f"<{expected}>\n", "-j1", "echo", f"<{placeholder}>", ":::", PATH)

    def test_parts_of_names_without_them(self):
        for item, placeholder, expected in (
            ("name", "{.}", "name"),
            ("name", "{//}", "."),
            (".profile", "{.}", ""),
            ("a.d/name", "{.}", "a.d/name"),
            ("/name", "{//}", "/"),
            ("", "{/}", ""),
        ):
            with self.subTest(item=item, placeholder=placeholder):
                self.assert_out(f"<{expected}>\n", "echo", f"<{placeholder}>", ":::", item)

    def test_a_placeholder_counts_anywhere_and_as_often_as_it_stands(self):
        self.assert_out("a-a a\n", "echo", "{}-{}", "{}", ":::", "a")
        self.assert_out("1\n", "echo", "{#}", ":::", "a")

    def test_what_comes_from_an_item_is_never_expanded_again(self):
        self.assert_out(
            "{#} {} {2}\n", "-C", ",", "echo", "{1}", "{2}", "{3}", items="{#},{},{2}\n"
        )

    def test_other_braces_are_text(self):
        self.assert_out("{a} {1a} { } a\n", "echo", "{a}", "{1a}", "{ }", ":::", "a")

    def test_numbers_count_jobs_from_one(self):
        self.assert_out("1a\n2b\n3c\n", "-k", "echo", "{#}{}", items="a\nb\nc\n")

    def test_slots_are_unique_among_running_jobs(self):
        self.script(
            "job", 'mkdir slot.$1 || exit 1; sleep 0.0$1; rmdir slot.$1; echo "$1 $PARWORK_SLOT"\n'
        )
        status, out, err = self.parwork("-j4", "./job", "{%}", ":::", *map(str, range(40)))
        self.assertEqual(status, 0, err)
        slots = [line.split() for line in out.decode().splitlines()]
        self.assertTrue(all(placeholder == variable for placeholder, variable in slots))
        self.assertLessEqual({slot for slot, _ in slots}, set("1234"))

    def test_several_items_are_several_arguments_or_joined_within_a_word(self):
        self.assert_out("<a><b c>", "-n2", "printf", "<%s>", "{}", ":::", "a", "b c")
        self.assert_out("<x a b c>", "-n2", "printf", "<%s>", "x {}", ":::", "a", "b c")
        self.assert_out("<b><a>", "-n2", "printf", "<%s>", "{2}", "{1}", ":::", "a", "b")
        self.assert_out("<f><g>", "-n2", "printf", "<%s>", "{/.}", ":::", "d/f.c", "g.h")

    def test_arguments_reach_the_command_without_a_shell(self):
        self.assert_out("$(date) ; * 'x' a\n", "echo", "$(date)", ";", "*", "'x'", ":::", "a")
        self.assert_out("$(touch bad); `x` a\n", "echo", ":::", "$(touch bad); `x` a")

    def test_a_shell_string_gets_items_quoted(self):
        nasty = "a  b'c\"d$(touch bad)`touch bad`;*\\"
        for command in ("printf %s {}", 'printf %s "{}"', "printf %s '{}'", "printf %s"):
            with self.subTest(command):
                self.assert_out(nasty, "-c", command, ":::", nasty)
        self.assertFalse((self.folder / "bad").exists())

    def test_nothing_of_an_item_is_code_wherever_it_stands(self):
        """Also where a shell reads quotes in another way than they look."""
        for command in (
            'echo "${x:-"{}"}"',
            "echo hi #{}",
            "echo hi # it's {}",
            "echo hi # it's\necho {}",
            'echo "$(case {} in (*) echo {};; esac)"',
            'echo "$(case {} in *) echo {};; esac)"',
            "case {} in a) echo {};; *) echo '{}';; esac",
            "x='{}'; echo \"$x\"",
            "echo \"{}\"'{}'{}",
            "cat <<END\n$(printf %s {})\nEND",
        ):
            for item in (
                "$(touch bad)",
                "`touch bad`",
                "x\ntouch bad\n#",
                ";touch bad;",
                "';touch bad;'",
                '";touch bad;"',
                "\nEND\ntouch bad\n",
                "${x:-$(touch bad)}",
                "' $(touch bad) '",
                "x') touch bad;;#",
            ):
                with self.subTest(command=command, item=item):
                    self.parwork("-q", "-c", command, ":::", item)
                    self.assertFalse((self.folder / "bad").exists())

    def test_where_an_item_would_be_read_in_another_way_it_is_refused(self):
        for command, why in (
            ("echo `cat {}`", "backquotes"),
            ("echo $(({} + 1))", "$((...))"),
            ("cat <<END\n{}\nEND", "here-document"),
            ("echo \\{}", "backslash"),
        ):
            self.assert_unusable("-c", command, ":::", "a", naming=why)

    def test_every_byte_passes_a_shell(self):
        every = bytes(byte for byte in range(1, 256) if byte != 10)
        for command in ("printf %s {}", 'printf %s "{}"', "printf %s '{}'"):
            self.assert_out(every, "-c", command, items=every)

    def test_a_shell_string_has_no_arguments_and_the_name_of_its_shell(self):
        self.assert_out("0 /bin/sh a\n", "-c", "echo $# $0 {}", ":::", "a")

    def test_several_items_in_a_shell_string(self):
        self.assert_out(
            "<a b><a><b c><a b c>",
            "-n2",
            "-c",
            "printf '<%s>' '{1} b' {} \"{}\"",
            ":::",
            "a",
            "b c",
        )

    def test_a_shell_string_is_a_shells(self):
        self.assert_out("3\n", "-c", "printf 'a\\nb\\n%s\\n' {} | wc -l", ":::", "c")

    def test_an_item_with_a_newline_is_one_word_of_the_shell_too(self):
        self.assert_out("<a\nb>", "-0", "-c", "printf '<%s>' {}", items="a\nb\0")

    def test_jobs_see_variables(self):
        status, out, _ = self.parwork(
            "-j1",
            "-k",
            "-c",
            "echo $PARWORK_SEQ $PARWORK_SLOT $PARWORK_ATTEMPT $PARWORK_RUN; : {}",
            ":::",
            "a",
            "b",
        )
        self.assertEqual(status, 0)
        first, second = (line.split() for line in out.decode().splitlines())
        self.assertEqual(first[:3], ["1", "1", "1"])
        self.assertEqual(second[:3], ["2", "1", "1"])
        self.assertEqual(first[3], second[3])
        other = self.parwork("-c", "echo $PARWORK_RUN; : {}", ":::", "a")[1].decode().strip()
        self.assertNotEqual(first[3], other)

    def test_options_are_never_taken_from_the_environment(self):
        self.assert_out(
            "a\n",
            "echo",
            ":::",
            "a",
            env={"PARWORK": "--dry-run", "PARWORK_OPTIONS": "-n 2", "PARALLEL": "-n2"},
        )

    def test_a_command_that_is_not_found_stops_the_run(self):
        status, out, err = self.parwork("no-such-command", ":::", "a", "b", "c")
        self.assertEqual((status, out), (127, b""))
        self.assertEqual(err.count("no-such-command"), 1, err)

    def test_a_command_that_may_not_be_run_stops_the_run(self):
        self.file("plain", "echo\n")
        status, out, err = self.parwork("./plain", ":::", "a", "b")
        self.assertEqual((status, out), (126, b""))
        self.assertEqual(err.count("./plain"), 1, err)

    def test_a_command_that_comes_from_an_item_fails_alone(self):
        status, out, err = self.parwork("-k", "{}", ":::", "true", "no-such-command", "pwd")
        self.assertEqual(status, 1)
        self.assertEqual(out.decode().strip(), str(self.folder.resolve()))
        self.assertIn("no-such-command (job 2)", err)

    def test_options_end_at_the_first_word_that_is_none(self):
        self.assert_out("x -k a\n", "echo", "x", "-k", ":::", "a")
        self.script("-odd", "echo odd $1\n")
        self.assert_out(
            "odd a\n", "--", "-odd", ":::", "a", env={"PATH": f"{self.folder}:/usr/bin:/bin"}
        )

    def test_run_is_implied_and_needed_for_commands_that_bear_a_subcommands_name(self):
        self.script("report", "echo mine $1\n")
        path = {"PATH": f"{self.folder}:/usr/bin:/bin"}
        self.assert_out("mine a\n", "run", "report", ":::", "a", env=path)
        self.assert_unusable("report", ":::", "a", naming="parwork", env=path)

    def test_dry_run_shows_the_commands_and_starts_none(self):
        self.assert_out("touch 'a b'\ntouch c\n", "--dry-run", "touch", ":::", "a b", "c")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_verbose_shows_each_command_on_standard_error(self):
        err = self.assert_out("a b\n", "-v", "echo", ":::", "a b")
        self.assertIn("echo 'a b'\n", err)


if __name__ == "__main__":
    main()
