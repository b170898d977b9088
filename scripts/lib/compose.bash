# The compose file of a lottery, for generar-compose.sh, which sources this and sets `agencies` and
# `with_keys`.

# Mebibytes for the server. A connection takes less than half a mebibyte: its window, bytes that are
# not decoded yet, and bets that wait to be stored.
server_memory() {
  echo "$((agencies / 2 > 256 ? agencies / 2 : 256))m"
}

# Threads of the server and of a healthcheck, with any number of agencies and cores: its workers share
# 16, and it has a dozen more.
readonly SERVER_PIDS=64

# subnet OTHERS: the smallest subnet from a /24 to a /16 that contains 172.25.125.0 and has an
# address for each agency and that many others.
subnet() {
  local prefix=24 base
  while ((prefix > 16 && 2 ** (32 - prefix) < agencies + $1)); do prefix=$((prefix - 1)); done
  base=$(((125 << 8) & ~((1 << (32 - prefix)) - 1)))
  echo "172.25.$((base >> 8)).$((base & 255))/$prefix"
}

# Continues an `environment`: the variable $1 is the path of the secret $2, mounted as $3.
secret() {
  $with_keys || return 0
  printf '      - %s=/run/secrets/%s\n' "$1" "$3"
  printf '    secrets:\n      - source: %s\n        target: %s\n' "$2" "$3"
}

# confined LINE: what all services share, with LINE. The size of a log is limited: a peer may make a
# service write without end.
confined() {
  cat <<YAML
# Removes all privileges: no program here needs them.
x-confined: &confined
  read_only: true
  cap_drop: [ALL]
  $1
  logging:
    driver: json-file
    options: {max-size: 64m, max-file: "4"}
YAML
}

# The line `user` if the user's files are for their owner alone: the user of the images could not
# read them, nor what graders write anew under the same umask.
user() {
  local closed
  closed=$(find -L "$top/config" -name 'config.*' ! -perm -004)
  if [[ -n $closed ]] || (($(umask) & 4)); then printf '\n  user: "%d:%d"' "$(id -u)" "$(id -g)"; fi
}

# healthcheck TEST. A server with large files needs time before it listens.
healthcheck() {
  cat <<YAML
    healthcheck:
      test: $1
      interval: 1s
      timeout: 5s
      retries: 10
      start_period: 60s
    stop_grace_period: 5s
YAML
}

server() {
  cat <<YAML
# Written by generar-compose.sh. CLI_MODE, if it is set here or in .env, overrides the mode in
# config.yaml: lottery (the default), bet or echo.
# AGENCY_DATA=/dev/null lets bet and echo run without an agency's file, which they do not read.
name: tp0

$(confined 'security_opt: [no-new-privileges:true]')
  networks: [testing_net]$(user)

# A file that must be there.
x-file: &file
  type: bind
  read_only: true
  bind: {create_host_path: false}

x-agency: &agency
  <<: *confined
  mem_limit: 64m
  pids_limit: 32
  image: client:latest
  depends_on: {server: {condition: service_healthy}}

services:
  server:
    <<: *confined
    mem_limit: $(server_memory)
    pids_limit: $SERVER_PIDS
    container_name: server
    image: server:latest
    environment:
      # As many as there are below, whatever config.ini says.
      - SERVER_AGENCIES=$agencies
      # Overrides config.ini only if it is set here or in .env.
      - SERVER_WINNERS_DELAY
YAML
  secret SERVER_AGENCY_KEYS agency_keys agency_keys
  cat <<YAML
    volumes:
      - {<<: *file, source: ./config/config.ini, target: /config.ini}
      # The bets: they survive a restart of the container and are removed with it. With tmpfs they
      # only live as long as the server runs, and no volume is made.
      - {type: "\${BETS_MOUNT:-volume}", target: /data}
$(healthcheck '[CMD, /lottery-server, --config, /config.ini, --status]')
    restart: on-failure:5
YAML
}

# The bet that agency $1 sends in mode `bet`. The first one wins.
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
    <<: *agency
    container_name: client$id
    environment:
      - CLI_ID=$id
      - CLI_MODE
YAML
  bet "$id"
  secret CLI_KEY_FILE "agency_key_$id" agency_key
  cat <<YAML
    volumes:
      - {<<: *file, source: ./config/config.yaml, target: /config.yaml}
      - {<<: *file, source: "\${AGENCY_DATA:-./.data/agency-$id.csv}", target: /.data/agency-$id.csv}
YAML
}

# Besides the agencies, the network has a gateway, its own address, the broadcast address, the
# server and the echo check.
compose() {
  local id
  server
  for ((id = 1; id <= agencies; id++)); do client "$id"; done
  cat <<YAML

networks:
  testing_net:
    ipam:
      driver: default
      config:
        - subnet: $(subnet 5)
YAML
  if $with_keys; then compose_secrets; fi
}
