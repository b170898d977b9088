# The results of a lottery, computed from its agencies' files by awk. To be sourced, by sh or bash.

readonly WINNING_NUMBER=7574

# Rows of the files.
bets_in() {
  cat "$@" | wc -l | tr -d ' '
}

# expected_winners DIR AGENCIES: a line "AGENCY WINNERS" for each of them.
expected_winners() (
  id=1
  while [ "$id" -le "$2" ]; do
    awk -F , -v id="$id" -v number="$WINNING_NUMBER" '
      { sub(/\r$/, "") }
      $NF == number { winners++ }
      END { print id, winners + 0 }
    ' "$1/agency-$id.csv"
    id=$((id + 1))
  done
)

# The number of winners in the log of an agency on standard input, or nothing.
winners_in_log() {
  sed -n 's/.*action: consulta_ganadores | result: success | cant_ganadores: \([0-9]*\)$/\1/p'
}
