"""Whatever the models say they stand for exists in the engine: a function that is renamed is
renamed in its model."""

import re
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COMMENT = re.compile(r"/\*(.*?)\*/", re.DOTALL)
MEMBER = re.compile(r"\b(?:\w+::)*(\w+)::(\w+)\b")
# An inline or a process, and what stands right before it.
STEP = re.compile(r"(/\*(?:(?!\*/).)*\*/)?\n(?:active )?(inline|proctype) (\w+)\(", re.DOTALL)
# What stands for none of the engine's functions.
NOBODYS = (
    "the machine",
    "the protocol",
    "user code",
    "the check",
    "a store or an addition by a locked instruction",
)
# Functions of the engine that belong to no class.
FREE = ("publish", "heavy_barrier")


def model_files():
    return sorted([*HERE.glob("*.pml"), *HERE.glob("*.h")])


def engine_sources():
    files = [
        path
        for folder in ("src/engine", "src/base", "include/parwork/detail")
        for path in (ROOT / folder).glob("*.?pp")
    ]
    return [path.read_text(encoding="utf-8") for path in sorted(files)]


def exists(owner, name, sources):
    if any(re.search(rf"\b{owner}::{name}\b", text) for text in sources):
        return True
    declares = re.compile(rf"\b(?:class|struct)\b[^;{{()]*(?:\([^)]*\))?[^;{{()]*\b{owner}\b")
    return any(declares.search(text) and re.search(rf"\b{name}\b", text) for text in sources)


def missing_names(text, sources):
    """Names in the comments of a model that the engine does not have."""
    missing = []
    for comment in COMMENT.findall(text):
        missing += [
            f"{owner}::{name}"
            for owner, name in MEMBER.findall(comment)
            if not exists(owner, name, sources)
        ]
        first = re.match(r"\s*(\w+)\s*(?::|$)", comment)
        if (
            first
            and first[1] in FREE
            and not any(re.search(rf"\b{first[1]}\(", source) for source in sources)
        ):
            missing.append(first[1])
    return missing


def unnamed_steps(text):
    """Steps of a model without a comment that names what they stand for."""
    unnamed = []
    for comment, _, step in STEP.findall(text):
        said = comment.removeprefix("/*").strip()
        if not (MEMBER.match(said) or said.startswith(NOBODYS) or said.startswith(FREE)):
            unnamed.append(step)
    return unnamed


class Names(unittest.TestCase):
    def test_every_name_of_the_models_exists(self):
        sources = engine_sources()
        for path in model_files():
            with self.subTest(model=path.name):
                self.assertEqual(missing_names(path.read_text(encoding="utf-8"), sources), [])

    def test_every_step_names_what_it_stands_for(self):
        for path in model_files():
            with self.subTest(model=path.name):
                self.assertEqual(unnamed_steps(path.read_text(encoding="utf-8")), [])

    def test_finds_a_name_that_is_gone(self):
        text = "/* run::no_such_function, run::notify */\ninline notify(me) {\n"
        self.assertEqual(missing_names(text, engine_sources()), ["run::no_such_function"])

    def test_finds_a_step_without_a_name(self):
        text = "}\n\ninline first(me) {\n}\n\n/* something */\nproctype second(byte me) {\n"
        self.assertEqual(unnamed_steps(text), ["first", "second"])


if __name__ == "__main__":
    unittest.main()
