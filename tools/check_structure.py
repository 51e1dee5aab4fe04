#!/usr/bin/env python3
"""Checks the measures that keep the code easy to change (CONTRIBUTING.md, "Structure").

Usage: check_structure.py [--objects FOLDER] [ROOT]

  1. No class has more than 25 data members or 40 functions of its own (nested classes aside).
  2. No two parts of src/engine call each other both ways: neither directly nor around a circle.
     A part is x.hpp and x.cpp. Calls are read from the symbols of its object files below FOLDER
     (without
     --objects: not checked), and from what its files include.

ROOT: the source tree, by default the one that this script is in. Needs universal-ctags and nm.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

MOST_MEMBERS = 25
MOST_FUNCTIONS = 40
FOLDERS = ("include", "src", "apps")
ENGINE = "src/engine"

# Agreed exceptions, each with its reason: {"parwork::detail::name": "why"}.
LARGE_CLASSES = {}
# {("one", "other"): "why"}: parts of src/engine, in alphabetical order.
CIRCLES = {}

# Macros that ctags has to pass over.
ANNOTATIONS = "PARWORK_GUARDED_BY+,PARWORK_REQUIRES+,PARWORK_EXCLUDES+,PARWORK_CAPABILITY+"
INCLUDE = re.compile(r'^\s*#\s*include\s*"engine/([^"]+)"', re.MULTILINE)


def tags_of(root):
    """What ctags finds in the product's headers and sources: one dictionary a name."""
    files = [
        str(file.relative_to(root))
        for folder in FOLDERS
        for file in sorted((root / folder).rglob("*.[ch]pp"))
    ]
    command = ["ctags", "--languages=C++", "--kinds-C++=csufpm", "--fields=+KneZ"]
    command += ["--output-format=json", f"-I{ANNOTATIONS}", "-f", "-", *files]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def full_name(tag):
    scope = tag.get("scope")
    name = f"{scope}::{tag['name']}" if scope else tag["name"]
    return re.sub(r"__anon\w+", "(anonymous)", name)


def class_sizes(tags):
    """For each class: where it stands, its data members and its functions."""
    classes = [tag for tag in tags if tag["kind"] in ("class", "struct", "union") and "end" in tag]
    inside = defaultdict(list)
    for tag in tags:
        if tag["kind"] in ("member", "function", "prototype"):
            inside[(tag["path"], full_name(tag).rpartition("::")[0])].append(tag)
    for each in classes:
        own = [
            tag
            for tag in inside[(each["path"], full_name(each))]
            if each["line"] <= tag["line"] <= each["end"] and not tag["name"].startswith("__anon")
        ]
        members = sum(tag["kind"] == "member" for tag in own)
        yield each, members, len(own) - members


def large_classes(root):
    """One sentence for each class that has more than the measure."""
    for each, members, functions in class_sizes(tags_of(root)):
        name = full_name(each)
        if name in LARGE_CLASSES or (members <= MOST_MEMBERS and functions <= MOST_FUNCTIONS):
            continue
        yield (
            f"{each['path']}:{each['line']}: {name} has {members} data members and {functions} "
            f"functions; the most are {MOST_MEMBERS} and {MOST_FUNCTIONS}: which second thing is "
            "hidden in it?"
        )


def symbols(objects):
    """For each part: the symbols that its objects define, and those that they need of others."""
    defined, needed = {}, defaultdict(set)
    for file in objects:
        part = file.name.split(".")[0]
        listing = subprocess.run(["nm", str(file)], capture_output=True, text=True, check=True)
        for line in listing.stdout.splitlines():
            kind, name = line.split()[-2:]
            if kind == "T":
                defined[name] = part
            elif kind == "U":
                needed[part].add(name)
    return defined, needed


def calls(root, objects):
    """The parts that each part of the engine depends on: by its calls and by its includes."""
    edges = defaultdict(set)
    if objects is not None:
        defined, needed = symbols(objects)
        for part, names in needed.items():
            edges[part] |= {defined[name] for name in names if name in defined}
    for file in (root / ENGINE).glob("*.[ch]pp"):
        edges[file.stem] |= {Path(name).stem for name in INCLUDE.findall(file.read_text("utf-8"))}
    return {part: targets - {part} for part, targets in edges.items()}


def reachable(edges, start):
    seen, waiting = set(), [start]
    while waiting:
        for target in edges.get(waiting.pop(), ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def circles(root, objects):
    """One sentence for each pair of engine parts that depend on each other."""
    edges = calls(root, objects)
    reached = {part: reachable(edges, part) for part in edges}
    for one in sorted(edges):
        for other in sorted(edges[one]):
            if one not in reached.get(other, ()) or tuple(sorted((one, other))) in CIRCLES:
                continue
            yield (
                f"{ENGINE}/{one}: depends on {other}, which depends on it in turn: "
                "they are one room with a wall through it"
            )


def engine_objects(root, folder):
    """The object files of the engine below a build folder; not of sources that are gone."""
    found = [
        file
        for file in sorted(Path(folder).rglob(f"{ENGINE}/*.o"))
        if (root / ENGINE / file.name.removesuffix(".o")).is_file()
    ]
    if not found:
        sys.exit(f"check_structure.py: no object files of {ENGINE} below {folder}: build it first")
    return found


def main(arguments):
    parser = argparse.ArgumentParser(description="Checks the sizes of classes, and for circles.")
    parser.add_argument("--objects", metavar="FOLDER")
    parser.add_argument("root", nargs="?", default=Path(__file__).parent.parent, metavar="ROOT")
    given = parser.parse_args(arguments)
    root = Path(given.root).resolve()
    objects = None if given.objects is None else engine_objects(root, given.objects)
    found = [*large_classes(root), *circles(root, objects)]
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
