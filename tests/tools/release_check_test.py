#!/usr/bin/env python3
"""tools/release_check.py: names what is missing for a release."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "tools" / "release_check.py"
READY = {
    "CMakeLists.txt": "project(parwork\n  VERSION 1.2.3\n)\n",
    "CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-30\n\n- A thing.\n",
    "README.md": "find_package(parwork 1.2 CONFIG)\n\n## Status\n\n1.2.3, released. Tested.\n",
    "docs/installing.md": "GIT_TAG v1.2.3)\n",
    "packaging/vcpkg/ports/parwork/vcpkg.json": json.dumps({"version": "1.2.3"}),
    "packaging/debian/changelog": "parwork (1.2.3-1) unstable; urgency=medium\n",
}


class ReleaseCheck(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="parwork-test-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name, text in READY.items():
            self.write(name, text)
        self.git("init", "--quiet")
        self.commit()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def git(self, *arguments):
        who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        subprocess.run(["git", "-C", self.folder, *who, *arguments], check=True)

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "x")

    def check(self):
        done = subprocess.run(
            [sys.executable, SCRIPT, self.folder], check=False, text=True, stdout=subprocess.PIPE
        )
        return done.returncode, done.stdout

    def expect(self, what):
        status, out = self.check()
        self.assertEqual((status, out), (1, f"release: {what}\n"))

    def test_nothing_is_missing(self):
        self.assertEqual(self.check(), (0, "release: the files agree on 1.2.3\n"))

    def test_changes_of_no_version(self):
        self.write(
            "CHANGELOG.md",
            READY["CHANGELOG.md"].replace("[Unreleased]\n", "[Unreleased]\n\n- B.\n"),
        )
        self.commit()
        self.expect("CHANGELOG.md: changes are under [Unreleased]: they belong to a version")

    def test_a_version_without_changes(self):
        self.write("CHANGELOG.md", "# Changelog\n")
        self.commit()
        self.expect("CHANGELOG.md: no section '## [1.2.3] - YEAR-MONTH-DAY'")

    def test_another_version_elsewhere(self):
        for name, wrong, said in [
            ("docs/installing.md", "GIT_TAG v1.2.2)\n", "docs/installing.md: the tag v1.2.2"),
            (
                "packaging/vcpkg/ports/parwork/vcpkg.json",
                '{"version": "1.2.2"}',
                "packaging/vcpkg/ports/parwork/vcpkg.json: version 1.2.2",
            ),
            (
                "packaging/debian/changelog",
                "parwork (1.2.2-1) unstable; urgency=medium\n",
                "packaging/debian/changelog: it begins with 'parwork (1.2.2-1) unstable; urgency=medium'",
            ),
            (
                "README.md",
                READY["README.md"].replace("parwork 1.2", "parwork 1.1"),
                "README.md: find_package(parwork 1.1",
            ),
            (
                "README.md",
                READY["README.md"].replace("released", "not released yet"),
                "README.md: under 'Status' it has to begin with '1.2.3, released'",
            ),
        ]:
            with self.subTest(said):
                self.write(name, wrong)
                self.commit()
                self.expect(said)
                self.write(name, READY[name])
                self.commit()

    def test_what_is_not_committed(self):
        self.write("more", "x")
        self.expect("git: changes that are not committed")

    def test_a_tag_that_is_there(self):
        self.git("tag", "v1.2.3")
        self.expect("git: the tag v1.2.3 is there already")


if __name__ == "__main__":
    unittest.main()
