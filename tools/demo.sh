#!/usr/bin/env bash
# Shows md5_files at work on real files: progress, summary, a check by md5sum, and the time beside md5sum's own. Then the
# tool does the same by md5sum, is killed half-way, and goes on.
#
# usage: tools/demo.sh MD5_FILES PARWORK REPORT [DIR]
#   MD5_FILES  the example's executable
#   PARWORK    the tool's
#   REPORT     where the HTML report of the first run goes; empty: none is written
#   DIR        what to hash (default: /usr/lib, or the first of /usr/share and /usr/include that is small enough)
#
# Exit status: 0 all checked; 1 a digest or the number of files is wrong; 2 bad usage; 130 interrupted.
set -euo pipefail
export LC_ALL=C

readonly most_files=20000  # in the default directory, so that the demonstration stays short
readonly most_seconds=30   # for the comparison
readonly most_processes=2000  # of the tool
readonly most_rounds=5

say() { printf '%s\n' "$*"; }
title() { printf '\n== %s\n' "$*"; }
die() { printf 'demo: %s\n' "$2" >&2; exit "$1"; }

# find, where directories that cannot be read are no fault.
find_readable() { find "$@" 2>/dev/null || true; }

count_files() { find_readable "$1" -type f -printf . | head -c "$((most_files + 1))" | wc -c; }

# The first directory with some thousand files: on a bare Debian that is /usr/lib.
default_directory() {
  local directory
  for directory in /usr/lib /usr/share /usr/include; do
    (($(count_files "$directory") <= most_files)) && break
  done
  say "$directory"
}

seconds_now() { say "$EPOCHREALTIME"; }
seconds_since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.4f", to - from }'; }

hash_with_bar() {
  local status=0
  "$md5_files" "${with_report[@]}" -- "$directory" >"$folder/sums" || status=$?
  case $status in
    0) ;;
    1) say 'Files that cannot be read are left out of what follows.' ;;
    *) exit "$status" ;;
  esac
}

check() {
  local begin hashed readable
  begin=$(seconds_now)
  hashed=$(wc -l <"$folder/sums")
  readable=$(find_readable "$directory" -type f -readable -printf . | wc -c)
  ((hashed > 0)) || die 1 "there is no readable file below $directory"
  ((hashed == readable)) || die 1 "$hashed files were hashed, but $readable are readable (do files come and go there?)"
  md5sum --check --quiet --strict "$folder/sums" || die 1 'md5sum does not agree (are files being written there?)'
  check_seconds=$(seconds_since "$begin")
  say "md5sum agrees on all $hashed files."
}

# Each hashes everything below the directory. What cannot be read costs all of them the same failed open. xargs is at its
# best with batches of 256 files: smaller ones start more processes, larger ones leave CPUs without work.
run_1() { "$md5_files" -- "$directory"; }
run_2() { "$md5_files" --workers 1 -- "$directory"; }
run_3() { find "$directory" -type f -print0 | xargs -0 -P "$cpus" -n 256 md5sum; }
run_4() { find "$directory" -type f -print0 | xargs -0 md5sum; }
names() {
  say 'md5_files'
  say 'md5_files --workers 1'
  say "find -print0 | xargs -0 -P $cpus -n 256 md5sum"
  say 'find -print0 | xargs -0 md5sum'
}

# As many rounds as fit: one takes about three times what a single md5sum takes.
rounds_that_fit() {
  awk -v most="$most_rounds" -v limit="$most_seconds" -v once="$check_seconds" \
    'BEGIN { rounds = int(limit / (3 * once)); print rounds < 1 ? 1 : rounds < most ? rounds : most }'
}

# Rounds are interleaved, and each begins with another command: a slow moment of the machine hits all alike.
measure() {
  local rounds=$1 round step which begin
  for ((round = 0; round < rounds; ++round)); do
    for ((step = 0; step < 4; ++step)); do
      which=$(((round + step) % 4 + 1))
      begin=$(seconds_now)
      "run_$which" >/dev/null 2>&1 || true
      seconds_since "$begin" >>"$folder/times_$which"
      say >>"$folder/times_$which"
    done
  done
}

