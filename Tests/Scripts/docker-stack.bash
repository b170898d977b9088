# The lottery of five agencies in a swarm of one node. To be sourced by stack-test.sh.

readonly STACK=tp0-stack-test

make_swarm() {
  docker swarm init --advertise-addr 127.0.0.1
}

# The containers of the stack, those that have ended as well.
containers() {
  docker ps -aq --filter "label=com.docker.stack.namespace=$STACK" "$@"
}

# running_task SERVICE SLOT: its container.
running_task() {
  containers --filter status=running --filter "name=^${STACK}_$1\.$2\."
}

service_logs() {
  docker service logs "${STACK}_$1" 2>&1
}

# The file of the fifth agency is missing: its task ends with 66 and is restarted.
deploys_without_a_file() {
  mv .data/agency-5.csv . &&
    docker stack deploy --resolve-image never --compose-file stack.yaml "$STACK" &&
    wait_until 120 have_finished 4 && wait_until 60 has_failed 5
}

# have_finished AGENCIES: whether that many have finished, by the server's file.
have_finished() {
  local server
  server=$(running_task server 1) && [[ -n $server ]] &&
    equal "$1" "$(docker exec "$server" wc -l /data/finished.csv | cut -d ' ' -f 1)"
}

# tasks_of SLOT STATE: how many tasks of the agency are in that state.
tasks_of() {
  docker service ps "${STACK}_agencies" --filter "name=${STACK}_agencies.$1" \
    --format '{{.CurrentState}}' | grep -c "^$2" || true
}

has_failed() {
  (($(tasks_of "$1" Failed) > 0))
}

has_completed() {
  equal 1 "$(tasks_of "$1" Complete)"
}

ends_well_with_the_file() {
  local id
  mv agency-5.csv .data/ || return
  for id in 1 2 3 4 5; do
    wait_until 120 has_completed "$id" || {
      docker service ps --no-trunc "${STACK}_server" "${STACK}_agencies"
      return 1
    }
  done
}

# A line of a service's log begins with STACK_agencies.SLOT.TASK@NODE.
same_winners_in_service_logs() {
  local id
  diff <(expected_winners .data 5) <(
    for ((id = 1; id <= 5; id++)); do
      echo "$id $(service_logs agencies | grep "^${STACK}_agencies\.$id\." | winners_in_log)"
    done
  )
}

same_bets_in_volume() {
  cmp <(expected_bets .data 5) <(
    docker exec "$(running_task server 1)" cat /data/bets.csv | sorted_bets
  )
}

is_encrypted() {
  docker network inspect "${STACK}_lottery" -f '{{json .Options}}' | grep '"encrypted"'
}

# All tasks have one secret, and each sees its own part of it.
each_task_has_its_own_key() {
  local id
  for id in 1 2 3 4; do
    equal "$(<".claves/agency-$id")" \
      "$(docker exec "$(running_task agencies "$id")" cat /run/secrets/agency_key)" || return
  done
}

is_confined() { # SERVICE SLOT MEBIBYTES PROCESSES
  local container
  container=$(running_task "$1" "$2") && [[ -n $container ]] && runs_as_a_user "$container" &&
    cannot_write_its_root "$container" && has_no_capability "$container" &&
    has_limits "$container" "$3" "$4" && publishes_no_port "$container"
}

is_removed() {
  [[ -z $(containers) && -z $(docker network ls -q --filter "name=${STACK}_") ]]
}

# A volume outlives its stack; a container may hold it for a moment.
remove_volume() {
  docker volume rm -f "${STACK}_bets"
}

removes_the_stack() {
  docker stack rm "$STACK" && wait_until 60 is_removed && wait_until 20 remove_volume
}

# Each step, even if the previous one failed.
leave() {
  docker stack rm "$STACK"
  wait_until 60 is_removed
  docker swarm leave --force
  [[ -n $gateway ]] || docker network rm docker_gwbridge
  wait_until 20 remove_volume
}

test_stack() {
  check "stack: make docker-image" make docker-image
  check "stack: make data" make data
  check "stack: the file and the keys are written" \
    ./generar-compose.sh --stack --claves stack.yaml 5
  check "stack: this machine becomes a swarm" make_swarm
  ((failed == 0)) || return 0
  check "stack: four agencies wait for the fifth, which has no file" deploys_without_a_file
  check "stack: the network is encrypted" is_encrypted
  check "stack: the server is confined" is_confined server 1 256 64
  check "stack: an agency is confined" is_confined agencies 1 64 32
  check "stack: each task has its own key and no other" each_task_has_its_own_key
  check "stack: every agency ends well once the file is there" ends_well_with_the_file
  check "stack: every agency has its winners" same_winners_in_service_logs
  check "stack: the server holds every bet once and in order" same_bets_in_volume
  check "stack: it can be removed" removes_the_stack
}
