"""Runs on several machines: a real server on a free port, and real workers, all on this one."""

import json
import os
import signal
import subprocess
import time
import unittest
from pathlib import Path

from harness import INTERRUPTED, LIMIT, main
from tool import UNUSABLE, ToolTest

SERVER = os.environ.get("PARWORK_NATS_SERVER")
NOT_FOUND = 127
# Published by NATS as examples, and made for this test.
SEED = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
PUBLIC_KEY = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"
OTHER_SEED = "SUAFCH5Z7NZC3XJPCOU62MFS42LXHHJDUVSV3I54J7PUGKT2O3VGVXFYWM"
BLOCKED = "touch {}.begun; while [ ! -e go ]; do sleep 0.02; done; echo {}"


def wait_for(condition):
    """Polls: a limit after which a hanging program has failed, and no wait for time to pass."""
    end = time.monotonic() + LIMIT
    while not (got := condition()):
        if time.monotonic() > end:
            raise AssertionError("it never came")
        time.sleep(0.01)
    return got


class ClusterTest(ToolTest):
    def setUp(self):
        super().setUp()
        if not SERVER:
            self.skipTest("this build has no parwork::nats")
        self.url = self.serve()

    def serve(self, *more):
        """Starts a server on a free port; returns its URL."""
        ports = self.folder / f"ports-{time.monotonic_ns()}"
        ports.mkdir()
        server = subprocess.Popen(
            [SERVER, "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", str(ports), *more],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)

        def said():
            for each in ports.glob("*.ports"):
                try:
                    return json.loads(each.read_text(encoding="utf-8"))["nats"][0]
                except ValueError:
                    return None  # half of it
            return None

        return wait_for(said)

    def worker(self, *options, url=None, **more):
        with open(self.folder / "workers-say", "ab") as says:
            return self.launch(
                "worker",
                "--join",
                url or self.url,
                "--allow-commands",
                *(options or ("-j", "2")),
                stdout=subprocess.DEVNULL,
                stderr=says,
                **more,
            )

    def on_cluster(self, *arguments, **options):
        return self.parwork("--engine", self.url, *arguments, **options)

    def begin(self, *arguments, **options):
        return self.launch("--engine", self.url, *arguments, **options)

    def end(self, process):
        """Waits for it. Returns status, standard output and what it said."""
        out, err = process.communicate(timeout=LIMIT)
        return process.returncode, out, err.decode()

    def begun(self):
        return {each.stem for each in self.folder.glob("*.begun")}

    def go(self):
        self.file("go")


