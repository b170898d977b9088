#!/usr/bin/env bash
# Writes a Docker Compose file with the server and N agencies:
#
#   ./generar-compose.sh docker-compose-dev.yaml 5
#
# --claves makes a key for each agency and mounts the keys as secrets. --stack writes a stack file
# for a swarm instead. Either the whole file is written or none of it. Exit status: 64 for wrong
# arguments, 73 if a file cannot be written.
set -euo pipefail
libraries=$(dirname "$0")/scripts/lib
# shellcheck source=scripts/lib/compose.bash
. "$libraries/compose.bash"
# shellcheck source=scripts/lib/stack.bash
. "$libraries/stack.bash"
# shellcheck source=scripts/lib/keys.bash
. "$libraries/keys.bash"

readonly USAGE="usage: $0 [--claves] [--stack] FILE N
  FILE      the compose file to write
  N         how many agencies, 0 to 65531
  --claves  makes a key for each agency in .claves next to FILE, unless it has one
  --stack   writes a stack file for a swarm instead
  --help    prints this, and so does -h"
# The size of a /16, see the subnet.
readonly MAX_AGENCIES=65531

fail_usage() {
  printf '%s: %s\n%s\n' "$0" "$1" "$USAGE" >&2
  exit 64
}

# fail_write REASON [FILE]
fail_write() {
  printf '%s: cannot write "%s": %s\n' "$0" "${2:-$file}" "$1" >&2
  exit 73
}

# A rename, so that half a file is never read. A special file (/dev/stdout) is written directly.
write() {
  if [[ -e $file && ! -f $file || -L $file ]]; then
    "$kind" >"$file" || fail_write "see above"
    return
  fi
  partial=$(mktemp "$file.XXXXXX" 2>/dev/null) || fail_write "no such directory, or it is read-only"
  trap 'rm -f "$partial"' EXIT
  "$kind" >"$partial" || fail_write "see above"
  chmod "$(printf '%o' $((0666 & ~$(umask))))" "$partial"
  mv -f "$partial" "$file" || fail_write "see above"
}

kind=compose
with_keys=false
positional=()
for argument; do
  case $argument in
    --claves) with_keys=true ;;
    --stack) kind=stack ;;
    -h | --help)
      printf '%s\n' "$USAGE"
      exit
      ;;
    --*) fail_usage "unknown option \"$argument\"" ;;
    *) positional+=("$argument") ;;
  esac
done
set -- "${positional[@]}"

(($# == 2)) || fail_usage "FILE and N wanted, $# given"
[[ -n $1 ]] || fail_usage "FILE is empty"
[[ $2 =~ ^[0-9]{1,9}$ ]] || fail_usage "N is \"$2\", not a whole number from 0 to $MAX_AGENCIES"
readonly file=$1 agencies=$((10#$2)) kind with_keys
((agencies <= MAX_AGENCIES)) || fail_usage "N is $agencies, more than $MAX_AGENCIES"
[[ ! -d $file ]] || fail_write "it is a directory"

if $with_keys; then make_keys; fi
write
