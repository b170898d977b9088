#!/usr/bin/env bash
# Checks from outside that the echo server answers: a container on its network sends one line with
# netcat and compares the answer. Nothing is installed on the host and no port is published.
#
#   ./validar-echo-server.sh
#
# Prints the result in one line, and what Docker or netcat say last on standard error. Exit status:
# 0 for success, 1 for fail, 64 for arguments. Also runs with sh.
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/scripts/lib/script.sh"
takes_none "$@"

message="echo $$ $(od -An -v -N8 -tx1 /dev/urandom | tr -d ' \n')"
name=echo-check-$$
errors=$(mktemp) || exit 1
exchange=

# Whatever ends the script ends the exchange. A container that has ended is removed already.
# shellcheck disable=SC2317
finish() {
  if [ -n "$exchange" ]; then kill "$exchange"; docker rm -f "$name"; fi >/dev/null 2>&1
  rm -f "$errors" "$errors.answer"
}
trap finish EXIT

# The first network of the server, whatever the project's name is, and the port at which it listens.
network=$(docker inspect -f '{{range $name, $network := .NetworkSettings.Networks}}{{$name}}
{{end}}' server 2>/dev/null </dev/null | head -n 1)
port=$(docker exec server netstat -ltn 2>/dev/null </dev/null |
  sed -n 's/.*[ :]0\.0\.0\.0:\([1-9][0-9]*\) .*/\1/p' | head -n 1)

# In the container: at most 5 seconds and 1000 bytes for the whole exchange. netcat closes its side
# after the line, so a server that echoes until the end of the input answers too. It runs under a
# shell, because `timeout` cannot kill the first process of a container.
EXCHANGE="timeout -s KILL 5 nc -w 5 server ${port:-12345} | head -c 1000"

# In the background, so that a signal is not kept waiting.
printf '%s\n' "$message" | docker run --rm -i --name "$name" --network "${network:-tp0_testing_net}" \
  busybox:latest sh -c "$EXCHANGE" >"$errors.answer" 2>"$errors" &
exchange=$!
wait "$exchange"
exchange=

# The dot keeps the line end, which $( ) would drop.
if [ "$(cat "$errors.answer" && echo .)" = "$(printf '%s\n.' "$message")" ]; then
  echo "action: test_echo_server | result: success"
  exit 0
fi
grep -v -e '^$' -e "docker run --help" "$errors" | tail -n 1 >&2
echo "action: test_echo_server | result: fail"
exit 1
