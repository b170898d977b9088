# The lottery in containers, from the directory of its compose file. To be sourced after
# checks.bash.

require_docker() {
  docker info >/dev/null 2>&1 && return
  echo "$0: Docker does not answer" >&2
  exit 1
}

# enter_copy COMMAND: goes on in a copy of the work tree, with the course's data set if that is
# there. On the way out COMMAND cleans up, and the copy is removed.
enter_copy() {
  local data=$PWD/../shared/data/dataset.zip
  work=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "$1 >/dev/null 2>&1 || true; cd /; rm -rf '$work'" EXIT
  unset CLI_MODE AGENCY_DATA
  copy_tree "$work/tree"
  cd "$work/tree"
  if [[ -e $data ]]; then cp "$data" .data/; fi
}

compose() {
  docker compose -f docker-compose-dev.yaml "$@"
}

# Ends the lottery and removes its data, without waiting.
forget() {
  compose down -v -t 1
}

logs_of() {
  docker logs "$1" 2>&1
}

# logged CONTAINER TEXT: whether a line of its log has the text.
logged() {
  # Not `grep -q`: it would close the pipe, and `docker logs` would fail.
  local found
  found=$(logs_of "$1" | grep -F -- "$2") && [[ -n $found ]]
}

# inspected CONTAINER TEMPLATE
inspected() {
  docker inspect -f "$2" "$1"
}

# ends_well CONTAINER...: waits two minutes for each; its exit status must be 0.
ends_well() {
  local container status
  for container in "$@"; do
    status=$(timeout 120 docker wait "$container") || status="none, it runs on"
    equal "$container: 0" "$container: $status" || {
      logs_of "$container" | tail -n 5
      return 1
    }
  done
}

# stops_well CONTAINER: on SIGTERM it ends with 0, before the SIGKILL that would follow.
stops_well() {
  docker stop -t 5 "$1" >/dev/null || return
  equal 0 "$(inspected "$1" '{{.State.ExitCode}}')" || {
    logs_of "$1" | tail -n 5
    return 1
  }
}

# The number of bets that the server has logged.
received_bets() {
  logs_of server | sed -n 's/.*action: apuesta_recibida | result: success | cantidad: //p' |
    awk '{ sum += $1 } END { print sum + 0 }'
}

has_received() {
  [[ $(received_bets) == "$1" ]]
}

no_failure_in_logs() {
  ! compose logs --no-color | grep 'result: fail'
}

# same_winners AGENCIES: every agency's log has the number of winners in its file.
same_winners() {
  diff <(expected_winners .data "$1") <(
    for ((id = 1; id <= $1; id++)); do echo "$id $(logs_of "client$id" | winners_in_log)"; done
  )
}

# same_bets AGENCIES: the server holds every bet of .data once, each agency's in order.
same_bets() {
  cmp <(expected_bets .data "$1") <(docker exec server cat /data/bets.csv | sorted_bets)
}

# The configuration files as graders write them: the original keys only.
write_client_config() { # FILE AMOUNT PERIOD LEVEL MAX_AMOUNT
  cat >"$1" <<YAML
server:
  address: "server:12345"
loop:
  amount: $2
  period: "$3"
log:
  level: "$4"
batch:
  maxAmount: $5
YAML
}

write_server_config() { # FILE BACKLOG LEVEL
  printf '[DEFAULT]\nSERVER_PORT = 12345\nSERVER_IP = server\n' >"$1" &&
    printf 'SERVER_LISTEN_BACKLOG = %s\nLOGGING_LEVEL = %s' "$2" "$3" >>"$1"
}
