#!/usr/bin/env bash
# Tests a lottery in a swarm: makes this machine a swarm of one node, deploys the stack of
# generar-compose.sh --stack --claves from a copy of the work tree, and checks the winners. Leaves
# the swarm on every way out. Refuses a machine that is in a swarm already. Rebuilds the images
# server:latest and client:latest.
set -euo pipefail
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/lib/script.sh"
cd "$top"
takes_none "$@"
# shellcheck disable=SC2034
root=$PWD
. scripts/lib/checks.bash
. scripts/lib/bets.sh
. scripts/lib/docker.bash
. Tests/Scripts/branches.bash
. Tests/Scripts/docker-hardening.bash
. Tests/Scripts/docker-stack.bash

require_docker
if [[ $(docker info -f '{{.Swarm.LocalNodeState}}') != inactive ]]; then
  echo "$0: this machine is in a swarm: docker swarm leave" >&2
  exit 1
fi

# A swarm creates it, and does not remove it.
gateway=$(docker network ls -q --filter name=docker_gwbridge)
enter_copy leave
test_stack
tally
