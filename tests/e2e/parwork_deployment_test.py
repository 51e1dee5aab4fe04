"""How docs/distributed.md starts workers: its texts as they are, but for addresses.

sshd, Slurm and systemd-analyze are used where they are installed; without them their tests are
skipped, and say so. What they would run is run without them in any case, but for ssh. No image of a
container is built here: its command is run as process 1 of a namespace.
"""

import getpass
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

from cluster import BLOCKED, ROOT, wait_for
from deployment import (
    EXAMPLES,
    TERMINATED,
    DeploymentTest,
    SecureTest,
    changed,
    commands,
    found,
    free_port,
    section,
)
from harness import LIMIT, main


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


if __name__ == "__main__":
    main()
