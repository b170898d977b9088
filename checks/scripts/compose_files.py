"""What the compose file of N agencies must say, and the stack file."""

import datetime
import ipaddress
import re

import yaml

LOGGING = {"driver": "json-file", "options": {"max-size": "64m", "max-file": "4"}}
STATUS = ["CMD", "/lottery-server", "--config", "/config.ini", "--status"]
# Mebibytes and processes of an agency.
AGENCY_LIMITS = (64, 32)
# What `docker stack deploy` refuses or ignores.
NOT_IN_A_STACK = {"container_name", "build", "depends_on", "mem_limit", "pids_limit", "profiles",
                  "restart", "security_opt"}


def check(path, agencies, keys=False, stack=False):
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for service in document["services"].values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["logging"] == LOGGING
        assert "ports" not in service
    server_limits = max(256, agencies // 2), 64
    (_check_stack if stack else _check_compose)(document, agencies, keys, server_limits)


def _check_compose(document, agencies, keys, server_limits):
    numbers = range(1, agencies + 1)
    assert set(document) == {"name", "x-confined", "services", "networks", *(["secrets"] * keys)}
    assert document["name"] == "tp0"
    assert list(document["services"]) == ["server", *(f"client{number}" for number in numbers)]
    for name, service in document["services"].items():
        kind = "server" if name == "server" else "client"
        limits = server_limits if kind == "server" else AGENCY_LIMITS
        assert (service["container_name"], service["image"]) == (name, f"{kind}:latest")
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert (service["mem_limit"], service["pids_limit"]) == (f"{limits[0]}m", limits[1])
        assert service["networks"] == ["testing_net"]
    server = document["services"]["server"]
    _check_variables(server, agencies, keys, "SERVER_WINNERS_DELAY")
    assert server["volumes"] == [
        _file("./config/config.ini", "/config.ini"),
        {"type": "${BETS_MOUNT:-volume}", "target": "/data"}]
    assert server["restart"].startswith("on-failure")
    assert server["healthcheck"]["test"] == STATUS
    assert server["healthcheck"]["start_period"] == "60s"
    for number in numbers:
        _check_client(document["services"][f"client{number}"], number, keys)
    secrets = {"agency_keys": {"file": "./.claves/agencies"}} | {
        f"agency_key_{number}": {"file": f"./.claves/agency-{number}"} for number in numbers}
    assert document.get("secrets", {}) == (secrets if keys else {})
    assert list(document["networks"]) == ["testing_net"]
    subnet = _subnet(document["networks"]["testing_net"])
    assert ipaddress.ip_address("172.25.125.0") in subnet
    # The network's, the broadcast, the gateway's, the server's and the echo check's address.
    needed = agencies + 5
    assert subnet.num_addresses >= needed
    assert subnet.prefixlen == 24 or subnet.num_addresses // 2 < needed


def _check_client(service, number, keys):
    environment = dict(entry.partition("=")[::2] for entry in service["environment"])
    assert environment.pop("CLI_ID") == str(number)
    assert environment.pop("CLI_MODE") == ""
    assert re.fullmatch(r"[0-9]{8}", environment.pop("DOCUMENTO"))
    datetime.date.fromisoformat(environment.pop("NACIMIENTO"))
    assert 0 <= int(environment.pop("NUMERO")) <= 9999
    assert environment.pop("NOMBRE") and environment.pop("APELLIDO")
    # Nothing else: a configuration file is not overridden.
    assert environment == ({"CLI_KEY_FILE": "/run/secrets/agency_key"} if keys else {})
    assert service.get("secrets", []) == _secret(f"agency_key_{number}", "agency_key", keys)
    file = f".data/agency-{number}.csv"
    assert service["volumes"] == [_file("./config/config.yaml", "/config.yaml"),
                                  _file("${AGENCY_DATA:-./" + file + "}", f"/{file}")]
    assert service["depends_on"] == {"server": {"condition": "service_healthy"}}


def _check_stack(document, agencies, keys, server_limits):
    assert document["version"] == "3.9" and "name" not in document
    assert list(document["services"]) == ["server"] + ["agencies"] * (agencies > 0)
    for name, service in document["services"].items():
        is_server = name == "server"
        assert not NOT_IN_A_STACK & set(service)
        assert service["networks"] == ["lottery"]
        deploy = service["deploy"]
        limits = server_limits if is_server else AGENCY_LIMITS
        assert deploy["endpoint_mode"] == "dnsrr"
        assert deploy["restart_policy"] == {"condition": "any" if is_server else "on-failure"}
        assert deploy["resources"]["limits"] == {"memory": f"{limits[0]}m", "pids": limits[1]}
        assert deploy.get("replicas") == (None if is_server else agencies)
    server = document["services"]["server"]
    _check_variables(server, agencies, keys)
    assert server["volumes"] == [{"type": "volume", "source": "bets", "target": "/data"}]
    if agencies:
        service = document["services"]["agencies"]
        assert service.get("secrets", []) == _secret("agency_key", "agency_key", keys)
        assert service["environment"] == [
            "CLI_ID={{.Task.Slot}}", *["CLI_KEY_FILE=/run/secrets/agency_key"] * keys]
        assert service["volumes"] == [_mount("./.data", "/.data")]
    network = document["networks"]["lottery"]
    assert (network["driver"], network["driver_opts"]) == ("overlay", {"encrypted": ""})
    assert _subnet(network).num_addresses >= agencies + 64
    assert document.get("secrets", {}) == ({
        "agency_keys": {"file": "./.claves/agencies"},
        "agency_key": {"file": "./.claves/by-slot", "template_driver": "golang"}} if keys else {})
    assert document["volumes"] == {"bets": None}


def _check_variables(server, agencies, keys, *names):
    assert server["environment"] == [
        f"SERVER_AGENCIES={agencies}", *names,
        *["SERVER_AGENCY_KEYS=/run/secrets/agency_keys"] * keys]
    assert server.get("secrets", []) == _secret("agency_keys", "agency_keys", keys)


def _secret(source, target, keys):
    return [{"source": source, "target": target}] if keys else []


def _mount(source, target):
    return {"type": "bind", "source": source, "target": target, "read_only": True}


def _file(source, target):
    return _mount(source, target) | {"bind": {"create_host_path": False}}


def _subnet(network):
    (config,) = network["ipam"]["config"]
    return ipaddress.ip_network(config["subnet"])
