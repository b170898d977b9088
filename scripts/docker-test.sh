#!/usr/bin/env bash
# Tests the lottery in containers, from end to end, in a copy of the work tree: .data and .env of
# this one are not touched. Uses the course's data set if there is ../shared/data/dataset.zip, else
# made-up data. Rebuilds the images server:latest and client:latest.
set -euo pipefail
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/lib/script.sh"
cd "$top"
takes_none "$@"
root=$PWD
. scripts/lib/checks.bash
. scripts/lib/bets.sh
. scripts/lib/docker.bash
. Tests/Scripts/branches.bash
for part in images lottery hardening keys crash modes; do
  # shellcheck source=/dev/null
  . "Tests/Scripts/docker-$part.bash"
done

require_docker
# The containers have fixed names: there is room for one lottery only.
if docker network inspect tp0_testing_net >/dev/null 2>&1; then
  echo "$0: a lottery is already running: make docker-compose-down" >&2
  exit 1
fi

enter_copy forget
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
check "graders: three rounds of each branch" make -C "$root" graders ROUNDS=3
tally
