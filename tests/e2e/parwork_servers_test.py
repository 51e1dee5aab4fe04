"""How docs/distributed.md starts a cluster of servers, plans a run, and watches it."""

import json
import math
import os
import re
import shlex
import shutil
import signal
import subprocess

from cluster import BLOCKED, SERVER, wait_for
from deployment import (
    EXAMPLES,
    TERMINATED,
    DeploymentTest,
    SecureTest,
    changed,
    commands,
    figures,
    found,
    free_port,
    section,
)
from harness import LIMIT, main


class ThreeServersTest(SecureTest):
    """On addresses of the loopback network."""

    def setUp(self):
        super().setUp()
        self.network = f"127.{os.getpid() // 250 % 250 + 1}.{os.getpid() % 250 + 1}."
        self.nodes = {number: self.network + str(number) for number in (1, 2, 3)}

    def start_node(self, number):
        """In a folder of its own, with files that differ from the manual's by addresses alone."""
        folder = self.folder / f"node{number}"
        if not folder.exists():
            folder.mkdir()
            for name in ("server.pem", "server-key.pem", "ca.pem"):
                shutil.copy(self.folder / name, folder)
            own = self.nodes[number]
            for name, changes in (
                ("server.conf", [("0.0.0.0:", f"{own}:")]),
                (
                    "node.conf",
                    [("0.0.0.0:", f"{own}:"), ("127.0.0.1:", f"{own}:"), ("10.0.0.", self.network)],
                ),
            ):
                text = (EXAMPLES / name).read_text(encoding="utf-8")
                (folder / name).write_text(changed(text, *changes), encoding="utf-8")
        text = commands("Three servers")[0]
        words = shlex.split(text.splitlines()[-1])
        self.assertEqual(words[0], "nats-server")
        return self.serve_in_background(
            SERVER, *words[1:], cwd=folder, env={**os.environ, **self.passwords}
        )

    def figures(self, number, page):
        return figures(f"http://{self.nodes[number]}:8222", page)

    def others_of(self, number):
        """The nodes that a node is connected to."""
        page = self.figures(number, "routez")
        return {each["remote_id"] for each in page["routes"]} if page else set()

    def test_any_node_may_go_while_a_run_goes_on(self):
        self.certify(",".join(f"IP:{each}" for each in self.nodes.values()))
        servers = {number: self.start_node(number) for number in self.nodes}
        for number in self.nodes:
            wait_for(lambda which=number: len(self.others_of(which)) == 2)
        _, join = commands("Three servers")
        self.file("worker-password", self.passwords["WORKER_PASSWORD"] + "\n")
        words = shlex.split(changed(join, ("10.0.0.", self.network)).replace("\\\n", ""))
        urls = words[words.index("--join") + 1]
        workers = [self.launch(*words[1:], "-j", "1", stdout=subprocess.DEVNULL) for _ in range(4)]
        login = self.submit(urls, "--engine")
        turn = "touch {}.begun; until [ -e go{} ] || [ -e go ]; do sleep 0.02; done; echo {}"
        items = [str(i) for i in range(20)]
        run = self.launch(*login, "-k", "-c", turn, ":::", *items)
        ended = set()
        # Each node is killed while jobs run. These end, others begin, and it comes back.
        for number in self.nodes:
            running = wait_for(lambda: self.begun() - ended)
            servers[number].kill()
            servers[number].wait()
            for item in running:
                self.file(f"go{item}")
            ended |= running
            wait_for(lambda: self.begun() - ended)
            servers[number] = self.start_node(number)
            for each in self.nodes:
                wait_for(lambda which=each: len(self.others_of(which)) == 2)
        self.go()
        status, out, err = self.end(run)
        self.assertEqual((status, out), (0, "".join(f"{i}\n" for i in items).encode()), err)
        for each in workers:
            each.terminate()
        self.assertEqual({each.wait(timeout=LIMIT) for each in workers}, {TERMINATED})


