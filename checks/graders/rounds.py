"""How graders run each exercise: a branch, its images, their configuration, the log they read."""

import contextlib
import json
import os
import random
from dataclasses import dataclass

from graders import handout, looks
from lottery import containers, machine

CLIENTS = (1, 3, 5)
# Seconds until the last client's exit.
READING_LIMIT = 60
# Further seconds until Compose has reported the exits.
EXITS_LIMIT = 3
# Seconds after SIGTERM until Docker kills a container, which then exits with 137.
GRACE = 2
MODES = {1: "echo", 2: "echo", 3: "echo", 4: "echo", 5: "bet"}
MOUNTS = "{{range .Mounts}}{{.Type}} {{end}}"


@dataclass(frozen=True)
class Round:
    """A round. Its random choices depend only on the seed, the exercise and its number."""

    exercise: int
    number: int
    seed: int
    # Whether every other round keeps the cores busy.
    with_load: bool = True

    @property
    def clients(self):
        return CLIENTS[self.number % len(CLIENTS)]

    @property
    def is_busy(self):
        return self.with_load and self.number % 2 == 1

    @property
    def umask(self):
        """Every third round's files are for their owner alone."""
        return 0o077 if self.number % 3 == 1 else 0o022

    @property
    def mode(self):
        return MODES.get(self.exercise, "lottery")

    def __str__(self):
        busy = ", busy cores" if self.is_busy else ""
        return (f"ej{self.exercise}, round {self.number}, {self.clients} clients, "
                f"umask {self.umask:03o}{busy}")


def build(project, exercise):
    """Builds the images of a branch, once: no configuration may need another build."""
    handout.switch(project.directory, f"ej{exercise}")
    project.build("server")
    project.build("client")


def play(project, round, directory):
    """Plays a round. Returns what is wrong."""
    before = os.umask(round.umask)
    with machine.busy_cores() if round.is_busy else contextlib.nullcontext():
        try:
            asked = prepare(project, round)
        finally:
            os.umask(before)
        project.compose("up", "-d")
        with project.follow(directory / "merged.log") as follower:
            wrong = [*(_read_until_all_send if round.exercise == 4 else _read)(follower, asked)]
            if round.exercise == 3:
                wrong += _check_echo(project, "action: test_echo_server | result: success", 0)
            project.compose("stop", "-t", str(GRACE))
            follower.read_until(EXITS_LIMIT, lambda log: ("server", 0) in log.exits())
            wrong += looks.how_the_server_ends(follower.log)
            if round.exercise == 4:
                wrong += looks.how_clients_end(follower.log, asked)
                wrong += looks.exits(follower.log, [*asked.names, "server"])
        codes = project.exit_codes("server", *asked.names)
        if any(codes):
            wrong.append(f"exit codes of server and clients: {codes}")
        if "volume" in project.inspect(MOUNTS, "server")[0]:
            wrong.append("a volume, which graders do not remove")
        if round.exercise == 3:
            wrong += _check_echo(project, "action: test_echo_server | result: fail", 1)
    return wrong


def prepare(project, round):
    """Writes the compose file, the configuration and the bets of a round, and returns them."""
    project.remove()
    chance = random.Random(f"{round.seed} {round.exercise} {round.number}")
    directory = project.directory
    handout.switch(directory, f"ej{round.exercise}")
    project.generate(round.clients)
    # validar-echo-server.sh asks at the assignment's port.
    port = "12345" if round.exercise == 3 else chance.choice(["12345", "23456"])
    level = chance.choice(["DEBUG", "INFO"])
    amount = "1000" if round.exercise == 4 else str(chance.randint(3, 6))
    period = chance.choice(["500ms", "1s"])
    max_amount = chance.choice([5, 10, 50, 100])
    edit = chance.choice([handout.edit_with_sed, handout.edit_with_parsers])
    edit(directory, {"SERVER_PORT": port, "SERVER_LISTEN_BACKLOG": "7", "LOGGING_LEVEL": level},
         {"address": f"server:{port}", "amount": amount, "period": period, "level": level,
          "maxAmount": str(max_amount)})
    asked = looks.Asked(round.mode, round.clients, int(amount), max_amount=max_amount)
    asked.configurations["client"] = {"server_address": f"server:{port}", "loop_amount": amount,
                                      "loop_period": period, "log_level": level}
    if level == "DEBUG":
        asked.configurations["server"] = {
            "port": port, "listen_backlog": "7", "logging_level": level}
    if round.mode == "lottery":
        asked.bets, asked.winners = handout.write_bets(
            directory, round.clients, chance.random())
    elif round.mode == "bet":
        services = json.loads(project.compose("config", "--format", "json"))["services"]
        environments = [services[name]["environment"] for name in asked.names]
        asked.single_bets = [(own["DOCUMENTO"], own["NUMERO"]) for own in environments]
    return asked


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
