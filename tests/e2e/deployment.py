"""What tests share that run the texts of docs/distributed.md as they are, but for addresses."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import urllib.request

from cluster import ROOT, ClusterTest, wait_for
from harness import LIMIT, default_signals


EXAMPLES = ROOT / "examples" / "nats"
TERMINATED = 128 + signal.SIGTERM


def section(title):
    """The text below a heading of docs/distributed.md, up to the next one of any level."""
    text = (ROOT / "docs" / "distributed.md").read_text(encoding="utf-8")
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/distributed.md has no '{title}'"
    return found.group(1)


def commands(title):
    """Its blocks of commands for a shell, but for quoted files."""
    return re.findall(r"(?<!-->\n)^```sh\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)


def changed(text, *changes):
    """`text` with each of (old, new) in it, all of which it has to have."""
    for old, new in changes:
        assert old in text, f"'{old}' is not in: {text}"
        text = text.replace(old, new)
    return text


def found(program):
    """Where a program is, also one of the system's; None where it is not."""
    return shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def free_port():
    """One that nobody has now: for servers that do not choose one themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def figures(address, page):
    """What a server tells about itself; nothing while it does not answer."""
    try:
        with urllib.request.urlopen(f"{address}/{page}", timeout=LIMIT) as answer:
            return json.load(answer)
    except OSError:
        return {}


class DeploymentTest(ClusterTest):
    """Shells find the tool, and whatever else is in the folder's `bin`."""

    def setUp(self):
        super().setUp()
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        (self.bin / "parwork").symlink_to(self.program)
        self.path = f"{self.bin}:{os.environ['PATH']}:/usr/sbin:/sbin"

    def program_in_bin(self, name, text):
        path = self.bin / name
        path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
        path.chmod(0o755)

    def shell(self, text, env=None, cwd=None):
        """Runs it to its end by sh; returns what it shows."""
        done = subprocess.run(
            ["sh", "-ec", text],
            cwd=cwd or self.folder,
            env={**os.environ, "PATH": self.path, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=LIMIT,
            preexec_fn=default_signals,
            check=False,
        )
        self.assertEqual(done.returncode, 0, f"{text}\n{done.stdout}\n{done.stderr}")
        return done.stdout.decode()

    def serve_in_background(self, *words, **options):
        """A server of any kind, which is killed at the end; what it says is in the folder."""
        with open(self.folder / "servers-say", "ab") as says:
            server = self.start(
                *words[1:],
                program=words[0],
                stdout=says,
                stderr=says,
                **{"cwd": self.folder, **options},
            )
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        return server

    def servers_said(self):
        return (self.folder / "servers-say").read_text(errors="replace")

    def status(self, url=None, *login):
        status, out, err = self.parwork("status", url or self.url, "--json", *login)
        self.assertEqual(status, 0, err)
        return json.loads(out)

    def kill_later(self, pid):
        """A process that is no child of this one."""

        def kill():
            if self.is_alive(pid):
                os.kill(pid, signal.SIGKILL)

        self.addCleanup(kill)
        return pid

    def assert_finishes_what_runs(self, run, terminate, items):
        """Both workers of a run are told to end while they work; a third one does the rest."""
        wait_for(lambda: len(self.begun()) >= 2)
        terminate()
        rest = self.worker()
        self.go()
        status, out, err = self.end(run)
        self.assertEqual((status, out), (0, "".join(f"{i}\n" for i in items).encode()), err)
        self.assertNotIn("lost", err)
        rest.terminate()
        self.assertEqual(rest.wait(timeout=LIMIT), TERMINATED)


class SecureTest(DeploymentTest):
    """With the server, the certificates and the logins of the manual."""

    passwords = {"SUBMITTER_PASSWORD": "one1", "WORKER_PASSWORD": "two2"}

    def setUp(self):
        super().setUp()
        # libnats reads and writes an encrypted connection on two threads, with no lock for OpenSSL.
        if "thread" in os.environ.get("PARWORK_SANITIZERS", ""):
            self.skipTest("an encrypted connection is a data race to ThreadSanitizer")

    def certify(self, names):
        """Makes certificates as the manual does, for other hosts, in the folder."""
        recipe = [each for each in commands("Security") if "openssl" in each]
        self.assertEqual(len(recipe), 1)
        self.shell(changed(recipe[0], ("DNS:bus.example", names)))

    def submit(self, urls, *words):
        """The options of a run's, or of a status's, login."""
        self.file("submitter-password", self.passwords["SUBMITTER_PASSWORD"])
        login = ["--ca", "ca.pem", "--user", "submitter", "--password-file", "submitter-password"]
        return [*words, urls, *login]
