#!/usr/bin/env bash
# Tests the lottery in containers, from end to end, in a copy of the work tree: .data and .env of
# this one are not touched. Uses the course's data set if ../shared/data/dataset.zip exists, else
# generated data. The images server:latest and client:latest are rebuilt.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
# shellcheck source=scripts/lib/checks.bash
. scripts/lib/checks.bash
# shellcheck source=scripts/lib/bets.sh
. scripts/lib/bets.sh
# shellcheck source=scripts/lib/docker.bash
. scripts/lib/docker.bash
# shellcheck source=Tests/Scripts/branches.bash
. Tests/Scripts/branches.bash
for part in images lottery hardening keys crash modes; do
  # shellcheck source=/dev/null
  . "Tests/Scripts/docker-$part.bash"
done

require_docker
# The containers' names are fixed, so only one lottery can run.
if docker network inspect tp0_testing_net >/dev/null 2>&1; then
  echo "$0: a lottery is already running: make docker-compose-down" >&2
  exit 1
fi

work=$(mktemp -d)
finish() {
  forget >/dev/null 2>&1 || true
  cd /
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
unset CLI_MODE AGENCY_DATA GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE

enter_copy "$work/tree"

test_images
((failed == 0)) || {
  tally
  exit 1
}
test_lottery
test_hardening
test_keys_in_docker
test_crash
test_modes
check "graders: three rounds of each branch" python3 -B "$root/Tests/Graders/main.py" --rounds 3
tally
