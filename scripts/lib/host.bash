# A lottery of local processes. To be sourced after checks.bash; the caller calls `stop_all` on its
# way out.

# Where the logs and the server's files go; the caller's choice.
run=
server_pid=
agency_pids=()

# Builds the programs; sets `programs`, where they are.
build_programs() {
  make --silent build
  programs=.build/release
}

is_listening() {
  grep -qs 'action: accept_connections | result: in_progress' "$run/server.log"
}

is_listening_or_dead() {
  is_listening || ! kill -0 "$server_pid" 2>/dev/null
}

# start_server AGENCIES: sets `server_pid` and `port`. The port is drawn and another one taken where
# somebody has it.
start_server() {
  local attempt
  for attempt in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 12000))
    SERVER_PORT=$port SERVER_AGENCIES=$1 SERVER_DATA_DIR=$run LOGGING_LEVEL=INFO \
      "$programs/lottery-server" --config config/config.ini >"$run/server.log" 2>&1 &
    server_pid=$!
    wait_until 20 is_listening_or_dead || break
    if is_listening; then return; fi
    echo "attempt $attempt: the server does not start on port $port" >&2
  done
  tail -n 5 "$run/server.log" >&2
  return 1
}

# start_agency ID FILE
start_agency() {
  CLI_ID=$1 CLI_DATA_FILE=$2 CLI_MODE=lottery CLI_LOG_LEVEL=INFO \
    CLI_SERVER_ADDRESS=127.0.0.1:$port \
    "$programs/agency-client" --config config/config.yaml >"$run/agency-$1.log" 2>&1 &
  agency_pids[$1]=$!
}

# Takes leave of the agencies that have ended; 1 if one of them failed, with its last words.
collect_agencies() {
  local id
  for id in "${!agency_pids[@]}"; do
    if kill -0 "${agency_pids[$id]}" 2>/dev/null; then continue; fi
    wait "${agency_pids[$id]}" || {
      echo "agency $id failed:" >&2
      tail -n 3 "$run/agency-$id.log" >&2
      return 1
    }
    unset "agency_pids[$id]"
  done
}

# What is done again and again while the agencies are waited for; the caller's choice.
on_wait=:

# wait_agencies: 1 as soon as one fails, for the others may then wait for the draw for ever.
wait_agencies() {
  while ((${#agency_pids[@]} > 0)); do
    collect_agencies || return
    "$on_wait"
    sleep 0.1
  done
}

# Asks the server to end; its exit status.
stop_server() {
  local pid=$server_pid
  server_pid=
  kill -TERM "$pid" && wait "$pid"
}

# Ends whatever still runs.
stop_all() {
  local pid
  for pid in $server_pid "${agency_pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  wait
}
