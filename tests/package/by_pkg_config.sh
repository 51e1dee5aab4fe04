#!/bin/sh
# Builds and runs a consumer as a user without CMake does. Finds PACKAGE.pc by PKG_CONFIG_PATH.
# Usage: by_pkg_config.sh COMPILER PROGRAM PACKAGE SOURCE      SOURCE: a file of the folder consumer
set -eu
flags=$(pkg-config --cflags --libs "$3")
# shellcheck disable=SC2086 # the flags are words
"$1" -std=c++23 -O1 -Wall -Wextra -Werror "$(dirname "$0")/consumer/$4" $flags -o "$2"
"$2"