class PlanningTest(DeploymentTest):
    def test_the_sums(self):
        """Of what is measured: each figure follows from the table."""
        rows = re.findall(
            r"^\| (\d+) \| 10 \|.*\| ([\d,]+) \|$", section("What it costs"), re.MULTILINE
        )
        cost = {int(size): int(ns.replace(",", "")) / 1000 for size, ns in rows}
        text = " ".join(section("Planning").split())
        said = re.search(
            r"of 256 bytes and 10 us it takes ([\d.]+) us .* 16 bytes ([\d.]+) us", text
        )
        self.assertEqual([f"{cost[size]:.1f}" for size in (256, 16)], list(said.groups()))
        self.assertIn(f"in an hour take {math.ceil(1e6 / 3600)} threads", text)
        self.assertIn(f"256 bytes a second are {256 * 8 * 1e6 / 1e9:.0f} Gbit/s", text)
        a_batch = 20  # ms
        self.assertIn(f"{4 * a_batch} items of 1 ms", text)
        self.assertIn(f"for {10000 // (4 * a_batch)} threads of the former and 2,500", text)


class WatchTest(DeploymentTest):
    def test_the_commands_and_the_figures_that_they_show(self):
        port = free_port()
        self.url = self.serve("-m", str(port))
        self.worker("-j", "1")
        run = self.begin("-c", BLOCKED, ":::", "a", "b", "c")
        wait_for(lambda: self.begun() and self.status()["runs"])
        ask, monitor = commands("What to watch")
        shown = self.shell(changed(ask, ("nats://127.0.0.1:4222", self.url)))
        lines = shown.splitlines()
        self.assertIn("RUN", lines[0])
        answer = json.loads(lines[-1])
        for kind in ("runs", "workers"):
            rows = re.search(rf"\| of `{kind}`.*?(?=\n\n)", section("What to watch"), re.DOTALL)
            names = re.findall(
                r"`(\w+)`", "".join(re.findall(r"^\|[^|]*", rows.group(), re.MULTILINE))
            )
            self.assertGreater(len(names), 2)
            self.assertLessEqual(set(names) - {kind}, set(answer[kind][0]), shown)
        address = f"http://127.0.0.1:{port}"
        for line in changed(monitor, ("http://127.0.0.1:8222", address)).splitlines():
            if found("curl"):
                json.loads(self.shell(line))
            page = shlex.split(line)[-1].removeprefix(address + "/")
            self.assertTrue(figures(address, page), line)
        for names, page in re.findall(
            r"^\| (`.*`) of `/([^`]+)` \|", section("What to watch"), re.MULTILINE
        ):
            got = figures(address, page)
            if page == "connz":
                got = got["connections"][0]
            elif "closed" in page:
                got = figures(address, page)["connections"][0]
            elif page == "routez":
                continue  # ThreeServersTest reads it
            self.assertLessEqual(set(re.findall(r"`(\w+)`", names)), set(got), page)
        self.go()
        self.assertEqual(self.end(run)[0], 0)

    def test_a_slow_consumer_is_cut_off_and_loses_nothing(self):
        """A run that is stopped while 36 MB come, of which its server holds 1 MB."""
        self.file("small.conf", "max_pending: 1MB\n")
        port = free_port()
        self.url = self.serve("-c", "small.conf", "-m", str(port), cwd=self.folder)
        workers = [self.worker() for _ in range(6)]
        wait_for(lambda: len(self.status()["workers"]) == len(workers))
        size = 3_000_000
        large = f"touch {{}}.begun; until [ -e go ]; do sleep 0.02; done; head -c {size} /dev/zero"
        items = [str(i) for i in range(18)]
        with open(self.folder / "out", "wb") as out:
            run = self.begin("-c", large, ":::", *items, stdout=out)
        wait_for(lambda: len(self.begun()) >= 2 * len(workers))
        run.send_signal(signal.SIGSTOP)
        self.go()
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: figures(address, "varz").get("slow_consumers"))
        run.send_signal(signal.SIGCONT)
        status, _, err = self.end(run)
        self.assertEqual(status, 0, err)
        self.assertEqual((self.folder / "out").stat().st_size, size * len(items))


if __name__ == "__main__":
    main()
