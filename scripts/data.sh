#!/bin/sh
# Puts the agencies' files into .data:
#
#   scripts/data.sh                      unpacks .data/dataset.zip or datasets.zip over the files
#                                        there; without one, makes up the missing ones of five
#   scripts/data.sh --missing AGENCIES   does nothing if all files are there; else the same, and
#                                        makes up the files that the zip does not have
#
# Needs sh and awk, and for a zip any of unzip, python3 or docker.
set -eu
cd "$(dirname "$0")/.."

fail() {
  echo "$0: $1" >&2
  exit "$2"
}

all_there() {
  id=1
  while [ "$id" -le "$agencies" ]; do
    [ -e ".data/agency-$id.csv" ] || return 1
    id=$((id + 1))
  done
}

# Unpacks the agencies' files of zip $1, from any folder in it, into directory $2.
unpack() {
  if command -v unzip >/dev/null; then
    unzip -q -j -o "$1" '*agency-*.csv' -d "$2"
  elif command -v python3 >/dev/null; then
    python3 - "$1" "$2" <<'PYTHON'
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    for name in archive.namelist():
        if os.path.basename(name).startswith("agency-") and name.endswith(".csv"):
            with open(os.path.join(sys.argv[2], os.path.basename(name)), "wb") as file:
                file.write(archive.read(name))
PYTHON
  elif command -v docker >/dev/null; then
    docker run --rm -i busybox:latest sh -c '
      cat >/tmp/data.zip && mkdir /tmp/out && cd /tmp/out &&
      unzip -q -j /tmp/data.zip "*agency-*.csv" >&2 && tar -c .
    ' <"$1" | tar -x -C "$2"
  else
    fail "unpacking $1 needs unzip, python3 or docker" 69
  fi
}

from_zip() {
  partial=$(mktemp -d .data/.partial.XXXXXX)
  trap 'rm -rf "$partial"' EXIT
  trap 'exit 130' INT TERM
  unpack "$1" "$partial" || fail "cannot unpack $1" 65
  [ -e "$partial/agency-1.csv" ] || fail "no agency-1.csv in $1" 65
  # In the containers another user reads them.
  find "$partial" -name 'agency-*.csv' -exec chmod a+r {} \; -exec mv {} .data/ \;
  echo "unpacked $1"
}

agencies=5
case ${1-} in
  '') ;;
  --missing)
    agencies=${2-}
    case $agencies in '' | *[!0-9]*) fail "--missing needs a number of agencies" 64 ;; esac
    if all_there; then exit 0; fi
    ;;
  *) fail "unknown argument $1" 64 ;;
esac

mkdir -p .data
for zip in .data/dataset.zip .data/datasets.zip; do
  if [ -e "$zip" ]; then
    from_zip "$zip"
    # Five is a guess. The zip has the right number.
    [ $# -gt 0 ] || exit 0
    break
  fi
done
if ! all_there; then
  scripts/generate-data.sh .data "$agencies"
  echo "generated the missing files of $agencies agencies in .data"
fi
