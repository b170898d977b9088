# The lottery of the five agencies, on the course's data. The graders look at its log. To be sourced
# by docker-test.sh.

# The winners of the course's data are known.
course_winners() {
  equal "2 3 3 2 0" "$(expected_winners .data 5 | awk '{ print $2 }' | xargs)"
}

server_goes_on() {
  equal "running healthy 0" \
    "$(inspected server '{{.State.Status}} {{.State.Health.Status}} {{.RestartCount}}')"
}

# Restarts are for crashes. A server that was asked to end stays down.
stays_down() {
  equal "exited 0" "$(inspected server '{{.State.Status}} {{.RestartCount}}')"
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
  check "lottery: no failure in the logs" no_failure_in_logs
  check "lottery: the server goes on" server_goes_on
  check "lottery: the echo check says success afterwards" sh validar-echo-server.sh
  check "lottery: the server ends well on SIGTERM" stops_well server
  check "lottery: the server stays down" stays_down
  check "lottery: make docker-compose-down leaves nothing" leaves_nothing
}
