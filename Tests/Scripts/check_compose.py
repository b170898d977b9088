"""check_compose.py FILE N [--claves]: whether FILE is the compose file of N agencies,
whose keys lie next to it."""

import datetime
import ipaddress
import re
import sys

import yaml


def check_mount(mount, source, target):
    assert mount["type"] == "bind" and mount["read_only"] is True, mount
    assert mount["bind"] == {"create_host_path": False}, mount
    assert (mount["source"], mount["target"]) == (source, target), mount


LOGGING = {"driver": "json-file", "options": {"max-size": "64m", "max-file": "4"}}


def check_confined(service, memory, pids):
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"], service
    assert service["security_opt"] == ["no-new-privileges:true"], service
    assert (service["mem_limit"], service["pids_limit"]) == (f"{memory}m", pids), service
    assert service["logging"] == LOGGING and "ports" not in service


def check_secret(service, source, target):
    assert service["secrets"] == [{"source": source, "target": target}], service


def check_server(server, agencies, keys):
    assert server["container_name"] == "server" and server["image"] == "server:latest"
    check_confined(server, max(256, agencies // 2), min(max(64, agencies + 32), 320))
    environment = [f"SERVER_AGENCIES={agencies}",
                   "SERVER_WINNERS_DELAY=${SERVER_WINNERS_DELAY:-1s}"]
    if keys:
        environment.append("SERVER_AGENCY_KEYS=/run/secrets/agency_keys")
        check_secret(server, "agency_keys", "agency_keys")
    assert server["environment"] == environment, server["environment"]
    config, data = server["volumes"]
    check_mount(config, "./config/config.ini", "/config.ini")
    assert data == {"type": "volume", "target": "/data"}, data
    assert server["restart"].startswith("on-failure")
    test = ["CMD", "/lottery-server", "--config", "/config.ini", "--status"]
    assert server["healthcheck"]["test"] == test
    assert server["healthcheck"]["start_period"] == "60s"


def check_client(client, agency, keys):
    assert client["container_name"] == f"client{agency}" and client["image"] == "client:latest"
    check_confined(client, 64, 32)
    environment = dict(entry.split("=", 1) for entry in client["environment"])
    assert environment.pop("CLI_ID") == str(agency)
    assert environment.pop("CLI_MODE") == "${CLI_MODE:-lottery}"
    assert re.fullmatch(r"[0-9]{8}", environment.pop("DOCUMENTO"))
    datetime.date.fromisoformat(environment.pop("NACIMIENTO"))
    assert 0 <= int(environment.pop("NUMERO")) <= 9999
    assert environment.pop("NOMBRE") and environment.pop("APELLIDO")
    if keys:
        assert environment.pop("CLI_KEY_FILE") == "/run/secrets/agency_key"
        check_secret(client, f"agency_key_{agency}", "agency_key")
    # What a configuration file says is not overridden.
    assert not environment, environment
    config, data = client["volumes"]
    check_mount(config, "./config/config.yaml", "/config.yaml")
    file = f".data/agency-{agency}.csv"
    check_mount(data, "${AGENCY_DATA:-./" + file + "}", f"/{file}")
    assert client["depends_on"] == {"server": {"condition": "service_healthy"}}


def check_secrets(secrets, agencies):
    files = {"agency_keys": "./.claves/agencies"}
    for agency in range(1, agencies + 1):
        files[f"agency_key_{agency}"] = f"./.claves/agency-{agency}"
    assert secrets == {name: {"file": file} for name, file in files.items()}, secrets


def main(path, agencies, keys):
    with open(path, encoding="utf-8") as file:
        compose = yaml.safe_load(file)
    parts = {"name", "x-confined", "services", "networks"} | ({"secrets"} if keys else set())
    assert set(compose) == parts, set(compose)
    assert compose["name"] == "tp0"
    services = compose["services"]
    assert list(services) == ["server"] + [f"client{k}" for k in range(1, agencies + 1)]
    check_server(services["server"], agencies, keys)
    for agency in range(1, agencies + 1):
        check_client(services[f"client{agency}"], agency, keys)
    for service in services.values():
        assert service["networks"] == ["testing_net"]
    if keys:
        check_secrets(compose["secrets"], agencies)
    assert list(compose["networks"]) == ["testing_net"]
    (config,) = compose["networks"]["testing_net"]["ipam"]["config"]
    subnet = ipaddress.ip_network(config["subnet"])
    assert ipaddress.ip_address("172.25.125.0") in subnet
    # The network's, the broadcast, the gateway's, the server's and the echo check's address.
    assert subnet.num_addresses >= agencies + 5, subnet
    assert subnet.prefixlen == 24 or subnet.num_addresses // 2 < agencies + 5, subnet


main(sys.argv[1], int(sys.argv[2]), sys.argv[3:] == ["--claves"])
