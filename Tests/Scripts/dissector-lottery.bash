# The dissection of a real lottery, captured as lottery.pcap. To be sourced by dissector-test.sh.

readonly CAPTURED_AGENCIES=3 CAPTURED_ROWS=1000 LAST_LINE="the end of the capture"

# The last line and its echo are in the file: so is all that went before.
is_all_captured() {
  [[ $(grep -a -o "$LAST_LINE" "$work/lottery.pcap" | wc -l) -ge 2 ]]
}

send_last_line() {
  local back
  exec {echo}<>"/dev/tcp/127.0.0.1/$port" || return
  echo "$LAST_LINE" >&"$echo"
  read -r -t 20 -u "$echo" back
  exec {echo}>&-
  equal "$LAST_LINE" "$back"
}

hold_lottery() {
  local id
  scripts/generate-data.sh "$work/data" "$CAPTURED_AGENCIES" "$CAPTURED_ROWS" &&
    start_server "$CAPTURED_AGENCIES" && start_capture lottery "$port" || return
  for ((id = 1; id <= CAPTURED_AGENCIES; id++)); do
    start_agency "$id" "$work/data/agency-$id.csv"
  done
  wait_agencies && send_last_line && wait_until 20 is_all_captured && stop_capture && stop_server
}

# The lottery's port is drawn, so the dissector must be told.
dissect_lottery() {
  dissect lottery -o "lottery.port:$port" "$@"
}

number_of_dissected_bets() {
  values lottery lottery.bet.document -o "lottery.port:$port" | wc -l
}

same_number_of_bets() {
  equal "$(bets_in "$work/bets.csv")" "$(number_of_dissected_bets)"
}

# The rows of bets.csv as the dissection of the batches has them, by agency and place.
dissected_bets() {
  local field fields=()
  for field in position first_name last_name document birthdate number; do
    fields+=(-e "lottery.bet.$field")
  done
  dissect_lottery -Y lottery.bet -T fields -E aggregator='|' -e lottery.agency "${fields[@]}" |
    awk -F '\t' '{
      split($1, agency, "|"); count = split($2, place, "|"); split($3, first, "|")
      split($4, last, "|"); split($5, document, "|"); split($6, date, "|"); split($7, number, "|")
      for (i = 1; i <= count; i++)
        printf "%d %d %d,%s,%s,%s,%s,%s\r\n", agency[1], place[i], agency[1], first[i], last[i],
          document[i], date[i], number[i]
    }' | sort -k 1,1n -k 2,2n | cut -d ' ' -f 3-
}

same_bets_dissected() {
  cmp <(sorted_bets <"$work/bets.csv") <(dissected_bets)
}

# Lines "AGENCY DOCUMENT".
stored_winners() {
  tr -d '\r' <"$work/bets.csv" |
    awk -F , -v number="$WINNING_NUMBER" '$6 == number { print $1, $4 }' | sort
}

dissected_winners() {
  dissect_lottery -Y lottery.winner -T fields -E aggregator='|' \
    -e lottery.agency -e lottery.winner |
    awk '{
      split($1, agency, "|"); count = split($2, document, "|")
      for (i = 1; i <= count; i++) print agency[1], document[i]
    }' | sort
}

same_winners_dissected() {
  [[ -n $(stored_winners) ]] && diff <(stored_winners) <(dissected_winners)
}

same_in_two_passes() {
  local port_option="lottery.port:$port"
  cmp <(tree_of lottery -o "$port_option") <(tree_of lottery -o "$port_option" -2)
}

nothing_malformed() {
  equal "" "$(dissect_lottery -Y "lottery.malformed || lottery.truncated || $ACCIDENTS")"
}

unknown_on_other_ports() {
  equal "" "$(packets lottery lottery)"
}

test_captured_lottery() {
  check "lottery: held and captured" hold_lottery
  check "lottery: as many bets as rows in bets.csv" same_number_of_bets
  check "lottery: the bets are those of bets.csv" same_bets_dissected
  check "lottery: every agency is told its winners' documents" same_winners_dissected
  check "lottery: no malformed packet" nothing_malformed
  check "lottery: the same when dissected twice" same_in_two_passes
  check "lottery: only the port of the preference is dissected" unknown_on_other_ports
  echo "bets in the dissection: $(number_of_dissected_bets 2>/dev/null)," \
    "rows of bets.csv: $(bets_in "$work/bets.csv")"
}
