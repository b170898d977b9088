"""What graders do with the branches to hand in: `make graders` runs it.

Branch by branch, made by scripts/entrega.sh in a repository of its own: the images are built, the
compose file is generated for 1, 3 and 5 clients, the configuration edited, everything started, and
the merged log read line by line until the last client's exit. Every other round keeps all cores
busy, and every third has files for their owner alone. The names of containers are fixed: no other
lottery can be up.
"""

import contextlib
import functools
import json
import os
import random

import pytest

from graders import handout, looks
from lottery import containers, machine
from lottery.checkouts import branches

ROUNDS = 20
CLIENTS = (1, 3, 5)
# Seconds until the last client's exit.
READING_LIMIT = 60
# Further seconds until Compose has reported the exits.
EXITS_LIMIT = 3
# Seconds after SIGTERM until Docker kills a container, which then exits with 137.
GRACE = 2
MODES = {1: "echo", 2: "echo", 3: "echo", 4: "echo", 5: "bet"}
MOUNTS = "{{range .Mounts}}{{.Type}} {{end}}"


@pytest.fixture(scope="module")
def project(request, engine, repository, tmp_path_factory):
    """The branches, in a repository of their own."""
    clone = branches(repository.clone(tmp_path_factory.mktemp("branches") / "clone"))
    delay = request.config.option.delay
    project = containers.Project(clone.top, {"SERVER_WINNERS_DELAY": delay} if delay else {})
    yield project
    project.remove()


@pytest.fixture(scope="module")
def build(project):
    """Provides a function that builds the images of a branch, unless they are the newest ones: no
    configuration may need another build."""
    @functools.lru_cache(maxsize=1)
    def build(exercise):
        handout.switch(project.top, f"ej{exercise}")
        for name in ("server", "client"):
            project.succeed("docker", "build", "-q", "-f", f"./{name}/Dockerfile",
                            "-t", f"{name}:latest", ".")

    return build


@pytest.mark.parametrize("exercise", range(1, 9), ids="ej{}".format)
def test_exercise(request, project, build, tables, exercise, number, tmp_path):
    build(exercise)
    option = request.config.option
    chance = random.Random(f"{option.seed} {exercise} {number}")
    is_busy = number % 2 == 1 and not option.no_load
    with machine.busy_cores() if is_busy else contextlib.nullcontext():
        before = os.umask(0o077 if number % 3 == 1 else 0o022)
        try:
            asked = prepare(project, exercise, CLIENTS[number % len(CLIENTS)], chance)
        finally:
            os.umask(before)
        wrong = play(project, exercise, asked, tmp_path / "merged.log")
    tables("exercise", f"ej{exercise}", {"rounds": 1, "failed": int(bool(wrong))})
    assert wrong == []


def prepare(project, exercise, clients, chance):
    """Writes the compose file, the configuration and the bets of a round, and returns them."""
    project.remove()
    directory = project.top
    handout.switch(directory, f"ej{exercise}")
    project.generate(clients)
    # validar-echo-server.sh asks at the assignment's port.
    port = "12345" if exercise == 3 else chance.choice(["12345", "23456"])
    level = chance.choice(["DEBUG", "INFO"])
    amount = "1000" if exercise == 4 else str(chance.randint(3, 6))
    period = chance.choice(["500ms", "1s"])
    max_amount = chance.choice([5, 10, 50, 100])
    edit = chance.choice([handout.edit_with_sed, handout.edit_with_parsers])
    edit(directory, {"SERVER_PORT": port, "SERVER_LISTEN_BACKLOG": "7", "LOGGING_LEVEL": level},
         {"address": f"server:{port}", "amount": amount, "period": period, "level": level,
          "maxAmount": str(max_amount)})
    asked = looks.Asked(
        MODES.get(exercise, "lottery"), clients, int(amount), max_amount=max_amount)
    asked.configurations["client"] = {"server_address": f"server:{port}", "loop_amount": amount,
                                      "loop_period": period, "log_level": level}
    if level == "DEBUG":
        asked.configurations["server"] = {
            "port": port, "listen_backlog": "7", "logging_level": level}
    if asked.mode == "lottery":
        asked.bets, asked.winners = handout.write_bets(directory, clients, chance)
    elif asked.mode == "bet":
        services = json.loads(project.compose("config", "--format", "json"))["services"]
        environments = [services[name]["environment"] for name in asked.names]
        asked.single_bets = [(own["DOCUMENTO"], own["NUMERO"]) for own in environments]
    return asked


def play(project, exercise, asked, log):
    """Plays a round. Returns what is wrong."""
    project.compose("up", "-d")
    with project.follow(log) as follower:
        wrong = [*(_read_until_all_send if exercise == 4 else _read)(follower, asked)]
        if exercise == 3:
            wrong += _check_echo(project, "action: test_echo_server | result: success", 0)
        project.compose("stop", "-t", str(GRACE))
        follower.read_until(EXITS_LIMIT, lambda log: ("server", 0) in log.exits())
        wrong += looks.how_the_server_ends(follower.log)
        if exercise == 4:
            wrong += looks.how_clients_end(follower.log, asked)
            wrong += looks.exits(follower.log, [*asked.names, "server"])
    codes = project.exit_codes("server", *asked.names)
    if any(codes):
        wrong.append(f"exit codes of server and clients: {codes}")
    if "volume" in project.inspect(MOUNTS, "server")[0]:
        wrong.append("a volume, which graders do not remove")
    if exercise == 3:
        wrong += _check_echo(project, "action: test_echo_server | result: fail", 1)
    return wrong


def _read(follower, asked):
    """Reads until the last client's exit, and checks the log so far.

    In exercise 5 it reads until all bets are there too, because their order is open. Compose does
    not report the exit of a client that has exited before it attaches."""
    def is_over(log):
        exited = {log.lines[place].source for place in log.places("exit", "client")}
        stored = log.places("apuesta_almacenada", "server")
        return exited >= set(asked.names) and len(stored) >= len(asked.single_bets)

    if not follower.read_until(READING_LIMIT, is_over):
        return [f"not all clients exit within {READING_LIMIT} s"]
    wrong = [*looks.until_the_last_exit(follower.log, asked)]
    if asked.mode == "bet":
        return wrong
    follower.read_until(EXITS_LIMIT, lambda log: len(log.exits()) >= asked.clients)
    return [*wrong, *looks.exits(follower.log, asked.names)]


def _read_until_all_send(follower, asked):
    """Exercise 4, in which SIGTERM ends the clients."""
    all_send = follower.read_until(READING_LIMIT, lambda log: all(
        len(log.places("receive_message", name)) >= 2 for name in asked.names))
    return [] if all_send else ["not all clients send"]


def _check_echo(project, line, status):
    wrong = [shell for shell in ("sh", "bash") if project.check_echo(shell) != (line, status)]
    return [f"validar-echo-server.sh: not {line!r} with {wrong}"] if wrong else []
