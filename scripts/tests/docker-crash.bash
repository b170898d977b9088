# What happens when one of them goes away before the draw. To be sourced by docker-test.sh.

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

# From the host's process namespace: inside its own the first process cannot be killed.
comes_back_after_a_crash() {
  docker run --rm --pid host busybox:latest kill -9 "$(inspected server '{{.State.Pid}}')" &&
    wait_until 30 is_back
}

test_crash() {
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
