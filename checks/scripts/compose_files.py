"""What the compose file of N agencies must say, and the stack file: what the committed file says of
five, which is for people to read, but for numbers and keys."""

import copy
import datetime
import ipaddress
import json
import re

import yaml
from lottery.checkouts import ROOT

FIVE = yaml.safe_load((ROOT / "docker-compose-dev.yaml").read_text(encoding="utf-8"))
# What `docker stack deploy` refuses or ignores.
NOT_IN_A_STACK = {"container_name", "build", "depends_on", "mem_limit", "pids_limit", "profiles",
                  "restart", "security_opt"}


def check(path, agencies, keys=False, stack=False):
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    # Of the umask under which it was made.
    for service in document["services"].values():
        service.pop("user", None)
    (_check_stack if stack else _check_compose)(document, agencies, keys, max(256, agencies // 2))


def _check_compose(document, agencies, keys, mebibytes):
    numbers = range(1, agencies + 1)
    server = copy.deepcopy(FIVE["services"]["server"])
    server["environment"][0] = f"SERVER_AGENCIES={agencies}"
    server["mem_limit"] = f"{mebibytes}m"
    _add_key(server, keys, "SERVER_AGENCY_KEYS", "agency_keys", "agency_keys")
    assert document["services"].pop("server") == server
    assert list(document["services"]) == [f"client{number}" for number in numbers]
    for number, service in zip(numbers, document["services"].values()):
        first = json.dumps(FIVE["services"]["client1"])
        client = json.loads(re.sub(r"(client|agency-|CLI_ID=)1\b", rf"\g<1>{number}", first))
        # Every agency has another bet.
        client["environment"][2:], bet = [], service["environment"][2:7]
        del service["environment"][2:7]
        _add_key(client, keys, "CLI_KEY_FILE", f"agency_key_{number}", "agency_key")
        assert service == client
        bet = dict(entry.split("=") for entry in bet)
        assert re.fullmatch(r"[0-9]{8}", bet.pop("DOCUMENTO"))
        datetime.date.fromisoformat(bet.pop("NACIMIENTO"))
        assert 0 <= int(bet.pop("NUMERO")) <= 9999
        assert set(bet) == {"NOMBRE", "APELLIDO"} and all(bet.values())
    secrets = {"agency_keys": {"file": "./.claves/agencies"}} | {
        f"agency_key_{number}": {"file": f"./.claves/agency-{number}"} for number in numbers}
    assert document.pop("secrets", {}) == (secrets if keys else {})
    subnet = _subnet(document["networks"]["testing_net"])
    assert ipaddress.ip_address("172.25.125.0") in subnet
    # The network's, the broadcast, the gateway's, the server's and the echo check's address.
    needed = agencies + 5
    assert subnet.num_addresses >= needed
    assert subnet.prefixlen == 24 or subnet.num_addresses // 2 < needed
    assert list(document) == list(FIVE)
    assert document["x-confined"] == FIVE["x-confined"]


def _check_stack(document, agencies, keys, mebibytes):
    assert document["version"] == "3.9" and "name" not in document
    services = document["services"]
    assert list(services) == ["server"] + ["agencies"] * (agencies > 0)
    for name, service in services.items():
        five = FIVE["services"]["server" if name == "server" else "client1"]
        assert not NOT_IN_A_STACK & set(service)
        for key in ("read_only", "cap_drop", "logging", "image"):
            assert service[key] == five[key]
        assert service["networks"] == ["lottery"]
    server_deploy = services["server"].pop("deploy")
    assert server_deploy["resources"]["limits"] == {
        "memory": f"{mebibytes}m", "pids": FIVE["services"]["server"]["pids_limit"]}
    assert server_deploy["restart_policy"] == {"condition": "any"}
    server = {"environment": [f"SERVER_AGENCIES={agencies}"],
              "volumes": [{"type": "volume", "source": "bets", "target": "/data"}]}
    _add_key(server, keys, "SERVER_AGENCY_KEYS", "agency_keys", "agency_keys")
    assert server.items() <= services["server"].items()
    if agencies:
        agency = {"environment": ["CLI_ID={{.Task.Slot}}"],
                  "volumes": [{"type": "bind", "source": "./.data", "target": "/.data",
                               "read_only": True}],
                  "deploy": {"endpoint_mode": "dnsrr", "replicas": agencies,
                             "restart_policy": {"condition": "on-failure"},
                             "resources": {"limits": {"memory": "64m", "pids": 32}}}}
        _add_key(agency, keys, "CLI_KEY_FILE", "agency_key", "agency_key")
        assert agency.items() <= services["agencies"].items()
    network = document["networks"]["lottery"]
    assert (network["driver"], network["driver_opts"]) == ("overlay", {"encrypted": ""})
    assert _subnet(network).num_addresses >= agencies + 64
    assert document.get("secrets", {}) == ({
        "agency_keys": {"file": "./.claves/agencies"},
        "agency_key": {"file": "./.claves/by-slot", "template_driver": "golang"}} if keys else {})
    assert document["volumes"] == {"bets": None}


def _add_key(service, keys, variable, source, target):
    if keys:
        service["environment"] += [f"{variable}=/run/secrets/{target}"]
        service["secrets"] = [{"source": source, "target": target}]


def _subnet(network):
    (config,) = network["ipam"]["config"]
    return ipaddress.ip_network(config["subnet"])
