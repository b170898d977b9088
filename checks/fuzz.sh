#!/usr/bin/env bash
# Fuzzes all code that reads bytes from outside, with libFuzzer and the address sanitizer:
#
#   checks/fuzz.sh SECONDS [TARGET...]      each target, or those named, for that long
#
# The targets are the files Tests/Fuzz/Fuzz*.swift; each begins with the inputs in
# Tests/Fuzz/corpus/TARGET. New inputs stay in .fuzz/TARGET for the next run. An input that breaks
# something is in .fuzz/TARGET-crash-*. Exit status: 1 if something was found, 64 for wrong
# arguments.
set -euo pipefail
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/../scripts/lib/script.sh"
cd "$top"

readonly BUILD=.build-fuzz FINDS=.fuzz

# All targets are one program. The environment selects one. SwiftPM passes sanitizers on in any order,
# and the compiler counts no edges if the last one is not the fuzzer.
build() {
  FUZZER=1 swift build --quiet -c release --product fuzz --sanitize=fuzzer --sanitize=address \
    -Xswiftc -enable-testing -Xswiftc -sanitize=fuzzer --scratch-path "$BUILD"
}

# fuzz TARGET: 1 if something was found.
fuzz() {
  local log=$FINDS/$1.log
  mkdir -p "$FINDS/$1"
  # Swift's own handling of crashes would run before libFuzzer's. Leaks are not detected: Swift
  # never frees what it makes once.
  FUZZ_TARGET=$1 SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 \
    "$BUILD/release/fuzz" -max_total_time="$seconds" -max_len=9000 -timeout=60 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$FINDS/$1-" \
    "$FINDS/$1" "Tests/Fuzz/corpus/$1" </dev/null >"$log" 2>&1 || return 1
  # Without it, inputs are changed blindly.
  grep -q ' cov: ' "$log"
}

# report TARGET RESULT
report() {
  awk -v target="$1" -v result="$2" '
    / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
    /^stat::number_of_executed_units:/ { runs = $2 }
    END { printf "%-10s %10d inputs  %5d edges  %s\n", target, runs, edges, result }
  ' "$FINDS/$1.log"
}

targets=()
for directory in Tests/Fuzz/corpus/*/; do targets+=("$(basename "$directory")"); done
seconds=${1:-}
[[ $seconds =~ ^[1-9][0-9]{0,5}$ ]] || refuse "SECONDS is 1 to 999999"
shift
for target in "$@"; do [[ " ${targets[*]} " == *" $target "* ]] || refuse "the targets are ${targets[*]}"; done
if (($# > 0)); then targets=("$@"); fi

build
failed=0
for target in "${targets[@]}"; do
  if fuzz "$target"; then
    report "$target" "nothing found"
  else
    failed=1
    report "$target" "FOUND SOMETHING"
    # The reason, and the file of the input.
    grep -E -A 2 'Fatal error|ERROR: |Test unit written|code instrumented' "$FINDS/$target.log" | cut -c 1-500 >&2
  fi
done
exit "$failed"
