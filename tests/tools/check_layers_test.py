"""tools/check_layers.py finds each kind of include that goes up, and nothing else."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "check_layers.py"


class CheckLayers(unittest.TestCase):
    def setUp(self):
        self.tree = tempfile.TemporaryDirectory()
        self.addCleanup(self.tree.cleanup)
        self.root = Path(self.tree.name)
        for name in ("failure", "context", "options", "process", "work", "recorder", "detail/run"):
            self.write(f"include/parwork/{name}.hpp", "#pragma once\n")

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def check(self):
        run = subprocess.run(
            [sys.executable, "-B", SCRIPT, self.root], check=False, text=True, capture_output=True
        )
        return run.returncode, run.stdout

    def assert_clean(self):
        self.assertEqual(self.check(), (0, ""))

    def assert_fault(self, sentence):
        self.assertEqual(self.check(), (1, sentence + "\n"))

    def test_accepts_includes_down_and_sideways(self):
        self.write(
            "include/parwork/process.hpp",
            "#include <parwork/detail/run.hpp>\n#include <parwork/recorder.hpp>\n",
        )
        self.write(
            "src/engine/run.cpp",
            '#include "engine/run.hpp"\n#include "run.hpp"\n#include <vector>\n',
        )
        self.write("src/engine/run.hpp", "#include <parwork/options.hpp>\n")
        self.assert_clean()

    def test_refuses_an_upward_include_between_public_headers(self):
        self.write(
            "include/parwork/failure.hpp", "#pragma once\n\n#include <parwork/options.hpp>\n"
        )
        self.assert_fault(
            "include/parwork/failure.hpp:3: L0 includes parwork/options.hpp of L1: "
            "includes go down or sideways, never up"
        )

    def test_refuses_an_upward_include_of_the_engine(self):
        self.write("src/engine/run.cpp", '#include "parwork/process.hpp"\n')
        self.assert_fault(
            "src/engine/run.cpp:1: L2 includes parwork/process.hpp of L3: "
            "includes go down or sideways, never up"
        )

    def test_refuses_a_relative_upward_include(self):
        self.write("include/parwork/detail/run.hpp", '#include "../process.hpp"\n')
        self.assert_fault(
            "include/parwork/detail/run.hpp:1: L2 includes ../process.hpp of L3: "
            "includes go down or sideways, never up"
        )

    def test_lets_a_source_file_include_the_header_it_implements(self):
        self.write(
            "src/engine/work.cpp", "#include <parwork/work.hpp>\n#include <parwork/process.hpp>\n"
        )
        self.assert_clean()

    def test_refuses_the_recorder_in_the_engine(self):
        self.write("src/engine/run.cpp", "#include <parwork/recorder.hpp>\n")
        self.assert_fault(
            "src/engine/run.cpp:1: L2 includes parwork/recorder.hpp of L3: "
            "includes go down or sideways, never up"
        )

    def test_refuses_a_private_header_in_a_public_one(self):
        self.write("src/engine/park.hpp", "#pragma once\n")
        self.write("include/parwork/work.hpp", "#include <engine/park.hpp>\n")
        self.assert_fault(
            "include/parwork/work.hpp:1: a public header includes the private src/engine/park.hpp"
        )

    def test_refuses_private_headers_in_apps_and_examples(self):
        self.write("src/engine/park.hpp", "#pragma once\n")
        self.write(
            "apps/parwork/main.cpp",
            "#include <parwork/detail/run.hpp>\n#include <parwork/work.hpp>\n",
        )
        self.write("examples/sum.cpp", '#include "../src/engine/park.hpp"\n')
        self.assert_fault(
            "apps/parwork/main.cpp:1: apps may use public headers alone, and parwork/detail/run.hpp is private\n"
            "examples/sum.cpp:1: examples may use public headers alone, and ../src/engine/park.hpp is private"
        )

    def test_refuses_a_file_without_a_layer(self):
        self.write("include/parwork/novelty.hpp", "#pragma once\n")
        self.assert_fault(
            "include/parwork/novelty.hpp:1: has no layer: add it to the tables in tools/check_layers.py"
        )


if __name__ == "__main__":
    unittest.main()
