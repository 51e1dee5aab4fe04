"""How docs/distributed.md starts workers and servers, and what it watches: its texts as they are,
but for addresses.

sshd, Slurm and systemd-analyze are used where they are installed; without them their tests are
skipped, and say so. What they would run is run without them in any case, but for ssh. No image of a
container is built here: its command is run as process 1 of a namespace.
"""

import getpass
import json
import math
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

from cluster import BLOCKED, ROOT, SERVER, ClusterTest, wait_for
from harness import LIMIT, default_signals, main

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


class SshTest(DeploymentTest):
    """A server of ssh on a free port, with keys for this test alone. Its hosts are folders."""

    def setUp(self):
        super().setUp()
        self.sshd = found("sshd")
        if not (self.sshd and found("ssh") and found("ssh-keygen")):
            self.skipTest("sshd or ssh is missing (Debian: openssh-server, openssh-client)")

    def start_sshd(self):
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # sshd as root insists on it
        for key in ("host", "mine"):
            if not (self.folder / f"{key}_key").exists():
                self.shell(f"ssh-keygen -q -t ed25519 -N '' -f {key}_key")
        # As if each host had a home of its own.
        self.program_in_bin(
            "at-host", f'cd "{self.folder}/$HOST" && exec sh -c "$SSH_ORIGINAL_COMMAND"\n'
        )
        self.file(
            "sshd_config",
            f"""HostKey {self.folder}/host_key
AuthorizedKeysFile {self.folder}/mine_key.pub
StrictModes no
UsePAM no
PidFile none
PermitRootLogin yes
AcceptEnv HOST
SetEnv PATH={self.path}
ForceCommand {self.bin}/at-host
""",
        )
        port = free_port()
        server = self.serve_in_background(
            self.sshd,
            "-D",
            "-e",
            "-f",
            "sshd_config",
            "-p",
            str(port),
            "-o",
            "ListenAddress=127.0.0.1",
        )
        self.file(
            "ssh_config",
            f"""Host *
  HostName 127.0.0.1
  Port {port}
  User {getpass.getuser()}
  IdentityFile {self.folder}/mine_key
  IdentitiesOnly yes
  BatchMode yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
Host first
  SetEnv HOST=first
Host second
  SetEnv HOST=second
""",
        )
        self.program_in_bin("ssh", f'exec {found("ssh")} -F {self.folder}/ssh_config "$@"\n')
        wait_for(lambda: "Server listening" in self.servers_said())
        return server

    def test_workers_stay_when_ssh_is_gone_and_end_by_term(self):
        start, stop = commands("By ssh")
        server = self.start_sshd()
        hosts = ("first", "second")
        self.file("hosts", "".join(f"{host}\n" for host in hosts))
        for host in hosts:
            (self.folder / host).mkdir()
        self.shell(changed(start, ("nats://10.0.0.1:4222", self.url)))
        pids = [
            self.kill_later(int((self.folder / host / "worker.pid").read_text())) for host in hosts
        ]
        server.kill()
        server.wait()
        wait_for(lambda: len(self.status()["workers"]) == 2)
        self.assertEqual({each["pid"] for each in self.status()["workers"]}, set(pids))
        self.assertEqual({os.getsid(pid) for pid in pids}, set(pids))
        self.start_sshd()
        items = [str(i) for i in range(40)]
        run = self.begin("-k", "--workdir", str(self.folder), "-c", BLOCKED, ":::", *items)
        self.assert_finishes_what_runs(run, lambda: self.shell(stop), items)
        wait_for(lambda: not any(self.is_alive(pid) for pid in pids))
        for host in hosts:
            self.assertEqual((self.folder / host / "worker.log").read_text(), "")


