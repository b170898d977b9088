#!/bin/sh
# Checks from outside that the echo server answers: a container on its network sends it one line by
# netcat and compares what comes back. Nothing is installed on the host and no port is published.
# Says so in one line; exit status 0 for success, 1 for fail.

NETWORK=tp0_testing_net

message="echo $$ $(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')"

# In the container: at most 5 seconds and 1000 bytes for the whole exchange. netcat announces the
# end of its input at once, so that a server that echoes until then is content too. Under a shell,
# because a first process does not die by `timeout`.
EXCHANGE='timeout -s KILL 5 nc -w 5 server 12345 | head -c 1000'

# The dot keeps the line's end, which $( ) would drop.
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
