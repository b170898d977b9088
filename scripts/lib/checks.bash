# Named checks that are counted. To be sourced.

passed=0
failed=0
skipped=0

# The tool that the next checks lack. Empty: none.
lacking=

# is_installed TOOL: a program, or PyYAML for Python 3 with it.
is_installed() {
  case $1 in
    PyYAML) python3 -c 'import yaml' ;;
    *) command -v "$1" ;;
  esac >/dev/null 2>&1
}

# needs [TOOL]: without this tool the checks up to the next `needs` are skipped. With
# REQUIRE_ORACLES=1 they run, and fail.
needs() {
  lacking=
  if (($# > 0)) && [[ ${REQUIRE_ORACLES:-} != 1 ]] && ! is_installed "$1"; then lacking=$1; fi
}

# check NAME COMMAND...: runs the command, in this shell, and says whether it succeeded. Shows its
# output if it did not. set -e is off inside the command: a function that is checked joins its steps
# with &&.
check() {
  local name=$1 output
  shift
  if [[ -n $lacking ]]; then
    skipped=$((skipped + 1))
    echo "skip  $name: $lacking is not installed"
    return
  fi
  output=$(mktemp)
  if "$@" >"$output" 2>&1; then
    passed=$((passed + 1))
    echo "ok    $name"
  else
    failed=$((failed + 1))
    echo "FAIL  $name"
    tail -n 100 "$output" | sed 's/^/        /'
  fi
  rm -f "$output"
}

# Prints the tally and returns 1 if anything failed.
tally() {
  local note=
  if ((skipped > 0)); then note=", $skipped skipped"; fi
  echo "$passed passed, $failed failed$note"
  ((failed == 0))
}

# equal WANTED GOT: prints both if they differ.
equal() {
  [[ $1 == "$2" ]] && return
  printf 'wanted: %s\ngot:    %s\n' "$1" "$2"
  return 1
}

# wait_until SECONDS COMMAND...: runs the command five times a second until it succeeds. Returns 1
# after the time.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    if ((SECONDS >= deadline)); then
      echo "not within the time: $*"
      return 1
    fi
    sleep 0.2
  done
}
