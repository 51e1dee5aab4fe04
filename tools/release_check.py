#!/usr/bin/env python3
"""Compares what the files say of the version to be released. Prints each thing that is missing.

usage: release_check.py [FOLDER]

FOLDER is the checkout, by default the one that this stands in. Fails where something is missing.
"""

import json
import re
import subprocess
import sys
from pathlib import Path


def read(folder, name):
    path = folder / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def git(folder, *arguments):
    done = subprocess.run(
        ["git", "-C", folder, *arguments], check=False, text=True, stdout=subprocess.PIPE
    )
    return done.stdout.strip()


def version_of(folder):
    found = re.search(r"^  VERSION ([\d.]+)$", read(folder, "CMakeLists.txt"), re.MULTILINE)
    if not found:
        sys.exit("release_check.py: CMakeLists.txt says no VERSION")
    return found[1]


def changelog(folder, version):
    text = read(folder, "CHANGELOG.md")
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", text, re.MULTILINE):
        yield f"CHANGELOG.md: no section '## [{version}] - YEAR-MONTH-DAY'"
    unreleased = re.search(r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if unreleased and re.search(r"^- ", unreleased[1], re.MULTILINE):
        yield "CHANGELOG.md: changes are under [Unreleased]: they belong to a version"


def versions_elsewhere(folder, version):
    port = json.loads(read(folder, "packaging/vcpkg/ports/parwork/vcpkg.json") or "{}")
    if port.get("version") != version:
        yield f"packaging/vcpkg/ports/parwork/vcpkg.json: version {port.get('version')}"
    debian = read(folder, "packaging/debian/changelog").partition("\n")[0]
    if not debian.startswith(f"parwork ({version}-"):
        yield f"packaging/debian/changelog: it begins with '{debian}'"
    minor = version.rsplit(".", 1)[0]
    for name in ("README.md", "docs/getting_started.md", "docs/installing.md"):
        text = read(folder, name)
        for tag in re.findall(r"GIT_TAG (v[\w.]+)", text):
            if tag != f"v{version}":
                yield f"{name}: the tag {tag}"
        for wanted in re.findall(r"find_package\(parwork ([\d.]+)", text):
            if wanted != minor:
                yield f"{name}: find_package(parwork {wanted}"
    status = re.search(r"^## Status\n\n(\S+)(.*?)\n", read(folder, "README.md"), re.MULTILINE)
    if not status or status[1].rstrip(",") != version or "not released" in status[2]:
        yield f"README.md: under 'Status' it has to begin with '{version}, released'"


def repository(folder, version):
    if not git(folder, "rev-parse", "HEAD"):
        yield "git: no checkout"
        return
    if git(folder, "status", "--porcelain"):
        yield "git: changes that are not committed"
    if git(folder, "tag", "--list", f"v{version}"):
        yield f"git: the tag v{version} is there already"


def missing(folder):
    version = version_of(folder)
    for check in (changelog, versions_elsewhere, repository):
        yield from check(folder, version)


def main(arguments):
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        sys.exit(__doc__)
    folder = Path(arguments[0] if arguments else Path(__file__).parent.parent)
    found = list(missing(folder))
    for each in found:
        print(f"release: {each}")
    if not found:
        print(f"release: the files agree on {version_of(folder)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
