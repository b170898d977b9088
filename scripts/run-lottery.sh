#!/bin/sh
# Holds the lottery of the five agencies with local processes, without Docker, and shows the
# winners, on a terminal also the progress. The logs and the server's files stay in .run. Exit
# status 1 if anything failed. Needs Swift, make, sh and awk.
set -eu
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/lib/script.sh"
cd "$top"
takes_none "$@"

readonly AGENCIES=5 programs=.build/release run=.run
server=
# The running agencies, each as ID:PID.
agencies=

is_listening() {
  grep -qs 'action: accept_connections | result: in_progress' "$run/server.log"
}

# Takes another port if one is in use.
start_server() {
  for attempt in 1 2 3 4 5; do
    port=$((20000 + ($$ + attempt * 2503) % 12000))
    SERVER_PORT=$port SERVER_AGENCIES=$AGENCIES SERVER_DATA_DIR=$run LOGGING_LEVEL=INFO \
      SERVER_WINNERS_DELAY=0s \
      "$programs/lottery-server" --config config/config.ini >"$run/server.log" 2>&1 &
    server=$!
    while kill -0 "$server" 2>/dev/null; do
      if is_listening; then return; fi
      sleep 0.1
    done
    echo "attempt $attempt: the server does not start on port $port" >&2
  done
  tail -n 5 "$run/server.log" >&2
  return 1
}

start_agency() {
  CLI_ID=$1 CLI_DATA_FILE=.data/agency-$1.csv CLI_MODE=lottery CLI_LOG_LEVEL=INFO \
    CLI_SERVER_ADDRESS=127.0.0.1:$port \
    "$programs/agency-client" --config config/config.yaml >"$run/agency-$1.log" 2>&1 &
  agencies="$agencies $1:$!"
}

# Waits for all agencies. The first that fails ends the script: the others may wait for the draw
# forever.
wait_agencies() {
  while [ -n "$agencies" ]; do
    left=
    for agency in $agencies; do
      if kill -0 "${agency#*:}" 2>/dev/null; then
        left="$left $agency"
      elif ! wait "${agency#*:}"; then
        echo "agency ${agency%:*} failed:" >&2
        tail -n 3 "$run/agency-${agency%:*}.log" >&2
        exit 1
      fi
    done
    agencies=$left
    draw_status
    # Some shells notice only here that an agency has ended.
    sleep 0.1
  done
}

# Draws the agencies' progress over the previous table, if standard output is a terminal.
drawn=0
draw_status() {
  [ -t 1 ] || return 0
  table=$(SERVER_PORT=$port "$programs/lottery-server" --status 2>/dev/null) || return 0
  # Go up to the start of the previous table and erase it (ECMA-48, CUU and ED).
  if [ "$drawn" -gt 0 ]; then printf '\033[%dA\033[J' "$drawn"; fi
  printf '%s\n' "$table"
  drawn=$(printf '%s\n' "$table" | wc -l)
}

# Ends all programs that still run.
# shellcheck disable=SC2317
stop_all() {
  for one in $server $agencies; do kill -TERM "${one#*:}" 2>/dev/null || true; done
  wait
}

# Prints for each agency its bets, how many winners it was told, and their documents by the server's
# file. Returns 1 if an agency was told another number than its own file has.
show_winners() {
  printf '\n%6s  %6s  %7s  %s\n' agency bets winners documents
  for id in 1 2 3 4 5; do
    told=$(sed -n 's/.*action: consulta_ganadores .* cant_ganadores: \([0-9]*\)$/\1/p' \
      "$run/agency-$id.log")
    awk -F , -v id="$id" -v told="$told" -v number=7574 '
      { sub(/\r$/, "") }
      FILENAME ~ /bets.csv$/ {
        if ($1 == id && $NF == number) documents = documents (documents ? " " : "") $(NF - 2)
        next
      }
      { bets++ }
      $NF == number { winners++ }
      END {
        printf "%6s  %6s  %7s  %s\n", id, bets + 0, told == "" ? "none" : told, documents
        if (told != winners + 0) exit 1
      }' "$run/bets.csv" ".data/agency-$id.csv" || {
      echo "agency $id has another number of winners in its file" >&2
      status=1
    }
  done
}

make --silent build
sh scripts/data.sh --missing "$AGENCIES"
rm -rf "$run"
mkdir "$run"
trap stop_all EXIT

start_server
for id in 1 2 3 4 5; do start_agency "$id"; done
wait_agencies
draw_status
kill -TERM "$server" && wait "$server"
server=
status=0
show_winners
echo "logs, and the server's files: $run"
exit "$status"
