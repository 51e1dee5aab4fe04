"""The command-line tool: the shell of -c."""

import shutil
import unittest

from harness import main
from tool import ToolTest

HOSTILE = [
    "$(touch hacked)",
    "`touch hacked`",
    "'; touch hacked; '",
    '"; touch hacked; "',
    "${IFS}$1 *",
    "\\",
    "a\nb",
    "!!",
    "=ls",
    "~",
    "{a,b}",
    "-n",
]
INSTALLED = [
    each for each in ("sh", "dash", "bash", "zsh", "ksh", "mksh", "yash") if shutil.which(each)
]


class ShellProgramTest(ToolTest):
    def test_bash_has_arrays(self):
        self.assert_out(
            "2\n", "--shell-program", "bash", "-c", 'a=({} x); echo "${#a[@]}"', ":::", "a b"
        )

    def test_bash_has_its_exported_functions(self):
        self.assert_out(
            "got a b\n",
            "--shell-program",
            "/bin/bash",
            "-c",
            "f {}",
            ":::",
            "a b",
            env={"BASH_FUNC_f%%": '() { echo "got $1"; }'},
        )

    def test_nothing_of_an_item_is_code_for_any_of_them(self):
        for shell in INSTALLED:
            for command in ("printf '%s\\n' {}", "printf '%s\\n' '{}'", 'printf "%s\\n" "{}"'):
                with self.subTest((shell, command)):
                    self.assert_out(
                        "".join(f"{each}\n" for each in HOSTILE),
                        "-k",
                        "--shell-program",
                        shell,
                        "-c",
                        command,
                        ":::",
                        *HOSTILE,
                    )
                    self.assertFalse((self.folder / "hacked").exists())

    def test_columns_as_arguments(self):
        for shell in INSTALLED:
            with self.subTest(shell):
                self.assert_out(
                    "a-b\n", "-C,", "--shell-program", shell, "-c", 'echo "$1-$2"', ":::", "a,b"
                )

    def test_the_command_names_it(self):
        _, out, _ = self.parwork("--dry-run", "--shell-program", "bash", "-c", "echo", ":::", "a")
        self.assertTrue(out.startswith(b"bash -c "), out)

    def test_the_command_for_another_try_has_it(self):
        _, _, err = self.parwork("--shell-program", "bash", "-c", "exit 3; : {}", ":::", "a")
        self.assertIn("again: parwork --shell-program bash -c", err)

    def test_a_journal_goes_on_with_the_same_one(self):
        words = ["--journal", "j", "--shell-program", "bash"]
        job = ["-c", "a=({}); test -e ready && echo ${a[0]}", ":::", "x"]
        self.parwork("-q", *words, *job)
        self.file("ready")
        self.assert_out("x\n", "resume", "--retry-failed", "j")
        self.assert_unusable("resume", "j", "--shell-program", "sh", naming="j")

    def test_others_are_refused(self):
        for other in ("fish", "/usr/bin/fish", "csh", "python3", "nu", "bash.exe", "/bin/sh/"):
            with self.subTest(other):
                self.assert_unusable(
                    "--shell-program", other, "-c", "echo", ":::", "a", naming="none of the shells"
                )
        self.assert_unusable(
            "--shell-program",
            "/absent/bash",
            "-c",
            "echo",
            ":::",
            "a",
            naming="no shell '/absent/bash'",
        )
        self.assert_unusable("--shell-program", "", "-c", "echo", ":::", "a", naming="it is empty")
        self.assert_unusable(
            "--shell-program", "bash", "echo", ":::", "a", naming="the string of -c: give that, too"
        )

    def test_quotes_that_shells_end_in_different_places_are_refused(self):
        self.assert_unusable(
            "--shell-program", "bash", "-c", "echo $'it\\'s' {}", ":::", "a", naming="shells differ"
        )
        self.assert_out("a\tb x\n", "--shell-program", "bash", "-c", "echo $'a\\tb' {}", ":::", "x")


if __name__ == "__main__":
    main()
