#!/usr/bin/env bash
# Tests the scripts on their own, without Docker. Checks that need Python 3, PyYAML, git or make are
# skipped by name if that is not installed. With REQUIRE_ORACLES=1 they fail.
set -euo pipefail
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/lib/script.sh"
cd "$top"
takes_none "$@"
root=$PWD
. scripts/lib/checks.bash
. scripts/lib/bets.sh
. Tests/Scripts/compose.bash
. Tests/Scripts/keys.bash
. Tests/Scripts/data.bash
. Tests/Scripts/needs.bash
. Tests/Scripts/echo.bash
. Tests/Scripts/branches.bash
. Tests/Scripts/translation.bash

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Up to its second FROM, so that the images share the layers of the build.
build_stage() {
  awk '/^FROM/ && ++stages == 2 { exit } { print }' "$1"
}

same_build_stage() {
  diff <(build_stage server.Dockerfile) <(build_stage client.Dockerfile)
}

# `make` lists every target that has no file.
help_lists_the_targets() {
  diff <(sed -n '/^\.PHONY:/,/[^\\]$/p' Makefile | grep -oE '[a-z]+(-[a-z]+)*' | sort) \
    <(env -u MAKEFLAGS -u MAKELEVEL make | awk '{ print $1 }' | sort)
}

check "the Dockerfiles have the same build stage" same_build_stage
needs make
check "make lists its targets" help_lists_the_targets
needs
test_compose
test_keys
test_data
test_needs
test_echo
test_branches
test_translation
tally
