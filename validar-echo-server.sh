#!/bin/sh
# Checks from outside that the echo server answers: a container on its network sends one line with
# netcat and compares the answer. Nothing is installed on the host and no port is published.
# Prints the result in one line. Exit status 0 for success, 1 for fail.

NETWORK=tp0_testing_net

message="echo $$ $(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')"

# In the container: at most 5 seconds and 1000 bytes for the whole exchange. netcat closes its side
# after the line, so a server that echoes until the end of the input answers too. It runs under a
# shell, because `timeout` cannot kill the first process of a container.
EXCHANGE='timeout -s KILL 5 nc -w 5 server 12345 | head -c 1000'

# The dot keeps the line end, which $( ) would drop.
answer=$(
  printf '%s\n' "$message" |
    docker run --rm -i --network "$NETWORK" busybox:latest sh -c "$EXCHANGE" 2>/dev/null
  echo .
)

if [ "$answer" = "$(printf '%s\n.' "$message")" ]; then
  echo "action: test_echo_server | result: success"
  exit 0
fi
echo "action: test_echo_server | result: fail"
exit 1
