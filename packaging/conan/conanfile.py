"""Conan 2 recipe of this checkout: `conan create packaging/conan`."""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir

SOURCES = ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*", "apps/*", "docs/*")


class ParworkRecipe(ConanFile):
    name = "parwork"
    description = "Parallel processing of items from a generator, in order or as they finish"
    license = "MIT"
    topics = ("concurrency", "parallelism", "batch", "thread-pool")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True, False],
        "journal": [True, False],
        "tool": [True, False],
    }
    default_options = {"shared": False, "fPIC": True, "journal": True, "tool": False}

    @property
    def _root(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        text = load(self, os.path.join(self._root, "CMakeLists.txt"))
        self.version = self.version or re.search(r"^  VERSION ([\d.]+)$", text, re.MULTILINE)[1]

    def export_sources(self):
        for each in SOURCES:
            copy(self, each, src=self._root, dst=self.export_sources_folder)

    def configure(self):
        if self.options.shared:
            self.options.rm_safe("fPIC")

    def requirements(self):
        if self.options.journal:
            self.requires("sqlite3/[>=3.35 <4]")
        if self.options.tool:
            self.requires("cli11/[>=2.3 <3]")
            self.requires("nlohmann_json/[>=3.11 <4]")

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("parwork sleeps on futexes: it needs Linux")
        if self.options.tool and not self.options.journal:
            raise ConanInvalidConfiguration("the tool keeps journals: tool=True needs journal=True")
        if self.settings.get_safe("compiler.cppstd"):
            check_min_cppstd(self, 23)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["PARWORK_JOURNAL"] = bool(self.options.journal)
        # Left out, even where libnats is installed: Conan would not know of it.
        toolchain.cache_variables["PARWORK_NATS"] = False
        toolchain.cache_variables["PARWORK_CLI"] = bool(self.options.tool)
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))  # Conan makes these
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))

    def package_info(self):
        library = self.cpp_info.components["parwork"]
        library.libs = ["parwork"]
        library.system_libs = ["pthread"]
        library.set_property("cmake_target_name", "parwork::parwork")
        library.set_property("pkg_config_name", "parwork")
        if self.options.journal:
            journal = self.cpp_info.components["journal"]
            journal.libs = ["parwork-journal"]
            journal.requires = ["parwork", "sqlite3::sqlite3"]
            journal.set_property("cmake_target_name", "parwork::journal")
            journal.set_property("pkg_config_name", "parwork-journal")
        if self.options.tool:
            library.requires = ["cli11::cli11", "nlohmann_json::nlohmann_json"]
