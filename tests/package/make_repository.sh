#!/bin/sh
# Makes a git repository of a folder's files, with one commit and a tag.
# Usage: make_repository.sh GIT FOLDER REPOSITORY TAG
set -eu
rm -rf "$3"
"$1" init --quiet --bare "$3"
in_folder() {
  "$git" --git-dir="$repository" --work-tree="$folder" -c user.name=test -c user.email=test@example.org "$@"
}
git=$1 folder=$2 repository=$3
in_folder -c core.bare=false add --all "$folder"
in_folder -c core.bare=false commit --quiet --message 'The files as they are'
in_folder tag "$4"
