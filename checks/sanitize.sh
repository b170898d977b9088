#!/usr/bin/env bash
# Runs under a sanitizer: the tests, with the two programs that they start; a lottery of the five
# agencies; and connections that are reset for RESETS_SECONDS=5 a side.
#
#   checks/sanitize.sh [address|thread]...      both unless given
#
# Exit status: 1 if something was reported or failed, 64 for wrong arguments.
set -euo pipefail
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/../scripts/lib/script.sh"
cd "$top"

sanitizers=("$@")
if (($# == 0)); then sanitizers=(address thread); fi
for sanitizer in "${sanitizers[@]}"; do
  case $sanitizer in
    address | thread) ;;
    *) refuse "unknown sanitizer \"$sanitizer\"" ;;
  esac
done

make --silent .build/checks/made
# Swift's own handling of crashes would run first.
export SWIFT_BACKTRACE=enable=no

# build SANITIZER: optimized, because the tests take long. Sets `options`.
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
}

failed=()
for sanitizer in "${sanitizers[@]}"; do
  build "$sanitizer"
  # Without the lines of tests that begin or pass.
  swift test "${options[@]}" --skip-build </dev/null 2>&1 | grep -vE '^(◇|✔ Test "|✔ Suite)' ||
    ((PIPESTATUS[0] == 0)) || failed+=("the tests under the $sanitizer sanitizer")
  .build/checks/bin/python -B -m pytest -c checks/pytest.ini \
    checks/host/test_lotteries.py::test_five_agencies checks/faults/test_resets.py \
    --programs "$(swift build "${options[@]}" --show-bin-path)" \
    --seconds "${RESETS_SECONDS:-5}" || failed+=("lotteries under the $sanitizer sanitizer")
done
if ((${#failed[@]} > 0)); then
  printf 'failed: %s\n' "${failed[@]}"
  exit 1
fi
echo "nothing was reported under: ${sanitizers[*]}"
