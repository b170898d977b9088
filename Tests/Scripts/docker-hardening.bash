# What the containers may not do, seen from inside each. To be sourced by docker-test.sh and
# stack-test.sh.

runs_as_a_user() {
  local ids
  ids=$(docker exec "$1" awk '$1 == "Uid:" || $1 == "Gid:" { print $2, $3, $4, $5 }' /proc/1/status) &&
    equal "10001 10001 10001 10001" "$(sort -u <<<"$ids")"
}

# All users may write to /tmp, so that only a read-only file system prevents it.
cannot_write_its_root() {
  local words
  if words=$(docker exec "$1" touch /tmp/probe 2>&1); then
    echo "/tmp/probe was made"
    return 1
  fi
  [[ $words == *"Read-only file system"* ]] || { echo "$words" && return 1; }
}

# of_status CONTAINER FIELD...: the values in /proc/1/status, in the kernel's order.
of_status() {
  local container=$1
  shift
  docker exec "$container" awk -v wanted=" $* " 'index(wanted, " " $1 " ") { print $2 }' /proc/1/status |
    xargs
}

has_no_capability() {
  equal "0000000000000000 0000000000000000 0000000000000000" \
    "$(of_status "$1" CapPrm: CapEff: CapBnd:)"
}

gains_no_privileges() {
  equal 1 "$(of_status "$1" NoNewPrivs:)"
}

# limit CONTAINER FILE...: the content of the first file that exists. The two versions of control
# groups have different files.
limit() {
  local container=$1
  shift
  docker exec "$container" sh -c 'for file; do [ ! -e "$file" ] || exec cat "$file"; done' limit "$@"
}

# has_limits CONTAINER MEBIBYTES PROCESSES
has_limits() {
  local groups=/sys/fs/cgroup
  equal $(($2 << 20)) \
    "$(limit "$1" $groups/memory.max $groups/memory/memory.limit_in_bytes)" &&
    equal "$3" "$(limit "$1" $groups/pids.max $groups/pids/pids.max)"
}

bounds_its_log() {
  equal "json-file map[max-file:4 max-size:64m]" \
    "$(inspected "$1" '{{.HostConfig.LogConfig.Type}} {{.HostConfig.LogConfig.Config}}')"
}

publishes_no_port() {
  equal "" "$(docker port "$1")" && equal "map[]" "$(inspected "$1" '{{.HostConfig.PortBindings}}')"
}

status_of_the_server() {
  docker exec server /lottery-server --config /config.ini --status
}

tells_its_status() {
  equal "bets: 100, finished: 2 of 3, connections: 2, draw: not held" \
    "$(status_of_the_server | tail -n 1)"
}

# STATUS? from another machine gets an ERROR, code 5: a length, type 8f, the code, and why.
tells_it_to_no_other_machine() {
  local answer
  answer=$(docker run --rm --network tp0_testing_net busybox:latest sh -c \
    'printf "\000\000\000\001\020" | nc server 12345 | od -An -tx1 -N 6')
  [[ $answer == " 00 00 00 "??" 8f 05" ]] || { echo "$answer" && return 1; }
}

# One agency is missing, so that the others wait for the draw during the checks.
waits_for_the_last() {
  rm -f .data/*.csv .data/*.zip && scripts/generate-data.sh .data 3 50 &&
    ./generar-compose.sh docker-compose-dev.yaml 3 && compose up -d client1 client2 &&
    wait_until 60 has_received 100
}

test_hardening() {
  check "hardening: two of three agencies wait for the draw" waits_for_the_last
  local container limits
  while read -r container limits; do
    check "hardening: $container does not run as root" runs_as_a_user "$container"
    check "hardening: $container cannot write its root" cannot_write_its_root "$container"
    check "hardening: $container has no capability" has_no_capability "$container"
    check "hardening: $container gains no privileges" gains_no_privileges "$container"
    # shellcheck disable=SC2086
    check "hardening: $container's memory and processes are limited" has_limits "$container" $limits
    check "hardening: $container's log is bounded" bounds_its_log "$container"
    check "hardening: $container publishes no port" publishes_no_port "$container"
  done <<<"server 256 64
client1 64 32
client2 64 32"
  check "hardening: the server tells how the lottery stands" wait_until 20 tells_its_status
  check "hardening: and tells it to no other machine" tells_it_to_no_other_machine
  check "hardening: the last one is started" compose up -d client3
  check "hardening: every agency ends well" ends_well client1 client2 client3
  check "hardening: everything ends" forget
  ./generar-compose.sh docker-compose-dev.yaml 5
}
