# The scripts on a machine that lacks a tool. To be sourced by test-scripts.sh.

# Prints the lines of a check whose tool is missing, and the tally.
without_a_tool() {
  (
    passed=0 failed=0 skipped=0
    export REQUIRE_ORACLES=$1
    needs no-such-tool
    check "one" command -v no-such-tool
    needs
    check "two" true
    tally
  )
}

skips_by_name() {
  equal "skip  one: no-such-tool is not installed
ok    two
1 passed, 0 failed, 1 skipped" "$(without_a_tool "")"
}

fails_where_it_must_run() {
  local output status=0
  output=$(without_a_tool 1) || status=$?
  equal 1 "$status" && equal "FAIL  one
ok    two
1 passed, 1 failed" "$output"
}

# Runs our Makefile with only a shell in the path.
says_what_target_lacks() { # TARGET LINE
  local status=0
  rm -rf "$work/shell" && mkdir "$work/shell" && ln -s "$(command -v sh)" "$work/shell/sh" || return
  env -u MAKEFLAGS -u MAKELEVEL PATH="$work/shell" "$(command -v make)" "$1" \
    >"$work/out" 2>"$work/err" || status=$?
  equal 2 "$status" && equal "" "$(<"$work/out")" && equal "$2" "$(head -n 1 "$work/err")"
}

test_needs() {
  check "a check whose tool is missing is skipped by name" skips_by_name
  check "with REQUIRE_ORACLES=1 it fails" fails_where_it_must_run
  needs make
  check "make test says that Swift is missing" says_what_target_lacks test "make test needs swift"
  check "make run says that Swift is missing" says_what_target_lacks run "make run needs swift"
  check "make data says that awk is missing" says_what_target_lacks data "make data needs awk"
  needs
}
