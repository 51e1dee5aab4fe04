"""What tests of runs on several machines share: servers and workers, all on this one."""

import json
import os
import subprocess
import time
from pathlib import Path

from harness import LIMIT
from tool import ToolTest

ROOT = Path(__file__).resolve().parents[2]
SERVER = os.environ.get("PARWORK_NATS_SERVER")
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

    def serve(self, *more, **options):
        """Starts a server on a free port; returns its URL."""
        ports = self.folder / f"ports-{time.monotonic_ns()}"
        ports.mkdir()
        server = subprocess.Popen(
            [SERVER, "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", str(ports), *more],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **options,
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
