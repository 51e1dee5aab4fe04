"""tools/check_structure.py finds classes that are too large and parts that call each other."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "check_structure.py"


class CheckStructure(unittest.TestCase):
    def setUp(self):
        self.tree = tempfile.TemporaryDirectory()
        self.addCleanup(self.tree.cleanup)
        self.root = Path(self.tree.name)

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def compile(self, name):
        """As CMake does: the object lies below a folder named for the source's."""
        target = self.root / "build" / "src" / "engine" / f"{name}.cpp.o"
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self.root / "src" / "engine" / f"{name}.cpp"
        compiler = shutil.which("g++") or "c++"
        subprocess.run([compiler, "-c", source, "-o", target], check=True)

    def check(self, *arguments):
        run = subprocess.run(
            [sys.executable, "-B", SCRIPT, *arguments, self.root],
            check=False,
            text=True,
            capture_output=True,
        )
        return run.returncode, run.stdout


@unittest.skipUnless(shutil.which("ctags"), "needs universal-ctags")
class ClassSizes(CheckStructure):
    def class_of(self, members, functions):
        body = [f"  int member_{n}_ GUARDED = 0;" for n in range(members)]
        body += [f"  void function_{n}();" for n in range(functions)]
        return "namespace a {\nclass b {\n" + "\n".join(body) + "\n};\n}\n"

    def test_accepts_a_class_of_the_largest_measure(self):
        self.write("src/engine/b.hpp", self.class_of(25, 40).replace(" GUARDED", ""))
        self.assertEqual(self.check(), (0, ""))

    def test_refuses_one_data_member_more(self):
        self.write("src/engine/b.hpp", self.class_of(26, 1).replace(" GUARDED", ""))
        status, output = self.check()
        self.assertEqual(status, 1)
        self.assertIn("src/engine/b.hpp:2: a::b has 26 data members and 1 functions", output)

    def test_refuses_one_function_more(self):
        self.write("apps/parwork/b.hpp", self.class_of(0, 41))
        status, output = self.check()
        self.assertEqual(status, 1)
        self.assertIn("apps/parwork/b.hpp:2: a::b has 0 data members and 41 functions", output)

    def test_counts_guarded_members(self):
        guarded = self.class_of(26, 0).replace("GUARDED", "PARWORK_GUARDED_BY(lock_)")
        self.write("src/engine/b.hpp", guarded)
        self.assertIn("a::b has 26 data members", self.check()[1])

    def test_counts_a_nested_class_by_itself(self):
        nested = self.class_of(20, 0).replace(" GUARDED", "")
        inner = "class c {\n" + "\n".join(f"  int m{n};" for n in range(20)) + "\n};\n"
        self.write("src/engine/b.hpp", nested.replace("class b {\n", "class b {\n" + inner))
        self.assertEqual(self.check(), (0, ""))


class Circles(CheckStructure):
    def setUp(self):
        super().setUp()
        self.write("src/engine/one.hpp", "void one();\n")
        self.write("src/engine/two.hpp", "void two();\n")
        self.write("src/engine/one.cpp", '#include "two.hpp"\nvoid one() { two(); }\n')
        self.write("src/engine/two.cpp", "void two() {}\n")

    def check_calls(self):
        for name in ("one", "two"):
            self.compile(name)
        return self.check("--objects", self.root / "build")

    def test_accepts_calls_in_one_direction(self):
        self.assertEqual(self.check_calls(), (0, ""))

    def test_refuses_calls_in_both_directions(self):
        self.write("src/engine/two.cpp", "void one();\nvoid two() { one(); }\n")
        status, output = self.check_calls()
        self.assertEqual(status, 1)
        self.assertIn("src/engine/one: depends on two, which depends on it in turn", output)

    def test_refuses_headers_that_include_each_other(self):
        self.write("src/engine/one.hpp", '#include "engine/two.hpp"\n')
        self.write("src/engine/two.hpp", '#include "engine/one.hpp"\n')
        status, output = self.check()
        self.assertEqual(status, 1)
        self.assertIn("src/engine/two: depends on one", output)

    def test_refuses_a_circle_of_three(self):
        self.write("src/engine/one.hpp", '#include "engine/two.hpp"\n')
        self.write("src/engine/two.hpp", '#include "engine/three.hpp"\n')
        self.write("src/engine/three.hpp", '#include "engine/one.hpp"\n')
        self.assertEqual(self.check()[0], 1)

    def test_says_that_objects_are_missing(self):
        run = subprocess.run(
            [sys.executable, "-B", SCRIPT, "--objects", self.root, self.root],
            check=False,
            text=True,
            capture_output=True,
        )
        self.assertEqual(run.returncode, 1)
        self.assertIn("build it first", run.stderr)


if __name__ == "__main__":
    unittest.main()
