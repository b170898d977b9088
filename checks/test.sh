#!/bin/sh
# Tests the programs, then the scripts and the oracles. Shows failures as they come, and ends with a
# summary. All that the tests print is in .build/swift-test.log and .build/scripts-test.log.
#
# What needs Python 3.11 with venv, and packages from PyPI, is left out without them, unless
# REQUIRE_ORACLES is 1. Exit status 1 if a test failed.
set -u
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/../scripts/lib/script.sh"
cd "$top" || exit 1
takes_none "$@"
mkdir -p .build
swift_log=.build/swift-test.log
scripts_log=.build/scripts-test.log
summary=.build/summary
status=0

# Prints lines for the summary.
told() { printf '%-9s %s\n' "$1" "$2" >>"$summary"; }

# Of the tests only what fails, with its reasons.
failures_of_swift() {
  awk '
    /^(◇|✔|➜|Test Suite)/ { is_shown = 0 }
    /^✘/ || /(^|: )error: |^Fatal error|crashed/ { is_shown = 1 }
    !is_built || is_shown { print; fflush() }
    /^Build complete!/ { is_built = 1 }'
}

# Where tests failed, and those that ran when the process died. What tests print may stand before it.
failed_in_swift() {
  sed -nE 's/^.*✘ Test (.*) recorded an issue .*at ([^ ]*:[0-9]+):[0-9]+: .*/  failed: \1, \2/p' "$swift_log"
  grep -q 'Test run with .* after' "$swift_log" && return
  sed -nE 's/^.*[◇✔✘] Test (.*) (started\.$|(passed|failed) after.*)/\1/p' "$swift_log" |
    grep -vE '^(case |run( |$))' | sed -E 's/ with [0-9]+ test cases?$//' |
    sort | uniq -u | sed 's/^/  running at the end: /'
}

# verdict STATUS
verdict() { if [ "$1" -eq 0 ]; then echo passed; else echo FAILED; fi; }

test_programs() {
  { swift test 2>&1; echo $? >.build/status; } | tee "$swift_log" | failures_of_swift
  read -r ended <.build/status
  result=$(sed -n 's/^.*[^ ] Test run with /swift test: /p' "$swift_log" | tail -n 1)
  told "$(verdict "$ended")" "${result:-swift test: see $swift_log}"
  grep '➜ Test .* skipped' "$swift_log" | sed -E 's/.*➜ Test (.*) skipped/skipped   \1/' | head -n 5 >>"$summary"
  [ "$ended" -eq 0 ] || { status=1 && failed_in_swift | uniq | head -n 15 >>"$summary"; }
}

test_scripts() {
  reason=$(make --silent .build/checks/made 2>&1) || {
    reason=$(printf '%s\n' "$reason" | grep -v '^make\[')
    printf '%s\n' "$reason"
    verdict=skipped
    if [ "${REQUIRE_ORACLES:-}" = 1 ]; then verdict=FAILED status=1; fi
    told "$verdict" "the tests of scripts and oracles: $(printf '%s\n' "$reason" | tail -n 1)"
    return
  }
  { make --silent checks-scripts 2>&1; echo $? >.build/status; } | tee "$scripts_log"
  read -r ended <.build/status
  told "$(verdict "$ended")" \
    "the tests of scripts and oracles: $(grep -E '^=* ?[0-9].* in [0-9.]+s' "$scripts_log" | tail -n 1 | tr -d =)"
  if [ "$ended" -ne 0 ]; then
    status=1
    grep -E '^(FAILED|ERROR) ' "$scripts_log" | cut -c 1-150 | head -n 15 | sed 's/^/  /' >>"$summary"
  fi
}

: >"$summary"
test_programs
test_scripts
printf '\n'
cat "$summary"
exit "$status"
