"""Docker and Compose, used as graders use them."""

import contextlib
import os
import re
import subprocess
import time

import pytest

from lottery import store
from lottery.bets import Bets
from lottery.checkouts import Checkout
from lottery.log import Log, parse_merged
from lottery.processes import Deadline, Process

COMPOSE_FILE = "docker-compose-dev.yaml"
# What would override the .env of a branch.
SETTINGS = ("CLI_MODE", "AGENCY_DATA", "SERVER_WINNERS_DELAY", "BETS_MOUNT")


class Project(Checkout):
    """A checkout with the lottery of its compose file."""

    def __init__(self, top, settings={}):
        super().__init__(top)
        self.environment = {key: value for key, value in os.environ.items()
                            if key not in SETTINGS and not key.startswith("GIT_")} | settings

    def compose(self, *command):
        return self.succeed("docker", "compose", "-f", COMPOSE_FILE, *command)

    def remove(self):
        """Ends the lottery, if there is one, and removes its data."""
        self.compose("down", "-v", "-t", "1", "--remove-orphans")

    def generate(self, agencies, *options):
        """Writes the compose file."""
        self.succeed("bash", "generar-compose.sh", *options, COMPOSE_FILE, agencies, umask=-1)

    def make_bets(self, agencies, rows):
        """Makes up bets in the place of those that are there."""
        for path in self.top.glob(".data/*.csv"):
            path.unlink()
        self.succeed("sh", "scripts/generate-data.sh", ".data", agencies, rows)

    @property
    def bets(self):
        return Bets(self.top / ".data")

    def inspect(self, template, *containers):
        """Returns what Docker knows of each container, in a line for each."""
        return self.succeed("docker", "inspect", "-f", template, *containers).splitlines()

    def exit_codes(self, *containers):
        return list(map(int, self.inspect("{{.State.ExitCode}}", *containers)))

    def statuses(self, *containers):
        """Waits for their end, and returns their exit statuses."""
        return list(map(int, self.succeed("timeout", "120", "docker", "wait", *containers).split()))

    def log(self, container):
        return Log.of(self.succeed("sh", "-c", 'docker logs "$0" 2>&1', container))

    def wait(self, condition, what, seconds=60):
        Deadline(seconds).wait(condition, what, pause=0.2)

    def received(self):
        """Returns the number of bets that the server has logged."""
        return sum(map(int, self.log("server").values("cantidad", "apuesta_recibida")))

    def crash(self):
        """Kills the server, as no process of its container could: it is the first of them."""
        (pid,) = self.inspect("{{.State.Pid}}", "server")
        self.succeed("docker", "run", "--rm", "--pid", "host", "busybox:latest", "kill", "-9", pid)

    def check_results(self, directory, server="server", log=None):
        """Checks that the server holds each bet once and in order, and that each agency was told
        its winners. `directory` is for a copy of the bets."""
        bets = self.bets
        directory.mkdir(exist_ok=True)
        for name in store.FILES:
            self.succeed("docker", "cp", "-q", f"{server}:/data/{name}", directory / name)
        store.check_bets(directory, bets, complete=True)
        for agency, own in bets.by_agency.items():
            told = (log or self.log)(f"client{agency}").values(
                "cant_ganadores", "consulta_ganadores")
            store.check_told(agency, list(map(int, told)), len(own.winning))

    @contextlib.contextmanager
    def follow(self, log):
        """Provides a reader of the merged log from its beginning, which goes into a file."""
        process = Process(["docker", "compose", "-f", self.top / COMPOSE_FILE, "logs", "-f"],
                          {}, log, error=subprocess.DEVNULL)
        yield Follower(process)
        process.kill()

    def check_echo(self, shell):
        """Returns the line of validar-echo-server.sh, and its exit status."""
        done = self.run(shell, "validar-echo-server.sh")
        return done.stdout.strip(), done.returncode


class Follower:
    """`docker compose logs -f`, read line by line."""

    def __init__(self, process):
        self.process = process
        self.log = Log([])

    def read_until(self, seconds, is_enough):
        """Reads on until the log is enough, for so many seconds at most. Returns whether it is."""
        deadline = Deadline(seconds)
        while not is_enough(self.log) and deadline.left():
            time.sleep(0.02)
            # A last line may not be whole.
            lines = self.process.text().split("\n")[:-1]
            self.log.lines += map(parse_merged, lines[len(self.log.lines):])
        return is_enough(self.log)


@pytest.fixture(scope="session")
def engine():
    """An engine that answers, and no lottery: containers have fixed names, so there is room for
    one."""
    found = subprocess.run(["docker", "ps", "-a", "--format", "{{.Names}}"], capture_output=True,
                           text=True)
    assert found.returncode == 0, "Docker does not answer"
    assert not re.search("^(server|client[0-9]+)$", found.stdout, re.MULTILINE), (
        "a lottery is up already: make docker-compose-down")


@pytest.fixture(scope="session")
def tree(engine, repository, tmp_path_factory):
    """The lottery of a clone, in images of its own."""
    tree = Project(repository.clone(tmp_path_factory.mktemp("tree") / "clone").top)
    tree.succeed("make", "docker-image")
    yield tree
    tree.remove()


@pytest.fixture
def project(tree):
    """The same as it was committed, and not up."""
    tree.git("checkout", "-q", ".")
    tree.git("clean", "-fdxq")
    yield tree
    tree.remove()
