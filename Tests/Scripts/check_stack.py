"""check_stack.py FILE N [--claves]: whether FILE is the stack file of a lottery with N agencies."""

import ipaddress
import sys

import yaml

# What `docker stack deploy` refuses, or ignores although somebody may rely on it.
NOT_OF_A_STACK = {
    "container_name", "build", "depends_on", "mem_limit", "pids_limit", "profiles", "restart",
    "security_opt", "ports",
}


def check_service(service, memory, pids):
    assert not NOT_OF_A_STACK & set(service), service
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"], service
    assert service["networks"] == ["lottery"]
    assert service["logging"]["options"] == {"max-size": "64m", "max-file": "4"}, service
    deploy = service["deploy"]
    assert deploy["endpoint_mode"] == "dnsrr"
    assert deploy["resources"]["limits"] == {"memory": f"{memory}m", "pids": pids}, deploy


def check_secret(service, source, target, keys):
    secrets = [{"source": source, "target": target}] if keys else []
    assert service.get("secrets", []) == secrets, service


def check_server(server, agencies, keys):
    check_service(server, max(256, agencies // 2), min(max(64, agencies + 32), 320))
    check_secret(server, "agency_keys", "agency_keys", keys)
    variables = [f"SERVER_AGENCIES={agencies}"]
    variables += ["SERVER_AGENCY_KEYS=/run/secrets/agency_keys"] * keys
    assert server["environment"] == variables, server["environment"]
    assert server["volumes"] == [{"type": "volume", "source": "bets", "target": "/data"}]
    assert server["deploy"]["restart_policy"] == {"condition": "any"}
    assert "replicas" not in server["deploy"]


def check_agencies(service, agencies, keys):
    check_service(service, 64, 32)
    check_secret(service, "agency_key", "agency_key", keys)
    variables = ["CLI_ID={{.Task.Slot}}"] + ["CLI_KEY_FILE=/run/secrets/agency_key"] * keys
    assert service["environment"] == variables, service["environment"]
    (data,) = service["volumes"]
    assert data == {"type": "bind", "source": "./.data", "target": "/.data", "read_only": True}
    assert service["deploy"]["restart_policy"] == {"condition": "on-failure"}
    assert service["deploy"]["replicas"] == agencies


def main(path, agencies, keys):
    with open(path, encoding="utf-8") as file:
        stack = yaml.safe_load(file)
    assert stack["version"] == "3.9" and "name" not in stack
    services = stack["services"]
    assert list(services) == ["server"] + ["agencies"] * (agencies > 0), list(services)
    check_server(services["server"], agencies, keys)
    if agencies > 0:
        check_agencies(services["agencies"], agencies, keys)
    network = stack["networks"]["lottery"]
    assert network["driver"] == "overlay" and network["driver_opts"] == {"encrypted": ""}
    (config,) = network["ipam"]["config"]
    assert ipaddress.ip_network(config["subnet"]).num_addresses >= agencies + 64, config
    secrets = {
        "agency_keys": {"file": "./.claves/agencies"},
        "agency_key": {"file": "./.claves/by-slot", "template_driver": "golang"},
    }
    assert stack.get("secrets", {}) == (secrets if keys else {}), stack
    assert stack["volumes"] == {"bets": None}


main(sys.argv[1], int(sys.argv[2]), sys.argv[3:] == ["--claves"])
