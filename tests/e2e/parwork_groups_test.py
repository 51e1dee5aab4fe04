"""The command-line tool: several items for each job, as many as asked for or as fit."""

import os
import signal

from harness import LIMIT, main
from tool import ToolTest

COUNT = ["sh", "-c", "echo $#", "sh"]


def numbers(count):
    return "".join(f"{n}\n" for n in range(count))


class GroupsTest(ToolTest):
    def test_a_job_gets_fewer_where_a_command_line_holds_no_more(self):
        status, out, err = self.parwork("-k", "-n", "1000000", "echo", items=numbers(400_000))
        self.assertEqual((status, err), (0, ""))
        self.assertGreater(len(out.splitlines()), 1)
        self.assertEqual(out.split(), numbers(400_000).encode().split())

    def test_a_shell_string_may_have_thousands_of_them(self):
        self.assert_out("6000\n", "-n", "6000", "-c", "echo {} | wc -w", items=numbers(6000))
        self.assert_out(
            "6001\n",
            "-n",
            "6000",
            "-c",
            "for x in {} {1}; do echo $x; done | wc -l",
            items=numbers(6000),
        )
        self.assert_out(
            "0 6000\n", "-n", "6000", "-c", "set -- $# {}; shift; echo 0 $#", items=numbers(6000)
        )
        self.assert_out(
            "6000 0 5999\n", "-n", "6000", "-c", "echo $# $1 ${6000}", items=numbers(6000)
        )

    def test_nothing_of_thousands_of_items_is_code(self):
        nasty = ["$(touch bad)", "`touch bad`", "';touch bad;'", '";touch bad;"', "a  b", "\\", "ä"]
        items = nasty * 1000
        for command in (
            "printf '%s\\n' {}",
            'printf "%s\\n" {}',
            "f() { printf '%s\\n' {}; }; f x",
        ):
            with self.subTest(command):
                self.assert_out(
                    "".join(f"{each}\n" for each in items),
                    "-n",
                    "9000",
                    "-c",
                    command,
                    items="".join(f"{each}\n" for each in items),
                )
        joined = " ".join(items)
        self.assert_out(
            f"<{joined}>\n",
            "-n",
            "9000",
            "-c",
            "printf '<%s>\\n' \"{}\"",
            items="".join(f"{each}\n" for each in items),
        )
        self.assertFalse((self.folder / "bad").exists())

    def test_what_no_argument_can_be_fails_alone(self):
        items = b"a\n" + b"x" * 200_000 + b"\nb\nc\0d\ne\nf\n"
        for number in ("6", "fit"):
            status, out, err = self.parwork("-j1", "-k", "-n", number, *COUNT, items=items)
            self.assertEqual((status, out), (2, b"1\n1\n2\n"), err)
            self.assertIn("NUL", err)
            self.assertIn("too long", err)

    def test_as_many_as_fit_are_spread_over_the_slots(self):
        self.assert_out("3\n3\n2\n2\n", "-k", "-j4", "-n", "fit", *COUNT, items=numbers(10))
        self.assert_out("1\n1\n", "-k", "-j4", "-n", "fit", *COUNT, ":::", "a", "b")
        self.assert_out("", "-n", "fit", *COUNT)
        self.assert_out(
            "5\n5\n", "-kj2", "--items-per-job=fit", "-c", 'echo $#; : "$@"', items=numbers(10)
        )
        self.assert_out(
            "echo 0 1\necho 2\n", "-j2", "--dry-run", "-n", "fit", "echo", items=numbers(3)
        )

    def test_a_total_is_that_of_the_jobs(self):
        """By which --halt takes its share: three jobs of four items each, and one of two."""
        status, out, _ = self.parwork(
            "-j1", "-k", "-n4", "--halt", "soon,done=50%", *COUNT, ":::", *map(str, range(14))
        )
        self.assertEqual((status, out), (0, b"4\n4\n"))

    def test_a_share_of_the_jobs_of_a_file_is_known(self):
        """Also from where somebody else has begun to read it."""
        self.file("items", numbers(14))
        halt = ["-j1", "-k", "-n4", "--halt", "soon,done=50%"]
        self.assert_out("4\n4\n", *halt, "-a", "items", *COUNT)
        with (self.folder / "items").open("rb") as items:
            os.lseek(items.fileno(), 8, os.SEEK_SET)  # behind four of them
            process = self.launch(*halt, *COUNT, stdin=items)
            self.assertEqual(process.communicate(timeout=LIMIT)[0], b"4\n4\n")
        self.file("table", "n\n" + numbers(4))
        self.assert_out("0\n1\n", *halt[:2], *halt[3:], "--header", "-a", "table", "echo", "{n}")

    def test_a_resumed_run_divides_the_items_as_the_first_one_did(self):
        script = 'echo "$*" >> done; [ -e good ] || [ "$1" = 0 ] || { kill -9 $PPID; exec sleep 1000; }; echo "$*"'
        self.file("items", numbers(10))
        words = ["-kj1", "--journal", "j", "-a", "items"]
        first = self.launch(*words[:1], "-n3", *words[1:], "sh", "-c", script, "sh")
        self.assertEqual(first.wait(timeout=LIMIT), -signal.SIGKILL)
        self.file("good")
        status, out, err = self.parwork("resume", "j", "-j4", env={"MORE": "x" * 100})
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(self.parwork("results", "j")[1], b"0 1 2\n3 4 5\n6 7 8\n9\n")

    def test_a_resumed_run_spreads_them_over_as_many_slots_as_the_first_one(self):
        script = 'echo "$*" >> done; [ "$1" = 0 ] || [ -e good ] || exit 1; echo "$*"'
        self.file("items", numbers(10))
        self.parwork(
            "-qkj2", "-n", "fit", "--journal", "j", "-a", "items", "sh", "-c", script, "sh"
        )
        self.file("good")
        status, _, err = self.parwork("resume", "--retry-failed", "j", "-j4")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(self.parwork("results", "j")[1], b"0 1 2 3 4\n5 6 7 8 9\n")
        self.assertEqual(
            sorted((self.folder / "done").read_text().splitlines()),
            ["0 1 2 3 4", "5 6 7 8 9", "5 6 7 8 9"],
        )

    def test_another_number_is_another_command(self):
        self.parwork("-n2", "--journal", "j", "echo", ":::", "a", "b")
        self.assert_unusable(
            "-n", "fit", "--resume", "--journal", "j", "echo", ":::", "a", "b", naming="j"
        )

    def test_bad_numbers_are_refused(self):
        for number in ("0", "", "-1", "many", "1000001", "fits"):
            self.assert_unusable("-n", number, "echo", ":::", "a", naming="fit")
        self.assert_unusable("-n", "fit", "-C", ",", "echo", naming="-n and -C")


if __name__ == "__main__":
    main()
