#!/usr/bin/env bash
# Writes a Docker Compose file with the server and N agencies:
#
#   ./generar-compose.sh [--claves] [--stack] FILE N
#
#   FILE      the compose file to write; without arguments, docker-compose-dev.yaml for 5 agencies
#   N         how many agencies, 0 to 65531
#   --claves  makes a key for each agency in .claves next to FILE, unless it has one
#   --stack   writes a stack file for a swarm instead
#
# Either the whole file is written or none of it. Exit status: 64 for wrong arguments, 73 if a file
# cannot be written.
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
libraries=$(dirname "$self")/scripts/lib
# shellcheck source=scripts/lib/script.sh
. "$libraries/script.sh"
# shellcheck source=scripts/lib/compose.bash
. "$libraries/compose.bash"
# shellcheck source=scripts/lib/stack.bash
. "$libraries/stack.bash"
# shellcheck source=scripts/lib/keys.bash
. "$libraries/keys.bash"

# The size of a /16, see the subnet.
readonly MAX_AGENCIES=65531

# fail_write REASON [FILE]: the reason is what follows the last colon.
fail_write() {
  fail "cannot write \"${2:-$file}\": ${1##*: }" 73
}

# write_to FILE
write_to() {
  local reason
  reason=$({ printf '%s\n' "$text" >"$1"; } 2>&1 >&3) || fail_write "$reason"
}

# A rename, so that half a file is never read. A special file (/dev/stdout) is written directly.
write() {
  local reason
  if [[ -e $file && ! -f $file || -L $file ]]; then
    write_to "$file"
    return
  fi
  partial=$(mktemp "$file.XXXXXX" 2>&1) || fail_write "$partial"
  trap 'rm -f "$partial"' EXIT
  write_to "$partial"
  reason=$({ chmod "$(printf '%o' $((0666 & ~$(umask))))" "$partial" &&
    mv -f "$partial" "$file"; } 2>&1) || fail_write "$reason"
}

kind=compose
with_keys=false
file=
agencies=
count=0
for argument; do
  case $argument in
    --claves) with_keys=true ;;
    --stack) kind=stack ;;
    --*) refuse "unknown option \"$argument\"" ;;
    *)
      count=$((count + 1))
      if ((count == 1)); then file=$argument; else agencies=$argument; fi
      ;;
  esac
done
if (($# == 0)); then
  file=$top/docker-compose-dev.yaml agencies=5 count=2
fi

((count == 2)) || refuse "FILE and N wanted, $count given"
[[ -n $file ]] || refuse "FILE is empty"
[[ $agencies =~ ^[0-9]{1,9}$ ]] ||
  refuse "N is \"$agencies\", not a whole number from 0 to $MAX_AGENCIES"
agencies=$((10#$agencies))
readonly file agencies kind with_keys
((agencies <= MAX_AGENCIES)) || refuse "N is $agencies, more than $MAX_AGENCIES"
[[ ! -d $file ]] || fail_write "it is a directory"

if $with_keys; then make_keys; fi
# Whole before the first byte is written.
text=$(set -e && "$kind")
exec 3>&1
write
