# Configurations that the graders' rounds of echo and bet do not have. To be sourced by
# docker-test.sh. No agency has a file.

starts_in_mode() {
  CLI_MODE=$1 AGENCY_DATA=/dev/null compose up -d
}

original_keys_are_enough() {
  write_client_config config/config.yaml 3 50ms INFO 10 &&
    write_server_config config/config.ini 16 DEBUG && starts_in_mode echo &&
    ends_well client1 client2 client3 client4 client5 && no_failure_in_logs
}

# The server is not restarted forever, and no agency waits for it forever.
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
  check "configuration: files with the original keys are enough" original_keys_are_enough
  check "configuration: a bad value is logged, and no agency waits" bad_configuration_is_told
  check "no agency: the server echoes" alone_server_echoes
  check "no server: the echo check says fail" absent_server_fails
  check "300 agencies: Compose reads the file" compose_reads_300
}
