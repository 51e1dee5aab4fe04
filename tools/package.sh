# shellcheck shell=bash
# What `./dev package` makes, and how it tries each: sourced by dev, whose functions it uses.

# Builds the consumer of tests/package against an unpacked package, by CMake and by pkg-config.
try_package() {
  local prefix=$1 name=$2
  say "a program built against $name"
  cmake -S tests/package/consumer -B "build/package/consumer-$name" -G Ninja --fresh \
    -DCMAKE_PREFIX_PATH="$prefix" -DPARWORK_FROM=package >/dev/null
  cmake --build "build/package/consumer-$name" --target consumer journal_consumer nats_consumer
  "build/package/consumer-$name/consumer"
  (cd "build/package/consumer-$name" && ./journal_consumer)
  "build/package/consumer-$name/nats_consumer"
  local used
  for used in 'parwork main.cpp' 'parwork-journal journal.cpp' 'parwork-nats nats.cpp'; do
    # shellcheck disable=SC2086 # two words
    PKG_CONFIG_PATH="$prefix/lib/pkgconfig:$prefix/lib/$("${CXX:-g++}" -print-multiarch)/pkgconfig" \
      tests/package/by_pkg_config.sh "${CXX:-g++}" "build/package/consumer-$name/by-pkg-config" $used
  done
}

try_tool() {
  [[ $("$1/bin/parwork" -k echo ::: it works) == $'it\nworks' ]] || die "$1/bin/parwork does not work"
  local file
  for file in man/man1/parwork.1 bash-completion/completions/parwork zsh/vendor-completions/_parwork \
    fish/vendor_completions.d/parwork.fish; do
    [[ -s $1/share/$file || -s $1/share/$file.gz ]] || die "the package lacks share/$file"
  done
}

# Debian's own check of what its policy asks of a package.
check_policy() {
  say "lintian $*"
  lintian --allow-root --fail-on error,warning "$@" || die 'lintian found the above'
}

# Into a root of its own, with an empty database: needs no privileges, and leaves the system alone.
install_deb() {
  local deb=$1 root=$2
  mkdir -p "$root"/var/lib/dpkg/{info,updates}
  touch "$root"/var/lib/dpkg/{status,available}
  dpkg --root="$root" --force-not-root,bad-path,depends --log=/dev/null --install "$deb" >"$root.log" 2>&1 ||
    { cat "$root.log" >&2; die "$deb does not install"; }
}

version() { sed -n 's/^  VERSION \([0-9.]*\)$/\1/p' CMakeLists.txt; }

# --- the Debian packages and the archive of what they hold ---------------------------------------------

