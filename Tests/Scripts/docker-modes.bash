# The modes echo and bet, and the configuration. To be sourced by docker-test.sh. No agency has a
# file.

image_ids() {
  docker image inspect -f '{{.Id}}' server:latest client:latest
}

starts_in_mode() {
  CLI_MODE=$1 AGENCY_DATA=/dev/null compose up -d
}

# Both files are changed between two starts of the same images.
changed_configuration_takes_effect() {
  local images
  images=$(image_ids) &&
    write_client_config config/config.yaml 2 100ms DEBUG 10 &&
    write_server_config config/config.ini 8 DEBUG && starts_in_mode echo &&
    wait_until 30 logged client1 'loop_amount: 2 | loop_period: 100ms | log_level: DEBUG' &&
    wait_until 30 logged server 'port: 12345 | listen_backlog: 8 | logging_level: DEBUG' &&
    forget &&
    write_client_config config/config.yaml 3 50ms INFO 10 &&
    write_server_config config/config.ini 16 DEBUG && starts_in_mode echo &&
    wait_until 30 logged client1 'loop_amount: 3 | loop_period: 50ms | log_level: INFO' &&
    wait_until 30 logged server 'listen_backlog: 16 ' &&
    equal "$images" "$(image_ids)"
}

echoes() {
  local id k
  ends_well client1 client2 client3 client4 client5 &&
    for id in 1 2 3 4 5; do
      logged "client$id" "action: loop_finished | result: success | client_id: $id" || return
      for k in 1 2 3; do
        logged "client$id" "client_id: $id | msg: [CLIENT $id] Message N°$k" &&
          logged server "msg: [CLIENT $id] Message N°$k" || return
      done
    done
}

echo_can_be_interrupted() {
  forget && write_client_config config/config.yaml 500 150ms INFO 10 && starts_in_mode echo &&
    wait_until 30 logged client2 'Message N°3' && stops_well client2 && stops_well server
}

# Each agency's bet, as its log tells it, is one that the server has stored.
bets_are_stored() {
  local id bet
  forget && starts_in_mode bet && ends_well client1 client2 client3 client4 client5 || return
  for id in 1 2 3 4 5; do
    bet=$(logs_of "client$id" | sed -n 's/.*apuesta_enviada | result: success | \(dni: .*\)$/\1/p')
    [[ -n $bet ]] && logged server "action: apuesta_almacenada | result: success | $bet" || return
  done
}

# The server is not restarted for ever, and nobody waits for it for ever.
has_given_up() {
  equal "exited 78" "$(inspected server '{{.State.Status}} {{.State.ExitCode}}')"
}

bad_configuration_is_told() {
  local start=$SECONDS
  forget && sed -i 's/^SERVER_PORT = .*/SERVER_PORT = many/' config/config.ini || return
  if starts_in_mode echo; then return 1; fi
  ((SECONDS - start < 60)) && logged server SERVER_PORT &&
    wait_until 20 has_given_up
}

alone_server_echoes() {
  forget && write_server_config config/config.ini 5 INFO &&
    ./generar-compose.sh docker-compose-dev.yaml 0 && compose up -d --wait &&
    sh validar-echo-server.sh && bash validar-echo-server.sh && no_failure_in_logs
}

absent_server_fails() {
  local status=0
  forget && sh validar-echo-server.sh >verdict || status=$?
  equal 1 "$status" && equal "action: test_echo_server | result: fail" "$(<verdict)"
}

# 300 need a larger subnet; Compose knows whether the file is right.
compose_reads_300() {
  ./generar-compose.sh docker-compose-dev.yaml 300 && compose config -q
}

test_modes() {
  rm -f .data/*.csv .data/*.zip
  check "echo: a changed configuration takes effect without a rebuild" \
    changed_configuration_takes_effect
  check "echo: every agency gets its lines back" echoes
  check "echo: no failure in the logs" no_failure_in_logs
  check "echo: SIGTERM ends an agency and the server well" echo_can_be_interrupted
  check "bet: every agency's bet is stored" bets_are_stored
  check "bet: no failure in the logs" no_failure_in_logs
  check "configuration: a bad value is told and nobody waits" bad_configuration_is_told
  check "no agency: the server echoes" alone_server_echoes
  check "no server: the echo check says fail" absent_server_fails
  check "300 agencies: Compose reads the file" compose_reads_300
}