class RunTest(ClusterTest):
    def test_output_in_order_with_tags_and_both_streams(self):
        self.worker()
        items = [str(i) for i in range(20)]
        status, out, err = self.on_cluster(
            "-k", "--tag", "-c", "echo {}; echo e{} >&2", ":::", *items
        )
        self.assertEqual(status, 0, err)
        self.assertEqual(out.decode(), "".join(f"{i}\t{i}\n" for i in items))
        self.assertEqual(err, "".join(f"{i}\te{i}\n" for i in items))

    def test_jobs_see_what_local_ones_see_and_their_host(self):
        self.worker("-j", "1")
        status, out, err = self.on_cluster(
            "-c",
            "echo {#} {%} $PARWORK_SEQ $PARWORK_SLOT $PARWORK_ATTEMPT $PARWORK_HOST",
            ":::",
            "a",
        )
        self.assertEqual((status, out.decode()), (0, f"1 1 1 1 1 {os.uname().nodename}\n"), err)

    def test_the_slot_stands_where_it_was_asked_for(self):
        self.worker("-j", "1")
        status, out, err = self.on_cluster("echo", "x{%}y{%}", "{}1{%}", ":::", "1", "{%}")
        self.assertEqual((status, sorted(out.split(b"\n")[:2])), (0, [b"x1y1 111", b"x1y1 {%}11"]))
        self.assertEqual(err, "")

    def test_bytes_come_back_as_they_are_also_many_of_them(self):
        self.worker()
        status, out, err = self.on_cluster(
            "-k", "-c", "head -c 3000000 /dev/zero; printf {}", ":::", "\\377\\001"
        )
        self.assertEqual(status, 0, err)
        self.assertEqual(out, bytes(3000000) + b"\xff\x01")

    def test_blocks_of_the_input(self):
        self.worker()
        lines = "".join(f"{i}\n" for i in range(1000))
        status, out, err = self.on_cluster("-k", "--pipe", "-n", "300", "wc", "-l", items=lines)
        self.assertEqual((status, out.split()), (0, [b"300", b"300", b"300", b"100"]), err)

    def test_failures_are_counted_and_tried_again(self):
        self.worker()
        status, out, err = self.on_cluster(
            "--retries",
            "2",
            "--log",
            "log",
            "-c",
            "echo $PARWORK_ATTEMPT; test {} = good",
            ":::",
            "good",
            "bad",
        )
        self.assertEqual((status, sorted(out.split())), (1, [b"1", b"3"]), err)
        self.assertIn("1 of 2 failed", err)
        attempts = [(each["item"], each["attempt"], each["exit"]) for each in self.ends()]
        self.assertEqual(
            sorted(attempts), [("bad", 1, 1), ("bad", 2, 1), ("bad", 3, 1), ("good", 1, 0)]
        )
        self.assertEqual({each["host"] for each in self.ends()}, {os.uname().nodename})

    def test_death_by_signal(self):
        self.worker()
        status, _, err = self.on_cluster("-c", "kill -9 $$; : {}", ":::", "a")
        self.assertEqual(status, 1)
        self.assertIn("killed by signal 9", err)

    def test_results_folder(self):
        self.worker()
        status, out, err = self.on_cluster(
            "--results", "r", "--output", "none", "-c", "echo {}; exit 3", ":::", "a"
        )
        self.assertEqual((status, out), (1, b""), err)
        folder = self.folder / "r" / "1"
        self.assertEqual((folder / "stdout").read_bytes(), b"a\n")
        self.assertEqual((folder / "exit").read_bytes(), b"3\n")

    def test_folder_of_jobs(self):
        self.worker()
        (self.folder / "elsewhere").mkdir()
        there = str(self.folder / "elsewhere")
        self.assertEqual(
            self.on_cluster("--workdir", there, "pwd", ":::", "-P")[1], f"{there}\n".encode()
        )
        status, _, err = self.on_cluster("--workdir", there + "/no", "pwd", ":::", "-P")
        self.assertEqual(status, 126)
        self.assertIn(there + "/no", err)

    def test_labels(self):
        self.worker("-j", "1", "--label", "gpu", "--label", "big", "--log", "with")
        self.worker("-j", "1", "--log", "without")
        status, out, err = self.on_cluster("--needs", "gpu", "echo", ":::", *"abcdef")
        self.assertEqual((status, len(out.split())), (0, 6), err)
        self.assertEqual(len(self.ends("with")), 6)

    def test_a_report_shows_the_slots_of_workers(self):
        if os.environ.get("PARWORK_REPORT") == "0":
            self.skipTest("this build has no reports")
        self.worker()
        status, _, err = self.on_cluster("--report", "r.html", "true", ":::", *"abcd")
        self.assertEqual(status, 0, err)
        self.assertTrue((self.folder / "r.html").stat().st_size > 1000)


class EndTest(ClusterTest):
    def test_timeout_ends_a_job_with_what_it_started(self):
        self.worker()
        status, out, err = self.on_cluster(
            "--timeout", "0.3", "-c", "sleep 100 & echo $!; wait; : {}", ":::", "a"
        )
        self.assertEqual(status, 1)
        self.assertIn("timed out", err)
        self.assertFalse(self.is_alive(int(out)))

    def test_halt_now_ends_what_runs_and_takes_its_status(self):
        self.worker()
        status, _, err = self.on_cluster(
            "--halt",
            "now,fail=1",
            "-c",
            "if [ {} = 1 ]; then while [ ! -e 2.begun ]; do sleep 0.02; done; exit 7; fi;"
            "echo $$ > {}.pid; touch {}.begun; exec sleep 100",
            ":::",
            *"12345678",
        )
        self.assertEqual(status, 7, err)
        for each in self.folder.glob("*.pid"):
            self.assertFalse(self.is_alive(int(each.read_text())))

    def test_halt_soon_lets_what_runs_end(self):
        self.worker("-j", "1")
        status, out, err = self.on_cluster(
            "--halt",
            "soon,fail=1",
            "-c",
            "echo {}; test {} != 3",
            ":::",
            *(str(i) for i in range(1, 100)),
        )
        self.assertEqual(status, 1, err)
        self.assertIn(b"3\n", out)
        self.assertLess(len(out.split()), 20)

    def test_an_interrupt_ends_the_process_groups_of_workers(self):
        self.worker()
        run = self.begin("-c", "echo $$ > {}.pid; touch {}.begun; sleep 100; :", ":::", *"abcd")
        wait_for(lambda: len(self.begun()) == 2)
        run.send_signal(signal.SIGINT)
        status, _, err = self.end(run)
        self.assertEqual(status, INTERRUPTED, err)
        self.assertIn("2 interrupted", err)
        for each in self.folder.glob("*.pid"):
            self.assertFalse(self.is_alive(int(each.read_text())))

    def test_a_command_that_no_worker_has_stops_the_run(self):
        self.worker()
        status, out, err = self.on_cluster("no-such-command", ":::", *"abc")
        self.assertEqual((status, out), (NOT_FOUND, b""), err)
        self.assertEqual(err.count("command not found"), 1, err)

    def test_a_command_that_one_worker_lacks_is_run_by_the_other(self):
        self.script("only-there", 'echo "$1"\n')
        with_it = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        self.worker("-j", "1")
        self.worker("-j", "1", env=with_it)
        wait_for(lambda: len(self.workers()) == 2)
        status, out, err = self.on_cluster("-k", "only-there", ":::", *"abcd")
        self.assertEqual((status, out), (0, b"a\nb\nc\nd\n"), err)

    def workers(self):
        status, out, err = self.parwork("status", self.url, "--json")
        self.assertEqual(status, 0, err)
        return json.loads(out)["workers"]


