#!/bin/sh
# Builds and runs the consumer as a user without CMake does. Finds parwork.pc by PKG_CONFIG_PATH.
# Usage: by_pkg_config.sh COMPILER PROGRAM
set -eu
flags=$(pkg-config --cflags --libs parwork)
# shellcheck disable=SC2086 # the flags are words
"$1" -std=c++23 -O1 -Wall -Wextra -Werror "$(dirname "$0")/consumer/main.cpp" $flags -o "$2"
"$2"
