"""How graders run each exercise: a branch, its images, their configuration, the log they read."""

import contextlib
import json
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
    def mode(self):
        return MODES.get(self.exercise, "lottery")

    def chance(self):
        return random.Random(f"{self.seed} {self.exercise} {self.number}")

    def __str__(self):
        busy = ", busy cores" if self.is_busy else ""
        return f"ej{self.exercise}, round {self.number}, {self.clients} clients{busy}"


def build(project, exercise):
    """Builds the images of a branch, once: no configuration may need another build."""
    handout.switch(project.directory, f"ej{exercise}")
    project.build("server")
    project.build("client")


def play(project, round):
    """Plays a round. Returns the log, and what is wrong by the name of the check."""
    with machine.busy_cores() if round.is_busy else contextlib.nullcontext():
        asked = prepare(project, round)
        if round.exercise == 4:
            return _stop_in_the_middle(project, asked)
        project.compose("up", "-d")
        with project.follow() as follower:
            problems = _read(follower, asked, _checks(round))
            if round.exercise == 3:
                problems |= _check_echo(project, "action: test_echo_server | result: success", 0)
            problems |= _stop(project, follower, asked)
        if round.exercise == 3:
            problems |= _check_echo(project, "action: test_echo_server | result: fail", 1)
    return follower.log, problems


def prepare(project, round):
    """Writes the compose file, the configuration and the bets of a round, and returns them."""
    project.remove()
    chance = round.chance()
    directory = project.directory
    handout.switch(directory, f"ej{round.exercise}")
    project.run("bash", "generar-compose.sh", containers.COMPOSE_FILE, str(round.clients))
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
    asked = looks.Asked(
        round.clients, loop_amount=int(amount), max_amount=max_amount,
        client_config={"server_address": f"server:{port}", "loop_amount": amount,
                       "loop_period": period, "log_level": level})
    if level == "DEBUG":
        asked.server_config = {"port": port, "listen_backlog": "7", "logging_level": level}
    if round.mode == "lottery":
        asked.bets, asked.winners = handout.write_bets(
            directory, round.clients, chance.random())
    elif round.mode == "bet":
        asked.single_bets = _single_bets(project)
    return asked


def _checks(round):
    return {"echo": looks.ECHO, "bet": looks.BET, "lottery": looks.LOTTERY}[round.mode]


def _single_bets(project):
    """Returns the bets in the compose file, as (document, number)."""
    services = json.loads(project.compose("config", "--format", "json"))["services"]
    return [(service["environment"]["DOCUMENTO"], service["environment"]["NUMERO"])
            for name, service in services.items() if name != "server"]


def _read(follower, asked, wanted):
    """Reads until the last client's exit, and checks the log so far.

    In exercise 5 it reads until all bets are there too: their order is open (see `looks.BET`)."""
    def is_over(log):
        exited = {log.lines[place].source for place in log.places("exit", "client")}
        stored = log.places("apuesta_almacenada", "server")
        return exited >= set(asked.names) and len(stored) >= len(asked.single_bets)

    if not follower.read_until(READING_LIMIT, is_over):
        return {"end": f"not within {READING_LIMIT} s"}
    log = follower.log
    problems = _problems(log, asked, [check for check in wanted
                                      if check is not looks.compose_tells_exits])
    if looks.compose_tells_exits in wanted:
        follower.read_until(EXITS_LIMIT, lambda log: len(log.exits()) >= asked.clients)
        problems |= _problems(follower.log, asked, [looks.compose_tells_exits])
    return problems


def _stop_in_the_middle(project, asked):
    """Exercise 4: SIGTERM while all clients send."""
    def all_send(log):
        return all(len(log.places("receive_message", name)) >= 2 for name in asked.names)

    project.compose("up", "-d")
    with project.follow() as follower:
        if not follower.read_until(READING_LIMIT, all_send):
            return follower.log, {"each_line_comes_back": "not all clients send"}
        problems = _stop(project, follower, asked)
    problems |= _problems(follower.log, asked,
                          [looks.each_client_exits_once, looks.each_client_closes,
                           looks.nothing_fails,
                           looks.configuration_is_told, looks.compose_tells_all_exits])
    return follower.log, problems


def _stop(project, follower, asked):
    """Ends everything by SIGTERM."""
    project.compose("stop", "-t", str(GRACE))
    follower.read_until(EXITS_LIMIT, lambda log: ("server", 0) in log.exits())
    problems = _problems(follower.log, asked,
                         [check for check in looks.SIGTERM
                          if check is not looks.compose_tells_all_exits])
    codes = project.exit_codes("server", *asked.names)
    if any(codes):
        problems["exit codes"] = f"of server and clients: {codes}"
    return problems


def _check_echo(project, line, status):
    wrong = [shell for shell in ("sh", "bash") if project.check_echo(shell) != (line, status)]
    return {"validar-echo-server.sh": f"not {line!r} with {wrong}"} if wrong else {}


def _problems(log, asked, wanted):
    found = {check.__name__: check(log, asked) for check in wanted}
    return {name: wrong for name, wrong in found.items() if wrong}