class LossTest(ClusterTest):
    def test_a_killed_worker_loses_nothing(self):
        killed = self.worker("-j", "2")
        run = self.begin("-k", "-c", BLOCKED, ":::", *"abcdef")
        wait_for(lambda: len(self.begun()) == 2)
        killed.kill()
        self.worker("-j", "2")
        self.go()
        status, out, err = self.end(run)
        self.assertEqual((status, out), (0, b"a\nb\nc\nd\ne\nf\n"), err)

    def test_a_worker_that_is_told_to_end_finishes_what_runs(self):
        leaving = self.worker("-j", "2", "--log", "log")
        run = self.begin("-k", "-c", BLOCKED, ":::", *"abcdef")
        wait_for(lambda: len(self.begun()) == 2)
        leaving.terminate()
        self.worker("-j", "2")
        self.go()
        self.assertEqual(leaving.wait(timeout=LIMIT), 128 + signal.SIGTERM)
        status, out, err = self.end(run)
        self.assertEqual((status, out), (0, b"a\nb\nc\nd\ne\nf\n"), err)
        self.assertEqual({each["exit"] for each in self.ends()}, {0})
        self.assertNotIn("lost", err)

    def test_a_killed_run_is_resumed_and_takes_what_was_done_meanwhile(self):
        self.worker("-j", "2", "--log", "log")
        journal = ("--journal", "j")
        run = self.begin(*journal, "-k", "-c", BLOCKED, ":::", *"abcdef")
        wait_for(lambda: len(self.begun()) == 2)
        run.kill()
        run.wait()
        self.go()
        wait_for(lambda: (self.folder / "log").exists() and len(self.ends()) >= 2)
        status, out, err = self.parwork("resume", "j")
        self.assertEqual((status, out), (0, b"a\nb\nc\nd\ne\nf\n"), err)
        self.assertEqual(
            sorted(each["item"].rsplit(" ", 1)[-1] for each in self.ends()), list("abcdef")
        )

    def test_without_a_worker_it_says_how_to_start_one(self):
        run = self.begin("echo", ":::", "a")
        said = run.stderr.readline().decode()
        self.assertIn(f"parwork worker --join {self.url} --allow-commands", said)
        self.worker()
        status, out, _ = self.end(run)
        self.assertEqual((status, out), (0, b"a\n"))


class DocumentTest(ClusterTest):
    def test_the_three_commands_of_the_manual(self):
        """As they are, but for the port."""
        manual = Path(__file__).parents[2] / "docs" / "cli.md"
        text = manual.read_text(encoding="utf-8").partition("## On several machines")[2]
        commands = text.partition("```sh\n")[2].partition("```")[0].splitlines()
        self.assertEqual(len(commands), 3)
        port = self.url.rpartition(":")[2]
        (self.folder / "parwork").symlink_to(self.program)
        path = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        self.assertTrue(commands[0].startswith("nats-server -a 127.0.0.1"))  # setUp has one
        self.launch(*commands[1].removesuffix(" &").replace("4222", port).split()[1:])
        shown = subprocess.run(
            ["sh", "-c", commands[2].replace("4222", port)],
            env=path,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            timeout=LIMIT,
            check=True,
        ).stdout.decode()
        host = os.uname().nodename
        self.assertEqual(shown, "".join(f"{i} on {host}\n" for i in (1, 2, 3)))