median() { sort -g "$1" | awk '{ value[NR] = $1 } END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'; }

print_table() {
  local which=0 name first
  first=$(median "$folder/times_1")
  printf '%-46s %9s %9s %9s\n' '' seconds MB/s ratio
  while IFS= read -r name; do
    which=$((which + 1))
    awk -v name="$name" -v time="$(median "$folder/times_$which")" -v first="$first" -v bytes="$bytes" \
      'BEGIN { printf "%-46s %9.3f %9.0f %9.2f\n", name, time, bytes / time / 1e6, time / first }'
  done < <(names)
}

# Names on standard input, each followed by a NUL.
count() { tr -dc '\0' | wc -c; }

# A run of the tool, killed when half of its output is there, and resumed. The journal and its list stay in the folder.
# A process for each file takes some milliseconds: where there are many, it is for a sample of them.
kill_half_way_and_resume() {
  local begin files tool half all
  find_readable "$directory" -type f -readable -print0 | sort -z >"$folder/all"
  all=$(count <"$folder/all")
  sed -z -n "1~$((all / most_processes + 1))p" <"$folder/all" >"$folder/list"
  files=$(count <"$folder/list")
  ((files == all)) || say "a sample of $files files"
  begin=$(seconds_now)
  : >"$folder/hashed"
  "$parwork" -k -q --progress off --journal "$folder/journal" -0 -a "$folder/list" md5sum >>"$folder/hashed" &
  tool=$!
  while half=$(wc -l <"$folder/hashed") && ((2 * half < files)) && kill -0 "$tool" 2>/dev/null; do sleep 0.01; done
  kill -KILL "$tool" 2>/dev/null || true
  wait "$tool" 2>/dev/null || true
  say "killed by kill -9 with $(wc -l <"$folder/hashed") of $files files hashed and shown."
  say '$ parwork resume JOURNAL'
  "$parwork" resume "$folder/journal" >>"$folder/hashed" || die 1 "the resumed run ended with status $?"
  [[ -z $(comm -13 <(sort "$folder/sums") <(sort "$folder/hashed")) ]] || die 1 'the results differ'
  (($(wc -l <"$folder/hashed") == files)) || die 1 'the number of results is wrong'
  cmp "$folder/hashed" <("$parwork" results "$folder/journal") || die 1 'the order of results is wrong'
  say "$(wc -l <"$folder/hashed") files are hashed in the order of the list, each shown once, and the result is the"
  say "same as above ($(seconds_since "$begin") s for both runs, with a process for each file)."
}

[[ $# == 3 || $# == 4 ]] || die 2 'usage: tools/demo.sh MD5_FILES PARWORK REPORT [DIR]'
md5_files=$(realpath -- "$1")
parwork=$(realpath -- "$2")
for program in "$md5_files" "$parwork"; do
  [[ -x $program ]] || die 2 "$program is no program"
done
with_report=()
[[ -z $3 ]] || with_report=(--report "$3")
directory=${4-$(default_directory)}
[[ -d $directory ]] || die 2 "${directory:-''} is no directory"
[[ $directory != -* ]] || directory=./$directory
cpus=$(nproc)
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
trap 'exit 130' INT  # also where the command that was running has handled it

bytes=$(find_readable "$directory" -type f -readable -printf '%s\n' | awk '{ sum += $1 } END { printf "%.0f", sum }')
title "md5_files $directory ($(awk -v bytes="$bytes" 'BEGIN { printf "%.0f", bytes / 1e6 }') MB, $cpus CPUs)"
hash_with_bar

title 'md5sum --check'
check

rounds=$(rounds_that_fit)
title "seconds for all files, file cache warm, median of $rounds"
measure "$rounds"
print_table
say
say "ratio: time beside md5_files. md5sum brings an MD5 of its own, md5_files uses OpenSSL's: what that alone makes is the"
say 'difference between the second line and the last.'

title "parwork -k --journal JOURNAL -0 -a LIST md5sum"
kill_half_way_and_resume

if [[ -n $3 ]]; then
  [[ -s $3 ]] || die 1 "md5_files has written no report to $3"
  title 'report of the first run: open it in a browser'
  say "$(realpath -- "$3")"
fi
