#!/usr/bin/env bash
# Shows cluster_md5 on one machine: a real server, three workers and a run. Half-way a worker is killed, and the server;
# the result is checked by md5sum.
#
# usage: tools/demo_cluster.sh CLUSTER_MD5 REPORT [DIR]
#   CLUSTER_MD5  the example's executable
#   REPORT       where the run's HTML report goes; empty: none is written
#   DIR          what to hash (default: /usr/include, or /usr/lib where that is small)
#
# Exit status: 0 all checked; 1 a digest or the number of files is wrong, or a program has failed; 2 bad usage.
set -euo pipefail
export LC_ALL=C

readonly most_files=4000  # of the default directory, so that the demonstration stays short
readonly pause=5          # milliseconds that each file takes longer: there has to be a half-way

say() { printf '%s\n' "$*"; }
title() { printf '\n== %s\n' "$*"; }
die() { printf 'demo: %s\n' "$2" >&2; exit "$1"; }

# Copies some of the files: workers and run need a directory that nobody writes to.
sample() {
  find "$1" -type f -readable -size -256k -print0 2>/dev/null | sort -z | head -z -n "$most_files" |
    xargs -0 cp --backup=numbered -t "$folder/files" || true
}

port_of() { sed -n 's/.*"nats":\[\?[^0-9]*127\.0\.0\.1:\([0-9]*\).*/\1/p' <<<"$(tr -d ' \n' <"$1")"; }

start_server() {
  nats-server -a 127.0.0.1 -p "$1" --ports_file_dir "$folder/ports" -l "$folder/server.log" &
  server=$!
  until [[ -s $folder/ports/nats-server_$server.ports ]]; do
    kill -0 "$server" 2>/dev/null || die 1 "nats-server has ended: $(cat "$folder/server.log")"
    sleep 0.02
  done
  until port=$(port_of "$folder/ports/nats-server_$server.ports") && [[ -n $port ]]; do sleep 0.02; done
}

start_worker() {
  "$cluster_md5" worker --url "$url" --threads 2 --pause "$pause" &
  workers+=($!)
}

hashed() { wc -l <"$folder/sums"; }

wait_for_files() {
  while (($(hashed) < $1)) && kill -0 "$run" 2>/dev/null; do sleep 0.02; done
}

end_all() {
  kill -KILL "${workers[@]}" ${server:+"$server"} ${run:+"$run"} 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf -- "$folder"
}

[[ $# == 2 || $# == 3 ]] || die 2 'usage: tools/demo_cluster.sh CLUSTER_MD5 REPORT [DIR]'
cluster_md5=$(realpath -- "$1")
[[ -x $cluster_md5 ]] || die 2 "$cluster_md5 is no program"
with_report=()
[[ -z $2 ]] || with_report=(--report "$2")
PATH=$PATH:/usr/sbin
command -v nats-server >/dev/null || die 2 'nats-server is missing (Debian: nats-server)'
directory=${3-/usr/include}
[[ -d $directory ]] || die 2 "$directory is no directory"

folder=$(mktemp -d)
workers=()
server='' run=''
trap end_all EXIT
trap 'exit 130' INT
mkdir "$folder/files" "$folder/ports"
sample "$directory"
files=$(find "$folder/files" -type f | wc -l)
((files > 0)) || die 1 "there is no readable file below $directory"

title 'nats-server, and three workers of two threads'
start_server -1
url=nats://127.0.0.1:$port
for _ in 1 2 3; do start_worker; done
say "$url"

title "cluster_md5 run: $files files"
: >"$folder/sums"
stdbuf -oL "$cluster_md5" run --url "$url" "${with_report[@]}" "$folder/files" >"$folder/sums" 2>"$folder/said" &
run=$!
wait_for_files $((files / 3))
kill -KILL "${workers[0]}"
wait "${workers[0]}" 2>/dev/null || true
say "a worker was killed by kill -9 with $(hashed) of $files files hashed"
wait_for_files $((files / 2))
kill -KILL "$server"
wait "$server" 2>/dev/null || true
say "the server was killed by kill -9 with $(hashed) of $files files hashed, and is started again"
start_server "$port"
wait "$run" || die 1 "the run has failed: $(cat "$folder/said")"
run=''
cat "$folder/said"

title 'md5sum --check'
(($(hashed) == files)) || die 1 "$(hashed) lines were printed for $files files"
(($(cut -c35- "$folder/sums" | sort -u | wc -l) == files)) || die 1 'a file was printed twice'
md5sum --check --quiet --strict "$folder/sums" || die 1 'md5sum does not agree'
say "md5sum agrees on all $files files, each of which was printed once."

title 'the workers are stopped'
for each in "${workers[@]:1}"; do kill -TERM "$each"; done
for each in "${workers[@]:1}"; do wait "$each" || die 1 "a worker has ended with status $?"; done
say 'They gave back what they had not begun, and are gone.'

if [[ -n $2 ]]; then
  [[ -s $2 ]] || die 1 "no report was written to $2"
  title 'report of the run: each thread of each worker has a lane'
  say "$(realpath -- "$2")"
fi