package_built() {
  configure release -B build/package -DPARWORK_TESTS=OFF -DPARWORK_EXAMPLES=OFF -DPARWORK_NATS=ON \
    -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib
  build package
  rm -rf dist/*.deb dist/*.tar.gz build/package/root
  cpack --config build/package/CPackConfig.cmake -B dist
  rm -rf dist/_CPack_Packages
  check_policy dist/*.deb
  mkdir -p build/package/root/{deb,tar}
  local deb
  for deb in dist/*.deb; do install_deb "$deb" build/package/root/deb; done
  tar --extract --file dist/*.tar.gz --directory build/package/root/tar --strip-components 1
  try_package "$PWD/build/package/root/deb/usr" deb
  try_package "$PWD/build/package/root/tar" tar
  try_tool build/package/root/deb/usr
  try_tool build/package/root/tar
}

# --- the tool as one file that needs no library ---------------------------------------------------------

# In a root without a single library.
try_static() {
  local root=build/package-static/root
  rm -rf "$root"
  mkdir -p "$root"
  cp "$1" "$root/parwork"
  local enter=(chroot) shown
  [[ $(id -u) == 0 ]] || enter=(unshare --map-root-user chroot)
  shown=$("${enter[@]}" "$root" /parwork -k --dry-run echo ::: it works) || die "$1 does not start alone"
  [[ $shown == $'echo it\necho works' ]] || die "$1 says in an empty root: $shown"
  shown=$("${enter[@]}" "$root" /parwork -k --journal /j ./parwork --version ::: x) ||
    die "$1 does not run a job, or keep a journal, in an empty root"
}

package_static() {
  local sqlite
  sqlite=$("${CXX:-g++}" -print-file-name=libsqlite3.a)
  [[ $sqlite == /* ]] || die 'the static library of SQLite is missing: libsqlite3.a, in Debian of libsqlite3-dev'
  # No package has libnats as a static library: the tool alone on its machine does without.
  configure release -B build/package-static -DPARWORK_TESTS=OFF -DPARWORK_EXAMPLES=OFF -DPARWORK_NATS=OFF \
    -DSQLite3_LIBRARY="$sqlite" -DCMAKE_EXE_LINKER_FLAGS='-static -s' -DCMAKE_CXX_STANDARD_LIBRARIES=-lm
  build package-static --target parwork_cli
  local made
  made=dist/parwork-$(version)-linux-$(uname -m)
  mkdir -p dist
  cp build/package-static/apps/parwork/parwork "$made"
  try_static "$made"
}

# --- the sources ----------------------------------------------------------------------------------------

# As on a machine with neither git nor node, and without a network where that can be cut off.
try_source() {
  local archive=$1 root=build/package-source
  rm -rf "$root"
  mkdir -p "$root"/{tree,absent}
  tar --extract --file "$archive" --directory "$root/tree" --strip-components 1
  local name offline=()
  for name in git node npm; do
    printf '#!/bin/sh\necho "%s was called" >&2\nexit 97\n' "$name" >"$root/absent/$name"
    chmod +x "$root/absent/$name"
  done
  if unshare --map-root-user --net true 2>/dev/null; then
    offline=(unshare --map-root-user --net)
  else
    say 'the network cannot be cut off here: the build could use it'
  fi
  # shellcheck disable=SC2016 # the inner shell's
  PATH=$PWD/$root/absent:$PATH "${offline[@]}" sh -euc '
    cmake -S "$1/tree" -B "$1/build" -G Ninja -DCMAKE_BUILD_TYPE=Release >"$1/configure.log"
    cmake --build "$1/build" --parallel "$2" -- --quiet
    cmake --install "$1/build" --prefix "$1/prefix" >"$1/install.log"' sh "$PWD/$root" "$(jobs)" ||
    die "$archive does not build; see also $root/configure.log"
  try_tool "$root/prefix"
}

# What git knows at this commit, as FILE: the same bytes wherever it is made.
archive_sources() {
  git rev-parse HEAD >/dev/null 2>&1 || die 'a source archive is made of a git checkout'
  [[ -z $(git status --porcelain) ]] || say 'changes that are not committed are not in it'
  mkdir -p "$(dirname "$1")"
  git archive --format=tar --prefix="parwork-$(version)/" HEAD | xz -9 --threads=1 >"$1"
}

package_source() {
  local archive
  archive=dist/parwork-$(version).tar.xz
  archive_sources "$archive"
  try_source "$archive"
}

# --- the Debian source package, and the packages that Debian's tools make of it --------------------------

package_debian() {
  local folder=build/package-debian tree
  tree=$folder/parwork-$(version)
  rm -rf "$folder"
  archive_sources "$folder/parwork_$(version).orig.tar.xz"
  tar --extract --file "$folder/parwork_$(version).orig.tar.xz" --directory "$folder"
  cp -r "$tree/packaging/debian" "$tree/debian"
  say 'dpkg-buildpackage'
  (cd "$tree" && DEB_BUILD_OPTIONS=parallel=$(jobs) dpkg-buildpackage --unsigned-source --unsigned-changes) \
    >"$folder/build.log" 2>&1 || { tail -n 40 "$folder/build.log" >&2; die 'dpkg-buildpackage failed'; }
  check_policy "$folder"/*.changes
  mkdir -p "$folder/root" dist/debian
  local deb
  for deb in "$folder"/parwork_*.deb "$folder"/libparwork-dev_*.deb; do install_deb "$deb" "$folder/root"; done
  try_package "$PWD/$folder/root/usr" debian
  try_tool "$folder/root/usr"
  cp "$folder"/*.{deb,dsc,tar.xz,changes,buildinfo} dist/debian/
}
