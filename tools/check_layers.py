#!/usr/bin/env python3
"""Checks that includes go down the layers or sideways within one, never up.

Usage: check_layers.py [ROOT]      ROOT: the source tree, by default the one this script is in

Layers, lowest first (docs/design.md tells what each is for):
  L0  vocabulary, src/base     L1  building blocks
  L2  include/parwork/detail, src/engine and src/recording
  L3  what users call, with src/adapters and src/report
  L4  what stands on it: classic interface, journal, nats, the umbrella header
Besides: a source file may include the header it implements (src/engine/work.cpp: parwork/work.hpp)
and then counts as that header's layer; a public header includes no private one; apps and examples
include public headers alone.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

PUBLIC_LAYERS = {
    0: "failure context option_values retry progress summary",
    1: "completion completer concepts pool run_control options cpus split refs per_worker batch_completer batched keyed stages reduce prefinished codec journal_errors nats_errors nats_options",
    3: "process start adapters chunks file_blocks files into lines paced prioritized weighed results tee recorder progress_bar",
    4: "work journal journal_reader nats nats_worker parwork",
}
FOLDER_LAYERS = {
    "include/parwork/detail": 2,
    "src/base": 0,
    "src/engine": 2,
    "src/recording": 2,
    "src/adapters": 3,
    "src/report": 3,
    "src/journal": 4,
    "src/nats": 4,
}
# Private parts of a header of another layer than their folder's.
FILE_LAYERS = {
    "include/parwork/detail/async_call.hpp": 1,  # what a completer points to
    "include/parwork/detail/async_promise.hpp": 1,  # what completers have in common
    "include/parwork/detail/lane.hpp": 1,  # and what it notes there of a recorded run
    "include/parwork/detail/signature.hpp": 1,  # what concepts read from a callable
    "include/parwork/detail/weighed_generator.hpp": 1,  # what concepts take apart
}
OUTSIDE = ("apps", "examples")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


class Include(NamedTuple):
    line: int
    text: str  # as it stands in the source
    target: str  # the file in this tree


def public_layer(name):
    """The layer of include/parwork/NAME.hpp, or None."""
    return next((layer for layer, names in PUBLIC_LAYERS.items() if name in names.split()), None)


def layer_of(path):
    """The layer of a file, given by its path from the root, or None for one that no table knows."""
    if path in FILE_LAYERS:
        return FILE_LAYERS[path]
    folder, name = str(Path(path).parent), Path(path).stem
    if folder == "include/parwork":
        return public_layer(name)
    layer = next(
        (layer for top, layer in FOLDER_LAYERS.items() if Path(folder).is_relative_to(top)), None
    )
    if layer is not None and Path(path).suffix == ".cpp":
        return max(layer, public_layer(name) or 0)
    return layer


def includes_of(root, path):
    """The files of this tree that a file includes."""
    folders = (root / Path(path).parent, root / "include", root / "src")
    for number, text in enumerate((root / path).read_text(encoding="utf-8").splitlines(), start=1):
        match = INCLUDE.match(text)
        if not match:
            continue
        mark, name = match.groups()
        for folder in folders[1:] if mark == "<" else folders:
            target = (folder / name).resolve()
            if target.is_file() and target.is_relative_to(root):
                yield Include(number, name, str(target.relative_to(root)))
                break


def wrong_in_library(path, include):
    """What is wrong with an include of a file below include/ or src/, or None."""
    upper, lower = layer_of(include.target), layer_of(path)
    if path.startswith("include/") and include.target.startswith("src/"):
        return f"a public header includes the private {include.target}"
    if upper is None:
        return None  # reported once, for the file itself
    if upper > lower:
        return (
            f"L{lower} includes {include.text} of L{upper}: includes go down or sideways, never up"
        )
    return None


def wrong_outside(path, include):
    """What is wrong with an include of a file below apps/ or examples/, or None."""
    if include.target.startswith("src/") or include.target.startswith("include/parwork/detail/"):
        return f"{path.split('/')[0]} may use public headers alone, and {include.text} is private"
    return None


def faults(root):
    """One sentence for each fault, with file and line."""
    for top in ("include", "src", *OUTSIDE):
        for file in sorted((root / top).rglob("*.[ch]pp")):
            path = str(file.relative_to(root))
            if top not in OUTSIDE and layer_of(path) is None:
                yield f"{path}:1: has no layer: add it to the tables in tools/check_layers.py"
                continue
            check = wrong_outside if top in OUTSIDE else wrong_in_library
            for include in includes_of(root, path):
                wrong = check(path, include)
                if wrong:
                    yield f"{path}:{include.line}: {wrong}"


def main(arguments):
    if len(arguments) > 1:
        print(__doc__, file=sys.stderr)
        return 2
    root = Path(arguments[0] if arguments else Path(__file__).parent.parent).resolve()
    found = list(faults(root))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