class SlurmTest(DeploymentTest):
    script = EXAMPLES / "workers.sbatch"

    def directives(self):
        """The options of sbatch that the script has."""
        text = self.script.read_text(encoding="utf-8")
        return dict(re.findall(r"^#SBATCH --([a-z-]+)=(.*)$", text, re.MULTILINE))

    def test_the_script_by_hand(self):
        """As Slurm runs it, for which nothing of Slurm is needed: TERM to the batch process."""
        self.shell(f"bash -n {self.script} && sh -n {self.script}")
        options = self.directives()
        self.assertEqual(options["signal"], "B:TERM@60")
        words = commands("By Slurm")[0].split()
        self.assertEqual(words[:3], ["sbatch", "--array=1-20", "workers.sbatch"])
        given = [self.url if "//" in each else each for each in words[3:]]
        self.assertEqual(given[0], "--join")
        tasks = []
        for number in (1, 2):
            cpus = {"SLURM_CPUS_PER_TASK": "2", "SLURM_ARRAY_TASK_ID": str(number)}
            tasks.append(
                self.launch(
                    str(self.script),
                    *given,
                    program="/bin/sh",
                    env={**os.environ, "PATH": self.path, **cpus},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
        wait_for(lambda: len(self.status()["workers"]) == 2)
        self.assertEqual({each["threads"] for each in self.status()["workers"]}, {2})
        items = [str(i) for i in range(40)]
        run = self.begin("-k", "-c", BLOCKED, ":::", *items)
        self.assert_finishes_what_runs(run, lambda: [each.terminate() for each in tasks], items)
        self.assertEqual([each.wait(timeout=LIMIT) for each in tasks], [TERMINATED] * 2)

    def start_slurm(self):
        """A controller and a node on this machine, and what they know each other by."""
        munge = self.folder / "munge"
        munge.mkdir(mode=0o711)
        key = munge / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        files = [f"--{each}-file={munge}/{each}" for each in ("key", "pid", "log", "seed")]
        authority = self.serve_in_background(
            found("munged"), "-F", "-f", f"--socket={munge}/socket", *files
        )
        wait_for((munge / "socket").exists)
        for each in ("state", "spool"):
            (self.folder / each).mkdir()
        host = os.uname().nodename
        self.file(
            "slurm.conf",
            f"""ClusterName=parwork
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={munge}/socket
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd.pid
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
MailProg=/bin/true
NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=100
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
""",
        )
        configured = {**os.environ, "SLURM_CONF": f"{self.folder}/slurm.conf", "PATH": self.path}
        for words in (["slurmctld", "-D"], ["slurmd", "-D", "-N", host]):
            self.serve_in_background(found(words[0]), *words[1:], env=configured)
        wait_for(lambda: "idle" in self.slurm("sinfo -h -o %T || true"))
        return authority

    def slurm(self, text):
        return self.shell(text, env={"SLURM_CONF": f"{self.folder}/slurm.conf"})

    def end_slurm(self):
        self.slurm("scancel --signal=KILL --full --name=parwork-worker")
        wait_for(lambda: not self.slurm("squeue -h"))

    def test_an_array_of_workers_in_slurm(self):
        if not all(found(each) for each in ("slurmctld", "slurmd", "munged", "sbatch")):
            self.skipTest("slurm is missing (Debian: slurm-wlm)")
        if os.geteuid() != 0:
            self.skipTest("slurm's node needs root")
        self.start_slurm()
        self.addCleanup(self.end_slurm)
        submit, end = commands("By Slurm")
        shutil.copy(self.script, self.folder)
        self.slurm(changed(submit, ("nats://10.0.0.1:4222", self.url), ("1-20", "1-4")))
        # Of 16 CPUs each has 4; a fifth task waits.
        wait_for(lambda: len(self.status()["workers"]) == 4)
        self.assertEqual({each["threads"] for each in self.status()["workers"]}, {4})
        items = [str(i) for i in range(60)]
        run = self.begin("-k", "-c", BLOCKED, ":::", *items)
        self.assert_finishes_what_runs(run, lambda: self.slurm(end), items)
        wait_for(lambda: not self.slurm("squeue -h"))
        for number in (1, 2, 3, 4):
            said = (self.folder / f"parwork-worker-{number}.log").read_text()
            self.assertNotIn("parwork:", said)


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


class SystemdTest(SecureTest):
    unit = EXAMPLES / "parwork-worker.service"

    def settings(self):
        text = self.unit.read_text(encoding="utf-8").replace("\\\n", "")
        return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))

    def test_the_unit_is_in_order(self):
        if not found("systemd-analyze"):
            self.skipTest("systemd-analyze is missing (Debian: systemd)")
        text = self.unit.read_text(encoding="utf-8")
        copy = self.file(self.unit.name, changed(text, ("/usr/bin/parwork", self.program)))
        done = subprocess.run(
            [found("systemd-analyze"), "verify", "--man=no", str(copy)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT,
            check=False,
        )
        said = [each for each in done.stdout.decode().splitlines() if self.unit.name in each]
        self.assertEqual((done.returncode, said), (0, []), done.stdout)

    def test_what_systemd_would_run(self):
        """With credentials as systemd gives them. TERM to the worker alone, as KillMode says."""
        unit = self.settings()
        self.assertEqual((unit["KillSignal"], unit["KillMode"]), ("SIGTERM", "mixed"))
        self.assertEqual(unit["SuccessExitStatus"], str(TERMINATED))
        self.assertEqual(unit["Restart"], "on-failure")
        self.certify("IP:127.0.0.1")
        url = self.serve(
            "-c",
            str(EXAMPLES / "server.conf"),
            cwd=self.folder,
            env={**os.environ, **self.passwords},
        )
        url = url.replace("nats://", "tls://")
        credential, _, source = unit["LoadCredential"].partition(":")
        self.assertIn(source, section("By systemd"))
        (self.folder / "credentials").mkdir()
        self.file(f"credentials/{credential}", self.passwords["WORKER_PASSWORD"] + "\n")
        environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(self.folder / "credentials")}
        line = changed(
            unit["ExecStart"],
            ("/usr/bin/parwork", self.program),
            ("tls://bus.example:4222", url),
            ("/etc/parwork/ca.pem", f"{self.folder}/ca.pem"),
            ("${CREDENTIALS_DIRECTORY}", environment["CREDENTIALS_DIRECTORY"]),
        )
        words = shlex.split(line)

        def start():
            return self.launch(*words[1:], "-j", "2", env=environment, stdout=subprocess.DEVNULL)

        first = start()
        items = [str(i) for i in range(10)]
        run = self.launch(*self.submit(url, "--engine"), "-k", "-c", BLOCKED, ":::", *items)
        wait_for(lambda: len(self.begun()) >= 2)
        first.terminate()
        second = start()
        self.go()
        self.assertEqual(first.wait(timeout=LIMIT), TERMINATED)
        status, out, err = self.end(run)
        self.assertEqual((status, out), (0, "".join(f"{i}\n" for i in items).encode()), err)
        second.terminate()
        self.assertEqual(second.wait(timeout=LIMIT), TERMINATED)

    def test_a_worker_without_a_server_ends_by_a_failure(self):
        """For which it is started again."""
        self.assert_unusable(
            "worker", "--join", "nats://127.0.0.1:1", "--allow-commands", naming="127.0.0.1:1"
        )


