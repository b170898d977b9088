#!/usr/bin/env bash
# Writes a Docker Compose file with the server and N agencies:
#
#   ./generar-compose.sh docker-compose-dev.yaml 5
#
# Either the whole file is written or none of it. Exit status: 64 for wrong arguments, 73 where the
# file cannot be written.
set -euo pipefail

readonly USAGE="usage: $0 FILE N
  FILE  the compose file to write
  N     how many agencies, 0 to 65531"
# What a /16 has room for, see the subnet.
readonly MAX_AGENCIES=65531

fail_usage() {
  printf '%s: %s\n%s\n' "$0" "$1" "$USAGE" >&2
  exit 64
}

fail_write() {
  printf '%s: cannot write "%s": %s\n' "$0" "$file" "$1" >&2
  exit 73
}

# Mebibytes for the server. An agency's connection may take what is in its window, not yet decoded,
# and gathered to be stored, which is less than half a mebibyte.
server_memory() {
  echo "$((agencies / 2 > 256 ? agencies / 2 : 256))m"
}

# Threads of the server and the healthcheck's processes. It has no more threads than busy
# connections and a few, and Dispatch stops at 255 however many cores there are.
server_pids() {
  local pids=$((agencies + 32))
  echo "$((pids < 64 ? 64 : pids > 320 ? 320 : pids))"
}

# The smallest subnet, from a /24 up, in which 172.25.125.0 lies and that has an address for each
# agency, the server, the gateway, the network, the broadcast and the container of the echo check.
subnet() {
  local prefix=24 base
  while ((2 ** (32 - prefix) < agencies + 5)); do prefix=$((prefix - 1)); done
  base=$(((125 << 8) & ~((1 << (32 - prefix)) - 1)))
  echo "172.25.$((base >> 8)).$((base & 255))/$prefix"
}

server() {
  cat <<YAML
# Written by generar-compose.sh. CLI_MODE is lottery (the default), bet or echo.
# AGENCY_DATA=/dev/null lets bet and echo, which read no agency's file, run where there is none.
name: tp0

# What no program here needs is taken from all of them.
x-confined: &confined
  read_only: true
  cap_drop: [ALL]
  security_opt: [no-new-privileges:true]

services:
  server:
    <<: *confined
    mem_limit: $(server_memory)
    pids_limit: $(server_pids)
    container_name: server
    image: server:latest
    environment:
      - SERVER_AGENCIES=$agencies
    volumes:
      - type: bind
        source: ./config/config.ini
        target: /config.ini
        read_only: true
        bind:
          create_host_path: false
      # The bets: they survive a restart of the container and go with it.
      - type: volume
        target: /data
    networks:
      - testing_net
    # Asks the kernel and not the server, so that a probe leaves no trace in the log.
    healthcheck:
      test: netstat -ltn | grep -q '0\.0\.0\.0:[1-9]'
      interval: 1s
      timeout: 5s
      retries: 10
    restart: on-failure:5
    stop_grace_period: 5s
YAML
}

# The bet that agency $1 sends in mode `bet`; the first one wins.
bet() {
  local names=("Santiago Lionel" "María José" "Agustín" "Sofía Belén" "Tiago Nicolás" "Zoe")
  local surnames=("Lorca" "Núñez" "Zambrano" "Agüero" "Rivera" "D'Angelo" "Sánchez")
  local id=$1
  printf '      - NOMBRE=%s\n' "${names[(id - 1) % ${#names[@]}]}"
  printf '      - APELLIDO=%s\n' "${surnames[(id - 1) % ${#surnames[@]}]}"
  printf '      - DOCUMENTO=%d\n' $((30904465 + (id - 1) * 137))
  printf '      - NACIMIENTO=%d-%02d-%02d\n' \
    $((1999 - (id - 1) % 40)) $(((id + 1) % 12 + 1)) $(((id + 15) % 28 + 1))
  printf '      - NUMERO=%d\n' $(((7574 + (id - 1) * 3571) % 10000))
}

client() {
  local id=$1
  cat <<YAML

  client$id:
    <<: *confined
    mem_limit: 64m
    pids_limit: 32
    container_name: client$id
    image: client:latest
    environment:
      - CLI_ID=$id
      - CLI_MODE=\${CLI_MODE:-lottery}
YAML
  bet "$id"
  cat <<YAML
    volumes:
      - type: bind
        source: ./config/config.yaml
        target: /config.yaml
        read_only: true
        bind:
          create_host_path: false
      - type: bind
        source: \${AGENCY_DATA:-./.data/agency-$id.csv}
        target: /.data/agency-$id.csv
        read_only: true
        bind:
          create_host_path: false
    networks:
      - testing_net
    depends_on:
      server:
        condition: service_healthy
YAML
}

network() {
  cat <<YAML

networks:
  testing_net:
    ipam:
      driver: default
      config:
        - subnet: $(subnet)
YAML
}

compose() {
  local id
  server
  for ((id = 1; id <= agencies; id++)); do client "$id"; done
  network
}

# A rename, so that nobody reads half a file; what is not a plain file (/dev/stdout) is written to.
write() {
  if [[ -e $file && ! -f $file || -L $file ]]; then
    compose >"$file" || fail_write "see above"
    return
  fi
  partial=$(mktemp "$file.XXXXXX" 2>/dev/null) || fail_write "no such directory, or it is read-only"
  trap 'rm -f "$partial"' EXIT
  compose >"$partial" || fail_write "see above"
  chmod "$(printf '%o' $((0666 & ~$(umask))))" "$partial"
  mv -f "$partial" "$file" || fail_write "see above"
}

(($# == 2)) || fail_usage "two arguments wanted, $# given"
[[ -n $1 ]] || fail_usage "FILE is empty"
[[ $2 =~ ^[0-9]{1,9}$ ]] || fail_usage "N is \"$2\", not a whole number from 0 to $MAX_AGENCIES"
readonly file=$1 agencies=$((10#$2))
((agencies <= MAX_AGENCIES)) || fail_usage "N is $agencies, more than $MAX_AGENCIES"
[[ ! -d $file ]] || fail_write "it is a directory"
write
