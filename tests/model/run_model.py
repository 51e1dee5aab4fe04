#!/usr/bin/env python3
"""Checks one model with spin, exhaustively.

usage: run_model.py SPIN CC MODEL PASSED [-DNAME[=VALUE]]... [--finds TEXT]

Passes where no fault is found in any interleaving, or, with --finds, where one is whose description
holds TEXT. A check that runs out of memory or depth has failed: it says nothing. With -DPROGRESS it
also finds endless loops, if every thread that can go on does so some time.

PASSED is a folder with a file for each check that has passed, named for all that its outcome
depends on: such a check is not made again, unless PARWORK_MODELS=all is in the environment.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MEMORY_MB = 1000
DEPTH = 100000


def run(command, folder):
    done = subprocess.run(
        command,
        cwd=folder,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout


def must(command, folder):
    status, output = run(command, folder)
    if status != 0 or "Error:" in output:
        sys.exit(f"{' '.join(map(str, command))}:\n{output}")
    return output


def parse(arguments):
    finds = None
    if len(arguments) > 2 and arguments[-2] == "--finds":
        finds = arguments[-1]
        arguments = arguments[:-2]
    defines = arguments[4:]
    if len(arguments) < 4 or not all(each.startswith("-D") for each in defines):
        sys.exit(__doc__)
    spin, compiler, model, passed = arguments[:4]
    return spin, compiler, Path(model), Path(passed), defines, finds


def stamp(tools, model, files, *arguments):
    """The name of a check: a digest of the model, what it may include, this script, the tools'
    versions and the arguments."""
    digest = hashlib.sha256()
    versions = [must([tools[0], "-V"], None), must([tools[1], "--version"], None)]
    texts = [file.read_text(encoding="utf-8") for file in (*files, Path(__file__))]
    for each in (model.name, *versions, *texts, *map(str, arguments)):
        digest.update(f"{len(each)} {each}".encode())
    return digest.hexdigest()


def verify(spin, compiler, model, defines, folder):
    """What the verifier that spin makes of the model prints."""
    must([spin, "-a", *defines, model], folder)
    progress = "-DPROGRESS" in defines
    kind = ["-DNFAIR=6"] if progress else ["-DSAFETY"]
    # Unoptimised: searching takes half as long again, compiling a sixth.
    must(
        [compiler, "-O0", "-w", *kind, "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MB}", "-o", "pan", "pan.c"],
        folder,
    )
    how = ["-a", "-f"] if progress else []
    # -E: that threads wait for ever is no fault by itself; the models say what is.
    return run(["./pan", "-E", f"-m{DEPTH}", *how], folder)[1]


def faults(output):
    """The descriptions of what was found, and why the search says nothing where it does."""
    found = [line for line in output.splitlines() if line.startswith("pan:1:")]
    incomplete = [
        line
        for line in output.splitlines()
        if "max search depth too small" in line
        or "out of memory" in line
        or "reached -DMEMLIM" in line
    ]
    if "errors:" not in output:
        incomplete.append("the verifier did not come to its end")
    return found, incomplete


def check(tools, model, files, defines, finds):
    with tempfile.TemporaryDirectory() as folder:
        for each in files:
            shutil.copy(each, folder)
        output = verify(*tools, model.name, defines, folder)
        print(output)
        found, incomplete = faults(output)
        if finds is not None:
            if not any(finds in line for line in found):
                sys.exit(f"run_model.py: a fault was put in, and no '{finds}' was found")
        elif found:
            print(run([tools[0], "-t", "-p", *defines, model.name], folder)[1])
            sys.exit("run_model.py: the course of events above leads to a fault")
        elif incomplete:
            sys.exit(f"run_model.py: the search is not complete: {'; '.join(incomplete)}")


def main():
    spin, compiler, model, passed, defines, finds = parse(sys.argv[1:])
    # A model includes headers and its own file: the other models are none of its business.
    files = [model, *sorted(model.parent.glob("*.h"))]
    mark = passed / stamp((spin, compiler), model, files, *defines, finds)
    if mark.exists() and os.environ.get("PARWORK_MODELS") != "all":
        print("unchanged since it has passed: PARWORK_MODELS=all checks it all the same")
        return
    check((spin, compiler), model, files, defines, finds)
    passed.mkdir(parents=True, exist_ok=True)
    mark.touch()


if __name__ == "__main__":
    main()
