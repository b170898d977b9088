# A lottery of local processes. To be sourced after bets.sh, by sh or bash. The caller calls
# `stop_all` on its way out.

# The directory of the logs and the server's files. The caller sets it.
run=
server_pid=
# The running agencies, each as ID:PID.
agencies_running=

# Builds the programs, and sets `programs`, their directory.
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

# Waits up to 20 seconds.
wait_for_server() {
  looks=0
  until is_listening_or_dead; do
    [ "$looks" -lt 100 ] || return
    looks=$((looks + 1))
    sleep 0.2
  done
}

# start_server AGENCIES: sets `server_pid` and `port`. Takes another port if that is in use.
start_server() {
  for attempt in 1 2 3 4 5; do
    port=$((20000 + ($$ + attempt * 2503) % 12000))
    SERVER_PORT=$port SERVER_AGENCIES=$1 SERVER_DATA_DIR=$run LOGGING_LEVEL=INFO \
      SERVER_WINNERS_DELAY=0s \
      "$programs/lottery-server" --config config/config.ini >"$run/server.log" 2>&1 &
    server_pid=$!
    wait_for_server || break
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
  agencies_running="$agencies_running $1:$!"
}

# Forgets the agencies that have ended. Returns 1 if one failed, and prints its last lines.
collect_agencies() {
  still_running=
  for agency in $agencies_running; do
    if kill -0 "${agency#*:}" 2>/dev/null; then
      still_running="$still_running $agency"
      continue
    fi
    wait "${agency#*:}" || {
      echo "agency ${agency%:*} failed:" >&2
      tail -n 3 "$run/agency-${agency%:*}.log" >&2
      return 1
    }
  done
  agencies_running=$still_running
}

# A command that runs again and again during wait_agencies. The caller may set it.
on_wait=:

# Waits for all agencies. Returns 1 as soon as one fails: the others may wait for the draw forever.
wait_agencies() {
  while [ -n "$agencies_running" ]; do
    collect_agencies || return
    "$on_wait"
    # Some shells notice only here that an agency has ended.
    sleep 0.1
  done
}

# Asks the server to end, and returns its exit status.
stop_server() {
  stopped=$server_pid
  server_pid=
  kill -TERM "$stopped" && wait "$stopped"
}

# Ends all programs that still run.
stop_all() {
  for running in $server_pid $agencies_running; do
    kill -TERM "${running#*:}" 2>/dev/null || true
  done
  wait
}