class ContainerTest(DeploymentTest):
    containerfile = EXAMPLES / "Containerfile"

    def instructions(self):
        text = self.containerfile.read_text(encoding="utf-8").replace("\\\n", "")
        return dict(re.findall(r"^([A-Z]+) (.*)$", text, re.MULTILINE))

    def test_the_steps_fit_the_package_and_the_tool(self):
        image = self.instructions()
        pack = (ROOT / "cmake" / "parwork_pack.cmake").read_text(encoding="utf-8")
        name = re.search(r"CPACK_DEBIAN_TOOL_PACKAGE_NAME (\S+)\)", pack).group(1)
        self.assertEqual(image["COPY"], f"{name}_*.deb /tmp/")
        self.assertIn(f" /tmp/{name}_*.deb", image["RUN"])
        self.assertIn(f"--create-home {image['USER']}", image["RUN"])
        self.assertEqual(image["WORKDIR"], f"/home/{image['USER']}")
        self.assertEqual(image["STOPSIGNAL"], "SIGTERM")
        uid = re.search(r"--uid (\d+)", image["RUN"]).group(1)
        self.assertIn(f"User {uid} ", section("In a container"))
        (build,) = commands("In a container")
        self.assertIn(f"-f {self.containerfile.relative_to(ROOT)} dist", build)

    def test_its_command_as_process_1_of_a_namespace(self):
        """Which reaps what jobs leave, and ends by TERM."""
        unshare = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
        if os.geteuid() != 0:
            unshare.append("--map-root-user")
        if not found("unshare") or subprocess.run([*unshare, "true"], check=False).returncode != 0:
            self.skipTest("no namespace of processes can be made here")
        words = json.loads(self.instructions()["ENTRYPOINT"])
        worker = self.start(
            *unshare[1:],
            *words,
            "--join",
            self.url,
            "-j",
            "2",
            program=unshare[0],
            cwd=self.folder,
            env={**os.environ, "PATH": self.path},
        )
        self.addCleanup(worker.wait)
        self.addCleanup(worker.kill)
        (one,) = wait_for(lambda: self.status()["workers"])
        self.assertEqual(one["pid"], 1)
        leaving = "(sleep 0.01 &) & echo {}"
        items = [str(i) for i in range(20)]
        status, out, err = self.on_cluster("-k", "-c", leaving, ":::", *items)
        self.assertEqual((status, out), (0, "".join(f"{i}\n" for i in items).encode()), err)

        def children():
            text = "cat /proc/[0-9]*/stat 2> /dev/null | grep -c ') Z 1 ' || true"
            return self.on_cluster("-c", f"{text}; : {{}}", ":::", "a")[1]

        wait_for(lambda: children() == b"0\n")
        run = self.begin("-k", "-c", BLOCKED, ":::", *items)
        inner = int(Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()[0])
        self.assert_finishes_what_runs(run, lambda: os.kill(inner, signal.SIGTERM), items)
        self.assertEqual(worker.wait(timeout=LIMIT), TERMINATED)


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
