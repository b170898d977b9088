# generar-compose.sh. To be sourced by test-scripts.sh.

# refused ARGUMENT...: usage on standard error, nothing on standard output, status 64, nothing
# written.
refused() {
  local status=0
  rm -rf "$work/refused" && mkdir "$work/refused" || return
  (cd "$work/refused" && bash "$root/generar-compose.sh" "$@") >"$work/out" 2>"$work/err" ||
    status=$?
  equal 64 "$status" &&
    equal "" "$(<"$work/out")" &&
    grep -q '^usage: ' "$work/err" &&
    equal "" "$(ls -A "$work/refused")"
}

# prints_usage ARGUMENT...: on standard output, nothing on standard error, status 0, nothing
# written.
prints_usage() {
  rm -rf "$work/helped" && mkdir "$work/helped" &&
    (cd "$work/helped" && bash "$root/generar-compose.sh" "$@") >"$work/out" 2>"$work/err" &&
    grep -q '^usage: ' "$work/out" &&
    equal "" "$(<"$work/err")" &&
    equal "" "$(ls -A "$work/helped")"
}

keeps_what_is_there() {
  echo precious >"$work/precious.yaml"
  if bash generar-compose.sh "$work/precious.yaml" many 2>/dev/null; then return 1; fi
  equal precious "$(<"$work/precious.yaml")"
}

# cannot_write FILE [OPTION]: one line on standard error, status 73.
cannot_write() {
  local status=0
  bash generar-compose.sh "$@" 5 >"$work/out" 2>"$work/err" || status=$?
  equal 73 "$status" && equal "" "$(<"$work/out")" && grep -q 'cannot write' "$work/err" &&
    equal 1 "$(wc -l <"$work/err" | tr -d ' ')"
}

generates() {
  rm -rf "$work/generated" && mkdir "$work/generated" &&
    bash generar-compose.sh "$work/generated/compose.yaml" "$1" &&
    equal compose.yaml "$(ls -A "$work/generated")" &&
    python3 Tests/Scripts/check_compose.py "$work/generated/compose.yaml" "$((10#$1))"
}

writes_to_standard_output() {
  cmp docker-compose-dev.yaml <(bash generar-compose.sh /dev/stdout 5 | sed '/^    user: /d')
}

is_up_to_date() {
  bash generar-compose.sh "$work/dev.yaml" 5 &&
    cmp <(sed '/^    user: /d' "$work/dev.yaml") docker-compose-dev.yaml
}

test_compose() {
  check "compose: one argument is refused" refused file.yaml
  check "compose: three arguments are refused" refused file.yaml 5 6
  check "compose: an empty file name is refused" refused "" 5
  local agencies
  for agencies in "" -1 five 1.5 "5 " 0x10 65532 4294967297 99999999999999999999; do
    check "compose: N = \"$agencies\" is refused" refused file.yaml "$agencies"
  done
  check "compose: an unknown option is refused" refused --keys file.yaml 5
  check "compose: --help prints the usage" prints_usage --help
  check "compose: -h prints the usage, whatever else is there" prints_usage --claves file.yaml 5 -h
  check "compose: options alone are refused" refused --claves --stack
  check "compose: --claves without N is refused" refused --claves file.yaml
  check "compose: --claves for no agency is refused" refused --claves file.yaml 0
  check "compose: more keys than a swarm's secret holds are refused" \
    refused --stack --claves file.yaml 6001
  check "compose: a refusal keeps the file that is there" keeps_what_is_there
  check "compose: a missing directory is a clear error" cannot_write "$work/no/such/file.yaml"
  check "compose: a directory is a clear error" cannot_write "$work"
  needs PyYAML
  for agencies in 0 1 5 007 251 252 300; do
    check "compose: N = $agencies gives a right file" generates "$agencies"
  done
  needs
  check "compose: standard output can be the file" writes_to_standard_output
  check "compose: docker-compose-dev.yaml is its output for 5" is_up_to_date
}
