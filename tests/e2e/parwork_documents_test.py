"""The command-line tool: its man page, completions and documentation agree with its options."""

import os
import re
import subprocess
import unittest
from pathlib import Path

from harness import LIMIT, Terminal, main
from tool import ToolTest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "apps" / "parwork"
COMPLETIONS = FOLDER / "completions"


class DocumentsTest(ToolTest):
    def options(self):
        """Every option of `parwork run --help`: pairs of a short one, or nothing, and a long
        one."""
        text = self.parwork("run", "--help")[1].decode()
        found = re.findall(r"^  (?:-(.),)?(--[a-z-]+)", text, re.MULTILINE)
        self.assertGreater(len(found), 25)
        return found

    def known(self):
        """Long options of all subcommands."""
        all_of_them = {long for _, long in self.options()} | {"--version", "--failed"}
        for subcommand in ("worker", "status"):
            text = self.parwork(subcommand, "--help")[1].decode()
            found = set(re.findall(r"^  (?:-.,)?(--[a-z-]+)", text, re.MULTILINE))
            self.assertIn("--nkey", found)
            all_of_them |= found
        return all_of_them

    def test_the_man_page_has_every_option_and_no_other(self):
        text = (FOLDER / "parwork.1.in").read_text().replace("\\-", "-")
        for short, long in self.options():
            wanted = f'-{short} ", " {long}' if short else long
            self.assertRegex(text, rf"(?m)^\.BR? {re.escape(wanted)}\b", long)
        self.assertEqual(set(re.findall(r"--[a-z][a-z-]+", text)), self.known())

    def test_the_man_page_is_in_order(self):
        done = subprocess.run(
            ["groff", "-man", "-ww", "-z", FOLDER / "parwork.1.in"],
            stderr=subprocess.PIPE,
            timeout=LIMIT,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_the_documentation_has_every_option(self):
        text = (ROOT / "docs" / "cli.md").read_text()
        for short, long in self.options():
            self.assertIn(long, text)
            if short:
                self.assertRegex(text, rf"`-{short}\b")

    def test_the_documentation_has_no_option_that_does_not_exist(self):
        known = self.known()
        commands = re.findall(
            r"^\s*(?:.*\| )?parwork .*$", (ROOT / "docs" / "cli.md").read_text(), re.MULTILINE
        )
        self.assertGreater(len(commands), 10)
        for command in commands:
            own = re.split(r"\bparwork\b", command, maxsplit=1)[1]
            for option in re.findall(r"(?<=\s)--[a-z][a-z-]+", own.split(" -- ")[0]):
                self.assertIn(option, known, command)

    def test_the_blocks_of_the_documentation_show_what_happens(self):
        text = (ROOT / "docs" / "cli.md").read_text()
        blocks = re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        self.assertGreater(len(blocks), 8)
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "parwork").symlink_to(self.program)
        if os.environ.get("PARWORK_REPORT") == "0":  # built without them
            blocks = [block for block in blocks if "report" not in block]
        for number, block in enumerate(blocks):
            folder = self.folder / f"block{number}"
            folder.mkdir()
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, expected = part.partition("\n")
                done = subprocess.run(
                    ["bash", "-c", command],
                    cwd=folder,
                    stdout=subprocess.PIPE,
                    timeout=LIMIT,
                    stdin=subprocess.DEVNULL,
                    stderr=subprocess.STDOUT,
                    check=False,
                    env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"},
                )
                self.assertEqual(done.stdout.decode().strip(), expected.strip(), command)


class CompletionsTest(ToolTest):
    def every_long_option(self):
        text = self.parwork("run", "--help")[1].decode()
        return set(re.findall(r"^  (?:-.,)?(--[a-z-]+)", text, re.MULTILINE))

    def run_shell(self, *words):
        done = subprocess.run(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            timeout=LIMIT,
            check=False,
            env={**os.environ, "HOME": str(self.folder)},
        )
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout.decode().splitlines()

    def bash(self, *words):
        script = (
            f'source "{COMPLETIONS}/parwork.bash"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _parwork; '
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        return self.run_shell("bash", "--norc", "-c", script, "bash", "parwork", *words)

    def fish(self, line):
        script = f'source "{COMPLETIONS}/parwork.fish"; complete -C "$argv[1]"'
        return [
            each.split("\t")[0]
            for each in self.run_shell("fish", "--no-config", "-c", script, f"parwork {line}")
        ]

    def test_bash(self):
        self.assertEqual(set(self.bash("-")), self.every_long_option() | {"--version"})
        self.assertEqual(self.bash("--jour"), ["--journal"])
        self.assertEqual(self.bash("--output", ""), ["group", "line", "raw", "none"])
        self.assertEqual(self.bash("results", "--"), ["--failed", "--tag", "--help"])
        self.assertEqual(self.bash("report", "--"), ["--output", "--quiet", "--help"])
        self.assertEqual(self.bash("rep"), ["report"])
        self.assertIn("--allow-commands", self.bash("worker", "--"))
        self.assertIn("--json", self.bash("status", "--"))
        self.file("items.txt")
        self.assertEqual(self.bash("-a", "it"), ["items.txt"])
        self.assertEqual(self.bash("report", "it"), ["items.txt"])
        self.assertEqual(self.bash("report", "items.txt", "-o", "it"), ["items.txt"])
        self.assertEqual(self.bash("-j", "4", "echo", "it"), ["items.txt"])
        self.assertIn("resume", self.bash("res"))

    def test_fish(self):
        self.assertEqual(
            {each for each in self.fish("--") if each.startswith("--")},
            self.every_long_option() | {"--version"},
        )
        self.assertEqual(self.fish("--output "), ["group", "line", "none", "raw"])
        self.assertIn("resume", self.fish("res"))
        self.assertEqual(
            {each for each in self.fish("report --") if each.startswith("--")},
            {"--output", "--quiet", "--help"},
        )
        self.assertIn("report", self.fish("rep"))
        self.assertEqual([each for each in self.fish("echo --") if each == "--journal"], [])

    def test_zsh(self):
        """In a real shell on a terminal: a word is begun, TAB is pressed."""
        terminal = Terminal()
        process = self.launch(
            "-f",
            "-i",
            program="zsh",
            stdin=terminal.end,
            stdout=terminal.end,
            stderr=terminal.end,
            env={**os.environ, "TERM": "dumb", "HOME": str(self.folder), "PS1": "> "},
        )
        terminal.started()
        os.write(
            terminal.ours,
            f"fpath=('{COMPLETIONS}' $fpath); autoload -Uz compinit; compinit -u -D; echo re''ady\n".encode(),
        )
        self.assertTrue(terminal.read_until(b"ready"), terminal.shown)
        for begun, whole in (
            (b"parwork --jour\t", b"--journal="),
            (b"parwork --output=ra\t", b"--output=raw"),
            (b"parwork results --fa\t", b"--failed"),
            (b"parwork report --ou\t", b"--output="),
        ):
            os.write(terminal.ours, begun)
            self.assertTrue(terminal.read_until(whole), terminal.shown)
            terminal.shown = b""
            os.write(terminal.ours, b"\x15")
        os.write(terminal.ours, b"exit\n")
        terminal.read_all()
        self.assertEqual(process.wait(timeout=LIMIT), 0)

    def test_zsh_has_every_option(self):
        text = (COMPLETIONS / "_parwork").read_text()
        for option in self.every_long_option():
            self.assertIn(option, text)


if __name__ == "__main__":
    main()
