# Servers and agencies that end before the draw. To be sourced by docker-test.sh.

# One bet at a time, so that the lottery lasts.
starts_slowly() {
  rm -f .data/*.csv .data/*.zip && scripts/generate-data.sh .data 5 3000 &&
    cp config/config.yaml config.yaml.kept &&
    write_client_config config/config.yaml 5 5s INFO 1 && echo '  window: 1' >>config/config.yaml &&
    compose up -d
}

has_begun() {
  (($(received_bets) >= 500))
}

crashes_in_the_middle() {
  wait_until 60 has_begun && kill_server && no_draw_yet && wait_until 30 is_back
}

starts_without_the_last() {
  rm -f .data/*.csv .data/*.zip && scripts/generate-data.sh .data 5 300 &&
    compose up -d client1 client2 client3 client4 &&
    wait_until 60 has_received 1200
}

no_draw_yet() {
  ! logged server 'action: sorteo'
}

is_back() {
  [[ $(inspected server '{{.RestartCount}} {{.State.Health.Status}}') == "1 healthy" ]]
}

# From the host's process namespace: inside a container its first process cannot be killed.
kill_server() {
  docker run --rm --pid host busybox:latest kill -9 "$(inspected server '{{.State.Pid}}')"
}

comes_back_after_a_crash() {
  kill_server && wait_until 30 is_back
}

test_crash() {
  check "crash: a lottery of one bet at a time is started" starts_slowly
  check "crash: the server comes back after a crash in the middle" crashes_in_the_middle
  check "crash: every agency goes on and ends well" ends_well client1 client2 client3 client4 client5
  check "crash: every agency has its winners in the end" same_winners 5
  check "crash: the server holds every bet once, in order" same_bets 5
  check "crash: that lottery ends" forget
  mv config.yaml.kept config/config.yaml
  check "crash: four of five agencies have sent their bets" starts_without_the_last
  check "crash: an agency that waits for the draw ends well on SIGTERM" stops_well client1
  check "crash: no draw without the fifth" no_draw_yet
  check "crash: the server comes back after a crash" comes_back_after_a_crash
  check "crash: the rest is started" compose up -d
  check "crash: every agency ends well" ends_well client1 client2 client3 client4 client5
  check "crash: every agency has its winners" same_winners 5
  check "crash: the server holds every bet once and in order" same_bets 5
  check "crash: everything ends" forget
}
