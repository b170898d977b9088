#!/usr/bin/env bash
# Runs under a sanitizer: the tests, with the two programs that they start; a lottery of the five
# agencies; and connections that are reset for RESETS_SECONDS=5 a side.
#
#   scripts/sanitize.sh [address|thread]...      both unless given
#
# Exit status: 1 if something was reported or failed, 64 for wrong arguments.
set -euo pipefail
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/lib/script.sh"
cd "$top"
. scripts/lib/checks.bash
. scripts/lib/bets.sh
. scripts/lib/host.sh

readonly RESETS_SECONDS=${RESETS_SECONDS:-5}

# Swift's own handling of crashes would run first.
export SWIFT_BACKTRACE=enable=no

# build SANITIZER: optimized, because the tests have time limits. Sets `options` and `programs`.
build() {
  local directory=.build-${1:0:1}san
  mkdir -p "$directory"
  clang -c -O1 -fPIC -Wall -Werror "Tests/Sanitizers/$1.c" -o "$directory/$1.o"
  options=(
    -c release -Xswiftc -enable-testing --sanitize="$1" --scratch-path "$directory"
    -Xlinker "$PWD/$directory/$1.o"
  )
  # The build does not track that file: programs that were linked with an older one must go.
  rm -f "$directory"/release/{lottery-server,agency-client,lotteryPackageTests.xctest}
  swift build --build-tests "${options[@]}"
  programs=$(swift build "${options[@]}" --show-bin-path)
}

# Prints the tests' output without the successes: `check` shows only its last lines.
tests() {
  swift test "${options[@]}" --skip-build </dev/null 2>&1 | grep -vE '^(◇|✔) |" started\.$'
  return "${PIPESTATUS[0]}"
}

same_winners() { diff <(expected_winners "$run/data" 5) <(told_winners 5); }

no_report() { ! grep -hE -A 20 'ERROR: AddressSanitizer|WARNING: ThreadSanitizer' "$run"/*.log; }

# A lottery of the five agencies, with generated data.
lottery() {
  run=$(mktemp -d)
  scripts/generate-data.sh "$run/data"
  start_server 5
  for ((id = 1; id <= 5; id++)); do start_agency "$id" "$run/data/agency-$id.csv"; done
  check "a lottery under the $1 sanitizer" wait_agencies
  check "its winners" same_winners
  check "the server ends well" stop_server
  check "nothing is reported" no_report
  rm -rf "$run"
}

resets() {
  make --silent .build/checks/made &&
    .build/checks/bin/python -B -m pytest -c checks/pytest.ini checks/faults/test_resets.py \
      --programs "$programs" --seconds "$RESETS_SECONDS"
}

sanitizers=("$@")
if (($# == 0)); then sanitizers=(address thread); fi
for sanitizer in "${sanitizers[@]}"; do
  case $sanitizer in
    address | thread) ;;
    *) refuse "unknown sanitizer \"$sanitizer\"" ;;
  esac
done

trap stop_all EXIT
for sanitizer in "${sanitizers[@]}"; do
  build "$sanitizer"
  check "the tests under the $sanitizer sanitizer" tests
  lottery "$sanitizer"
  check "connections that are reset, under the $sanitizer sanitizer" resets
done
tally