class OptionTest(ClusterTest):
    def test_without_a_server_it_says_so(self):
        nobody = "nats://127.0.0.1:1"
        self.assert_unusable("--engine", nobody, "echo", ":::", "a", naming="127.0.0.1:1")
        self.assert_unusable("worker", "--join", nobody, "--allow-commands", naming="127.0.0.1:1")
        self.assert_unusable("status", nobody, naming="127.0.0.1:1")

    def test_a_worker_runs_nothing_unless_that_is_meant(self):
        self.assert_unusable("worker", "--join", self.url, naming="--allow-commands")
        self.assert_unusable("worker", "--allow-commands", naming="--join")

    def test_a_login_that_is_wrong(self):
        url = self.serve("--user", "me", "--pass", "secret")
        self.file("wrong", "none\n")
        self.file("right", "secret\n")
        login = ("--user", "me", "--password-file")
        self.assert_unusable(
            "--engine", url, *login, "wrong", "echo", ":::", "a", naming="parwork:"
        )
        self.worker("-j", "1", *login, "right", url=url)
        status, out, err = self.parwork("--engine", url, *login, "right", "echo", ":::", "a")
        self.assertEqual((status, out), (0, b"a\n"), err)

    def test_a_login_by_nkey(self):
        self.file("server.conf", f'authorization {{ users: [ {{ nkey: "{PUBLIC_KEY}" }} ] }}\n')
        url = self.serve("-c", str(self.folder / "server.conf"))
        self.file("right", SEED + "\n")
        self.file("wrong", OTHER_SEED + "\n")
        self.assert_unusable(
            "--engine", url, "--nkey", "wrong", "echo", ":::", "a", naming="parwork:"
        )
        self.worker("-j", "1", "--nkey", "right", url=url)
        status, out, err = self.parwork("--engine", url, "--nkey", "right", "echo", ":::", "a")
        self.assertEqual((status, out), (0, b"a\n"), err)
        status, out, err = self.parwork("status", url, "--nkey", "right", "--json")
        self.assertEqual((status, len(json.loads(out)["workers"])), (0, 1), err)
        for seed in (SEED, OTHER_SEED):
            self.assertNotIn(seed, (self.folder / "workers-say").read_text("utf-8") + err)

    def test_a_job_has_one_run_at_a_time(self):
        self.worker()
        run = self.begin("--job", "mine", "-c", BLOCKED, ":::", "a")
        wait_for(self.begun)
        self.assert_unusable(
            "--engine", self.url, "--job", "mine", "echo", ":::", "a", naming="mine"
        )
        status, out, err = self.parwork("status", self.url, "--json", "--job", "mine")
        self.assertEqual(status, 0, err)
        self.assertEqual([each["job"] for each in json.loads(out)["runs"]], ["mine"])
        self.assertIn(b"mine", self.parwork("status", self.url)[1])
        self.go()
        self.assertEqual(self.end(run)[:2], (0, b"a\n"))

    def test_options_that_are_about_this_machine_are_refused(self):
        for words in (
            ["--tty"],
            ["--output", "line"],
            ["--output", "raw"],
            ["--load", "2"],
            ["--memfree", "1G"],
            ["--delay", "1"],
            ["-j", "50%"],
            ["--pipe", "--block", "33M"],
        ):
            items = [] if "--pipe" in words else [":::", "a"]
            self.assert_unusable(
                "--engine", self.url, *words, "echo", *items, naming=" and --engine cannot"
            )

    def test_options_of_other_machines_need_an_engine(self):
        for words in (["--job", "a"], ["--needs", "a"], ["--lost-after", "3"], ["--workdir", "/"]):
            self.assert_unusable(*words, "echo", ":::", "a", naming=words[0] + " is about")
        self.assert_unusable("--user", "a", "echo", ":::", "a", naming="--engine URL")

    def test_values_that_cannot_be(self):
        self.assert_unusable("--engine", "cloud", "echo", ":::", "a", naming="cloud")
        self.assert_unusable("--engine", "http://x", "echo", ":::", "a", naming="nats://HOST")
        self.assert_unusable("--engine", self.url, "--job", "a.b", "echo", ":::", "a", naming="a.b")
        self.assert_unusable(
            "--engine", self.url, "--workdir", "here", "echo", ":::", "a", naming="here"
        )

    def test_the_commands_are_shown_without_a_server(self):
        self.assert_out("echo a\n", "--engine", "nats://nobody", "--dry-run", "echo", ":::", "a")


class AbsentTest(ToolTest):
    @unittest.skipIf(SERVER, "this build has parwork::nats")
    def test_all_of_it_is_refused(self):
        for words in (
            ["--engine", "nats://x", "echo", ":::", "a"],
            ["worker", "--join", "nats://x", "--allow-commands"],
            ["status", "nats://x"],
        ):
            self.assert_unusable(*words, naming="without NATS")


if __name__ == "__main__":
    main()
