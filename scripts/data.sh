#!/bin/sh
# Puts the agencies' files into .data:
#
#   scripts/data.sh                      unpacks .data/dataset.zip or datasets.zip over the files
#                                        there; without one, makes up the missing ones of five
#   scripts/data.sh --missing AGENCIES   if a file is missing, the same, and makes up the files that
#                                        the zip does not have
#
# Lets all users read the files. Needs sh and awk, and for a zip any of unzip, python3 or docker.
# Exit status: 64 for wrong arguments, 65 for a zip without the files, 66 for one that cannot be
# read, 69 if nothing can unpack it, 73 if a file cannot be written, 77 if its mode cannot be changed.
set -eu
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/lib/script.sh"
cd "$top"
. scripts/lib/put.sh

all_there() {
  id=1
  while [ "$id" -le "$agencies" ]; do
    [ -f ".data/agency-$id.csv" ] || return 1
    id=$((id + 1))
  done
}

# Unpacks the CSV files of zip $1, from any folder in it, into directory $2.
unpack() {
  if command -v unzip >/dev/null; then
    # 1 is a warning: a zip made on Windows may have backslashes, and everything is unpacked.
    unzip -q -j -o "$1" '*.csv' -d "$2" </dev/null || [ $? -eq 1 ]
  elif command -v python3 >/dev/null; then
    python3 -m zipfile -e "$1" "$2/all" && find "$2/all" -name '*.csv' -exec mv -f {} "$2" \;
  elif command -v docker >/dev/null; then
    docker run --rm -i busybox:latest sh -c '
      cat >/tmp/data.zip && mkdir /tmp/out && cd /tmp/out &&
      unzip -q -j /tmp/data.zip "*.csv" >&2 && tar -c .
    ' <"$1" >"$2/tar" && tar -x -C "$2" -f "$2/tar"
  else
    fail "unpacking $1 needs unzip, python3 or docker" 69
  fi
}

# Says why zip $1, which is unpacked, is of no use.
fail_without_files() {
  found=$(cd "$partial" && for file in *.csv; do [ ! -f "$file" ] || printf ' %s' "$file"; done)
  if [ -f "$partial/dataset-1.csv" ] && awk -F , 'NF > 4 { exit 1 }' "$partial/dataset-1.csv"; then
    found="$found: these are bets without numbers, for an older exercise"
  fi
  fail "no agency-1.csv in $1, which has${found:- no CSV files}" 65
}

from_zip() {
  if [ ! -f "$1" ] || [ ! -r "$1" ]; then fail "cannot read $1: no file, or not yours to read" 66; fi
  make_partial .data
  unpack "$1" "$partial" || fail "cannot unpack $1: see above" 65
  # A zip made on Windows. Some programs take the folder as a part of the name.
  for file in "$partial"/*\\*; do
    [ ! -f "$file" ] || mv -f "$file" "$partial/${file##*\\}"
  done
  [ -f "$partial/agency-1.csv" ] || fail_without_files "$1"
  put_files .data
  rm -rf "$partial"
  echo "unpacked $1"
}

# In the containers another user reads the files.
open_up() {
  closed=$(find -L .data -name 'agency-*.csv' -type f ! -perm -004) || closed=.data/agency-1.csv
  [ -z "$closed" ] || find -L .data -name 'agency-*.csv' -type f ! -perm -004 -exec chmod a+r {} + ||
    fail "the containers cannot read $(printf '%s' "$closed" | tr '\n' ' '): chmod a+r" 77
}

agencies=5
case ${1-} in
  '') [ $# -eq 0 ] || refuse "an empty argument" ;;
  --missing)
    agencies=${2-}
    case $agencies in '' | *[!0-9]*) refuse "--missing needs a number of agencies" ;; esac
    [ $# -eq 2 ] || refuse "unknown argument \"$3\""
    ;;
  *) refuse "unknown argument \"$1\"" ;;
esac

if [ $# -eq 0 ] || ! all_there; then
  for zip in .data/dataset.zip .data/datasets.zip; do
    if [ -e "$zip" ]; then
      from_zip "$zip"
      # Five is a guess. The zip has the right number.
      [ $# -gt 0 ] || agencies=1
      break
    fi
  done
  if ! all_there; then
    sh scripts/generate-data.sh .data "$agencies"
    echo "generated the missing files of $agencies agencies in .data"
  fi
elif [ -e .data/dataset.zip ] || [ -e .data/datasets.zip ]; then
  echo "kept the files in .data: make data replaces them with those of the zip"
fi
open_up
