# The branches to hand in, used as graders do. To be sourced by docker-test.sh after branches.bash.

# Bets as graders write them: no CR, a winner in rows 1 to K of agency K.
write_graders_data() {
  local id
  for id in 1 2; do
    seq 60 | awk -v id="$id" '{
      printf "Name,Surname,%08d,2000-01-01,%d\n", $1, $1 <= id ? 7574 : $1
    }' >".data/agency-$id.csv" || return
  done
}

# 60 bets an agency at 10 a batch.
all_batches_are_full() {
  equal 12 "$(logs_of server | grep -c 'apuesta_recibida | result: success | cantidad: 10$')"
}

# has_run MODE: what the logs of two agencies must tell.
has_run() {
  local id
  if [[ $1 == lottery ]]; then all_batches_are_full || return; fi
  for id in 1 2; do
    case $1 in
      echo) logged "client$id" "msg: [CLIENT $id] Message N°3" ;;
      bet) logged "client$id" 'action: apuesta_enviada | result: success | dni: ' ;;
      lottery) logged "client$id" "consulta_ganadores | result: success | cant_ganadores: $id" ;;
    esac || return
  done
}

# Builds and runs the branch of an exercise.
branch_runs() { # EXERCISE MODE
  forget && git checkout -q . && git switch -q "ej$1" && rm -f .data/*.csv &&
    docker build -q -f ./server/Dockerfile -t server:latest . &&
    docker build -q -f ./client/Dockerfile -t client:latest . &&
    bash generar-compose.sh docker-compose-dev.yaml 2 &&
    write_client_config client/config.yaml 3 50ms INFO 10 &&
    write_server_config server/config.ini 5 DEBUG || return
  if [[ $2 == lottery ]]; then write_graders_data || return; fi
  compose up -d && ends_well client1 client2 && has_run "$2" && no_failure_in_logs &&
    logged client1 'loop_amount: 3 ' && logged server 'logging_level: DEBUG'
}

test_branches_in_docker() {
  check "branches: entrega makes them" makes_the_branches
  cd "$work/repository"
  local k
  for k in 1 2 3 4; do check "branches: ej$k echoes" branch_runs "$k" echo; done
  check "branches: ej5 sends its bet" branch_runs 5 bet
  for k in 6 7 8; do check "branches: ej$k holds a lottery" branch_runs "$k" lottery; done
}
