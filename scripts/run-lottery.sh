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
. scripts/lib/bets.sh
. scripts/lib/host.sh

readonly AGENCIES=5
run=.run

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

# The documents of an agency's winners, from the server's file.
documents_of() {
  awk -F , -v agency="$1" -v number="$WINNING_NUMBER" '
    { sub(/\r$/, "") }
    $1 == agency && $NF == number { printf "%s%s", separator, $(NF - 2); separator = " " }
  ' "$run/bets.csv"
}

# Prints the table. Returns 1 if an agency was told another number than its file has.
show_winners() {
  printf '\n%6s  %6s  %7s  %s\n' agency bets winners documents
  status=0
  while read -r id expected; do
    told=$(winners_in_log <"$run/agency-$id.log")
    printf '%6s  %6s  %7s  %s\n' "$id" "$(bets_in ".data/agency-$id.csv")" "${told:-none}" \
      "$(documents_of "$id")"
    if [ "$told" != "$expected" ]; then
      echo "agency $id has $expected winners in its file" >&2
      status=1
    fi
  done <<WINNERS
$(expected_winners .data "$AGENCIES")
WINNERS
  return "$status"
}

build_programs
sh scripts/data.sh --missing "$AGENCIES"
rm -rf "$run"
mkdir "$run"
trap stop_all EXIT

start_server "$AGENCIES"
for id in 1 2 3 4 5; do start_agency "$id" ".data/agency-$id.csv"; done
on_wait=draw_status
wait_agencies
draw_status
stop_server
show_winners
echo "logs, and the server's files: $run"
