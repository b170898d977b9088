#!/usr/bin/env bash
# Runs a lottery of many agencies at once against one server on this machine:
#
#   scripts/crowd.sh [AGENCIES]      1000 by default
#
# Each agency is a process with a small file. Checks the winners of each and that bets.csv holds
# every bet, and prints the time, threads and memory.
set -euo pipefail
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/lib/script.sh"
cd "$top"
. scripts/lib/checks.bash
. scripts/lib/bets.sh
. scripts/lib/host.sh

readonly AGENCIES=${1:-1000} ROWS=50
[[ $# -le 1 && $AGENCIES =~ ^[1-9][0-9]{0,4}$ ]] || refuse "AGENCIES is 1 to 99999"

# Prints a field of the server's /proc/PID/status.
of_server() {
  awk -v field="$1:" '$1 == field { print $2 }' "/proc/$server_pid/status"
}

# Writes the largest number of threads so far to a file, until the server ends.
watch_threads() {
  local now most=0
  while now=$(of_server Threads 2>/dev/null) && [[ -n $now ]]; do
    ((now <= most)) || most=$now
    echo "$most" >"$run/threads"
    sleep 0.1
  done
}

same_winners() {
  diff <(expected_winners "$run/data" "$AGENCIES") <(told_winners "$AGENCIES")
}

same_bets() {
  cmp <(expected_bets "$run/data" "$AGENCIES") <(sorted_bets <"$run/bets.csv")
}

no_failure_in_logs() {
  ! grep -h 'result: fail' "$run"/*.log
}

build_programs
run=$(mktemp -d)
trap 'stop_all; rm -rf "$run"' EXIT
ulimit -n "$(ulimit -Hn)"
scripts/generate-data.sh "$run/data" "$AGENCIES" "$ROWS"

export SERVER_LISTEN_BACKLOG=1024
start_server "$AGENCIES"
watch_threads &
start=$(date +%s%N)
for ((id = 1; id <= AGENCIES; id++)); do start_agency "$id" "$run/data/agency-$id.csv"; done
check "every agency ends well" wait_agencies
milliseconds=$((($(date +%s%N) - start) / 1000000))
memory=$(of_server VmHWM)

check "every agency has its winners" same_winners
check "bets.csv holds every bet once and in order" same_bets
check "the server ends well" stop_server
check "no failure in the logs" no_failure_in_logs
echo "$AGENCIES agencies, $((AGENCIES * ROWS)) bets: $milliseconds ms;" \
  "server: $(<"$run/threads") threads at most, $memory kB at most"
tally
