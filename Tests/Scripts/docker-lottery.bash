# The lottery of the five agencies. To be sourced by docker-test.sh.

# The winners of the course's data, known beforehand.
course_winners() {
  equal "2 3 3 2 0" "$(expected_winners .data 5 | awk '{ print $2 }' | xargs)"
}

draw_is_held_once() {
  equal 1 "$(logs_of server | grep -c 'action: sorteo | result: success')"
}

server_goes_on() {
  equal "running healthy 0" \
    "$(inspected server '{{.State.Status}} {{.State.Health.Status}} {{.RestartCount}}')"
}

# Restarts are for crashes: a server that was told to end stays so.
stays_down() {
  equal "exited 0" "$(inspected server '{{.State.Status}} {{.RestartCount}}')"
}

closing_is_logged() {
  logged server 'action: close_socket | result: success | socket: listener' &&
    logged server 'action: close_file | result: success | file: bets.csv' &&
    logged server 'action: close_directory | result: success' &&
    logged server 'action: close_worker | result: success | ip' &&
    logged server 'action: close_workers | result: success'
}

leaves_nothing() {
  local volume
  volume=$(inspected server '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}}{{end}}{{end}}') &&
    [[ -n $volume ]] && make docker-compose-down &&
    equal "" "$(docker ps -aq --filter label=com.docker.compose.project=tp0)" &&
    equal "" "$(docker network ls -q --filter name=tp0_testing_net)" &&
    equal "" "$(docker volume ls -q --filter "name=$volume")"
}

test_lottery() {
  if [[ -e .data/dataset.zip ]]; then
    check "lottery: make data unpacks the course's data" make data
    check "lottery: its winners are 2, 3, 3, 2 and 0" course_winners
  fi
  check "lottery: make docker-compose-up" make docker-compose-up
  check "lottery: the echo check says success meanwhile" sh validar-echo-server.sh
  check "lottery: every agency ends well" ends_well client1 client2 client3 client4 client5
  check "lottery: every agency has its winners" same_winners 5
  check "lottery: the server received every bet" has_received "$(bets_in .data/agency-[1-5].csv)"
  check "lottery: the server holds every bet once and in order" same_bets 5
  check "lottery: the draw is held once" draw_is_held_once
  check "lottery: no failure in the logs" no_failure_in_logs
  check "lottery: the server goes on" server_goes_on
  check "lottery: the echo check says success afterwards" sh validar-echo-server.sh
  check "lottery: the server ends well on SIGTERM" stops_well server
  check "lottery: the server stays down" stays_down
  check "lottery: the server logs what it closes" closing_is_logged
  check "lottery: make docker-compose-down leaves nothing" leaves_nothing
}
