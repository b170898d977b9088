# The stack file of a Swarm, for generar-compose.sh, which sources this after compose.bash.
#
# A stack has no `no-new-privileges` (a daemon can set it for all its containers), no order of
# starting (agencies retry until the server is there), and no names of containers. Virtual addresses
# need a kernel with IPVS. With dnsrr a name is its tasks' addresses.
#
# A swarm ends unhealthy tasks, but a server that has no connection left for a status query must go
# on: the healthcheck asks the kernel whether the server listens.

stack() {
  cat <<YAML
# Written by generar-compose.sh --stack. To start it:
#   docker stack deploy --resolve-image never --compose-file FILE lottery
version: "3.9"

$(confined 'networks: [lottery]')

services:
  server:
    <<: *confined
    image: server:latest
    environment:
      - SERVER_AGENCIES=$agencies
YAML
  secret SERVER_AGENCY_KEYS agency_keys agency_keys
  cat <<YAML
    configs:
      - source: server_config
        target: /config.ini
    # The bets: they survive the stack, and a new one continues with them.
    volumes:
      - type: volume
        source: bets
        target: /data
$(healthcheck "netstat -ltn | grep -q '0\.0\.0\.0:[1-9]'")
    deploy:
      endpoint_mode: dnsrr
      # The volume is on one node, and so is the server.
      placement:
        constraints: [node.role == manager]
      restart_policy:
        condition: any
      resources:
        limits:
          memory: $(server_memory)
          pids: $SERVER_PIDS
YAML
  if ((agencies > 0)); then stack_agencies; fi
  cat <<YAML

configs:
  server_config:
    file: ./config/config.ini
  agency_config:
    file: ./config/config.yaml

volumes:
  bets:

networks:
  lottery:
    driver: overlay
    driver_opts:
      encrypted: ""
    ipam:
      config:
        - subnet: $(subnet 64)
YAML
  if $with_keys; then stack_secrets; fi
}

stack_agencies() {
  cat <<YAML

  agencies:
    <<: *confined
    image: client:latest
    environment:
      - CLI_ID={{.Task.Slot}}
YAML
  secret CLI_KEY_FILE agency_key agency_key
  cat <<YAML
    configs:
      - source: agency_config
        target: /config.yaml
    # Every node that runs agencies must have their files at this path.
    volumes:
      - type: bind
        source: ./.data
        target: /.data
        read_only: true
    deploy:
      endpoint_mode: dnsrr
      replicas: $agencies
      # A task that has finished is not restarted.
      restart_policy:
        condition: on-failure
      resources:
        limits:
          memory: 64m
          pids: 32
YAML
}
