#!/usr/bin/env bash
# Tests a lottery in a swarm: makes this machine a swarm of one node, deploys the stack of
# generar-compose.sh --stack --claves from a copy of the work tree, and checks the winners. The
# swarm is always dissolved at the end. A machine that is already in a swarm is not changed. The
# images server:latest and client:latest are rebuilt.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck disable=SC2034
root=$PWD
# shellcheck source=scripts/lib/checks.bash
. scripts/lib/checks.bash
# shellcheck source=scripts/lib/bets.sh
. scripts/lib/bets.sh
# shellcheck source=scripts/lib/docker.bash
. scripts/lib/docker.bash
# shellcheck source=Tests/Scripts/branches.bash
. Tests/Scripts/branches.bash
# shellcheck source=Tests/Scripts/docker-hardening.bash
. Tests/Scripts/docker-hardening.bash
# shellcheck source=Tests/Scripts/docker-stack.bash
. Tests/Scripts/docker-stack.bash

require_docker
if [[ $(docker info -f '{{.Swarm.LocalNodeState}}') != inactive ]]; then
  echo "$0: this machine is in a swarm: docker swarm leave" >&2
  exit 1
fi

work=$(mktemp -d)
# Swarm creates this network and does not remove it.
gateway=$(docker network ls -q --filter name=docker_gwbridge)
finish() {
  leave >/dev/null 2>&1 || true
  cd /
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE

enter_copy "$work/tree"
test_stack
tally
