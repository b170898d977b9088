"""check_compose.py FILE N [--claves] [--stack]: whether FILE is the compose file of N agencies, or
the stack file, whose keys are next to it."""

import datetime
import ipaddress
import re
import sys

import yaml

LOGGING = {"driver": "json-file", "options": {"max-size": "64m", "max-file": "4"}}
CHECK_STATUS = ["CMD", "/lottery-server", "--config", "/config.ini", "--status"]
# What `docker stack deploy` refuses or ignores.
NOT_IN_A_STACK = {
    "container_name", "build", "depends_on", "mem_limit", "pids_limit", "profiles", "restart",
    "security_opt",
}


def equal(got, wanted):
    assert got == wanted, f"{got}, wanted {wanted}"


def mount(source, target):
    return {"type": "bind", "source": source, "target": target, "read_only": True}


class ComposeFile:
    """What both kinds of file have in common."""

    def __init__(self, document, agencies, keys):
        self.document, self.agencies, self.keys = document, agencies, keys
        self.services = document["services"]
        # Of the server: mebibytes and processes.
        self.server_limits = max(256, agencies // 2), min(max(64, agencies + 32), 320)

    def check_confined(self, service):
        equal((service["read_only"], service["cap_drop"]), (True, ["ALL"]))
        equal(service["logging"], LOGGING)
        assert "ports" not in service, service

    def check_secret(self, service, source, target):
        secrets = [{"source": source, "target": target}] if self.keys else []
        equal(service.get("secrets", []), secrets)

    def check_secrets(self, secrets):
        equal(self.document.get("secrets", {}), secrets if self.keys else {})

    def check_server(self, service, *variables):
        variables = [f"SERVER_AGENCIES={self.agencies}", *variables]
        variables += ["SERVER_AGENCY_KEYS=/run/secrets/agency_keys"] * self.keys
        equal(service["environment"], variables)
        self.check_secret(service, "agency_keys", "agency_keys")


class Compose(ComposeFile):
    """A file for Docker Compose."""

    def check(self):
        parts = {"name", "x-confined", "services", "networks", *(["secrets"] * self.keys)}
        equal(set(self.document), parts)
        equal(self.document["name"], "tp0")
        numbers = range(1, self.agencies + 1)
        equal(list(self.services), ["server", *(f"client{number}" for number in numbers)])
        self.check_server(self.services["server"])
        for number in numbers:
            self.check_client(self.services[f"client{number}"], number)
        files = {"agency_keys": "./.claves/agencies"} | {
            f"agency_key_{number}": f"./.claves/agency-{number}" for number in numbers}
        self.check_secrets({name: {"file": file} for name, file in files.items()})
        self.check_network()

    def check_service(self, service, name, image, limits):
        self.check_confined(service)
        equal((service["container_name"], service["image"]), (name, image))
        equal(service["security_opt"], ["no-new-privileges:true"])
        equal((service["mem_limit"], service["pids_limit"]), (f"{limits[0]}m", limits[1]))
        equal(service["networks"], ["testing_net"])

    def check_mount(self, got, source, target):
        equal(got, mount(source, target) | {"bind": {"create_host_path": False}})

    def check_server(self, service):
        self.check_service(service, "server", "server:latest", self.server_limits)
        super().check_server(service, "SERVER_WINNERS_DELAY")
        config, data = service["volumes"]
        self.check_mount(config, "./config/config.ini", "/config.ini")
        equal(data, {"type": "${BETS_MOUNT:-volume}", "target": "/data"})
        assert service["restart"].startswith("on-failure")
        equal(service["healthcheck"]["test"], CHECK_STATUS)
        equal(service["healthcheck"]["start_period"], "60s")

    def check_client(self, service, number):
        self.check_service(service, f"client{number}", "client:latest", (64, 32))
        environment = dict(entry.partition("=")[::2] for entry in service["environment"])
        equal(environment.pop("CLI_ID"), str(number))
        equal(environment.pop("CLI_MODE"), "")
        assert re.fullmatch(r"[0-9]{8}", environment.pop("DOCUMENTO"))
        datetime.date.fromisoformat(environment.pop("NACIMIENTO"))
        assert 0 <= int(environment.pop("NUMERO")) <= 9999
        assert environment.pop("NOMBRE") and environment.pop("APELLIDO")
        # Nothing else: a configuration file is not overridden.
        equal(environment, {"CLI_KEY_FILE": "/run/secrets/agency_key"} if self.keys else {})
        self.check_secret(service, f"agency_key_{number}", "agency_key")
        config, data = service["volumes"]
        self.check_mount(config, "./config/config.yaml", "/config.yaml")
        file = f".data/agency-{number}.csv"
        self.check_mount(data, "${AGENCY_DATA:-./" + file + "}", f"/{file}")
        equal(service["depends_on"], {"server": {"condition": "service_healthy"}})

    def check_network(self):
        equal(list(self.document["networks"]), ["testing_net"])
        (config,) = self.document["networks"]["testing_net"]["ipam"]["config"]
        subnet = ipaddress.ip_network(config["subnet"])
        assert ipaddress.ip_address("172.25.125.0") in subnet
        # The network's, the broadcast, the gateway's, the server's and the echo check's address.
        needed = self.agencies + 5
        assert subnet.num_addresses >= needed, subnet
        assert subnet.prefixlen == 24 or subnet.num_addresses // 2 < needed, subnet


class Stack(ComposeFile):
    """A file for a swarm."""

    def check(self):
        assert self.document["version"] == "3.9" and "name" not in self.document
        equal(list(self.services), ["server"] + ["agencies"] * (self.agencies > 0))
        self.check_server(self.services["server"])
        if self.agencies > 0:
            self.check_agencies(self.services["agencies"])
        network = self.document["networks"]["lottery"]
        equal((network["driver"], network["driver_opts"]), ("overlay", {"encrypted": ""}))
        (config,) = network["ipam"]["config"]
        subnet = ipaddress.ip_network(config["subnet"])
        assert subnet.num_addresses >= self.agencies + 64, subnet
        self.check_secrets({
            "agency_keys": {"file": "./.claves/agencies"},
            "agency_key": {"file": "./.claves/by-slot", "template_driver": "golang"}})
        equal(self.document["volumes"], {"bets": None})

    def check_service(self, service, restart, limits):
        self.check_confined(service)
        assert not NOT_IN_A_STACK & set(service), service
        equal(service["networks"], ["lottery"])
        deploy = service["deploy"]
        equal(deploy["endpoint_mode"], "dnsrr")
        equal(deploy["restart_policy"], {"condition": restart})
        equal(deploy["resources"]["limits"], {"memory": f"{limits[0]}m", "pids": limits[1]})

    def check_server(self, service):
        self.check_service(service, "any", self.server_limits)
        super().check_server(service)
        equal(service["volumes"], [{"type": "volume", "source": "bets", "target": "/data"}])
        assert "replicas" not in service["deploy"]

    def check_agencies(self, service):
        self.check_service(service, "on-failure", (64, 32))
        self.check_secret(service, "agency_key", "agency_key")
        equal(service["environment"], ["CLI_ID={{.Task.Slot}}"]
              + ["CLI_KEY_FILE=/run/secrets/agency_key"] * self.keys)
        equal(service["volumes"], [mount("./.data", "/.data")])
        equal(service["deploy"]["replicas"], self.agencies)


def main(path, agencies, *options):
    with open(path, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    kind = Stack if "--stack" in options else Compose
    kind(document, int(agencies), "--claves" in options).check()


main(*sys.argv[1:])
