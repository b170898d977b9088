"""What graders look for in a merged log, and what was asked of the lottery.

Each look yields what is wrong, in a line each. The order of lines is the order of reading, also
across containers.
"""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Asked:
    """What a round asked for. Lists are in the order of the agencies."""

    mode: str
    clients: int
    # Lines that each client sends in the mode `echo`.
    loop_amount: int = 0
    # The bet of each agency in the mode `bet`, as (document, number).
    single_bets: list = ()
    # In the mode `lottery`: how many bets an agency has, and how many winners.
    bets: list = ()
    winners: list = ()
    max_amount: int = 1
    # What must stand in the lines that tell the configuration, by "server" and "client".
    configurations: dict = field(default_factory=dict)

    @property
    def names(self):
        return [f"client{number}" for number in range(1, self.clients + 1)]

    def messages(self, number):
        return [f"[CLIENT {number}] Message N°{k}" for k in range(1, self.loop_amount + 1)]

    def values(self):
        """Yields a source, an action, a field of it, and the values that this source must log."""
        for number, name in enumerate(self.names, 1):
            if self.mode == "echo":
                yield name, "receive_message", "msg", self.messages(number)
                yield name, "loop_finished", "client_id", [str(number)]
            elif self.mode == "bet":
                for key, value in zip(("dni", "numero"), self.single_bets[number - 1]):
                    yield name, "apuesta_enviada", key, [value]
            else:
                yield name, "consulta_ganadores", "cant_ganadores", [self.winners[number - 1]]
        if self.mode == "bet":
            for key, values in zip(("dni", "numero"), zip(*self.single_bets)):
                yield "server", "apuesta_almacenada", key, values
        elif self.mode == "lottery":
            yield "server", "sorteo", "result", ["success"]
            # Only the last batch of an agency is shorter than `batch.maxAmount`.
            yield "server", "apuesta_recibida", "cantidad", [
                str(min(self.max_amount, count - start)) for count in self.bets
                for start in range(0, count, self.max_amount)]

    def order(self, log):
        """Yields what comes first, and its places and those of what comes after it.

        Not in the mode `bet`: a bet takes some 10 ms, so its client has exited before Compose
        attaches, and the logs of server and client come in any order."""
        exits = log.places("exit", "client")
        if self.mode == "echo":
            for number, name in enumerate(self.names, 1):
                for message in self.messages(number):
                    yield (message, log.places("receive_message", "server", msg=message),
                           log.places("exit", name))
        elif self.mode == "lottery":
            received, drawn = (
                log.places(action, "server") for action in ("apuesta_recibida", "sorteo"))
            yield "apuesta_recibida", received, exits
            yield "apuesta_recibida", received, drawn
            yield "sorteo", drawn, log.places("consulta_ganadores", "client")


def until_the_last_exit(log, asked):
    """All that the mode is for."""
    yield from how_clients_end(log, asked)
    for source, action, key, wanted in asked.values():
        got = log.values(key, action, source)
        # The server serves its clients in any order.
        if Counter(got) != Counter(wanted) or source != "server" and got != wanted:
            yield f"{source}: {action}: wanted {key} {wanted}, got {got}"
    yield from _disorder(asked.order(log))


def how_clients_end(log, asked):
    """In each mode, and if SIGTERM ends them: nothing fails, the programs log what the graders
    configured, and each client closes what it has open and exits once."""
    yield from (line.text for line in log.lines if line.result == "fail")
    for source, wanted in asked.configurations.items():
        told = [line for line in log.lines
                if line.action == "config" and line.source.startswith(source)]
        yield from (f"{line.text}: wanted {wanted}" for line in told
                    if not wanted.items() <= line.fields.items())
        if not told:
            yield f"no configuration of {source}"
    for name in asked.names:
        exits = log.places("exit", name)
        if len(exits) != 1:
            yield f"{name}: {len(exits)} exits"
        for action in ["close_socket"] + ["close_file"] * (asked.mode == "lottery"):
            yield from _disorder([(f"{name}: {action}", log.places(action, name), exits)])


def exits(log, names):
    """Compose reports that these containers exited with code 0."""
    got = {(name, code) for name, code in log.exits() if name in names}
    if got != {(name, 0) for name in names}:
        yield f"Compose reports {got}"


def how_the_server_ends(log):
    """It has accepted as in the skeleton: it waits for a connection, accepts it, and waits again.
    It closes everything, for each connection the socket and then the worker, and exits once."""
    accepts = [line.result for line in log.lines
               if line.source == "server" and line.action == "accept_connections"]
    if not accepts or accepts != (["in_progress", "success"] * len(accepts))[:len(accepts)]:
        yield f"accept_connections: {accepts}"
    ended = log.places("exit", "server")
    if len(ended) != 1:
        yield f"server: {len(ended)} exits"
    for action, fields in (
            ("close_socket", {"socket": "listener"}), ("close_workers", {}),
            ("close_worker", {"worker": "draw"}), ("close_file", {"file": "bets.csv"}),
            ("close_file", {"file": "finished.csv"}), ("close_directory", {})):
        places = log.places(action, "server", **fields)
        yield from _disorder([(f"{action} {fields}", places, ended)])
    open_workers = Counter()
    for line in log.lines:
        if line.source == "server" and "ip" in line.fields:
            address = line.fields["ip"]
            open_workers[address] += {"close_socket": 1, "close_worker": -1}.get(line.action, 0)
            if open_workers[address] < 0:
                yield f"{line.text}: before its socket"
    if +open_workers:
        yield f"sockets without a worker's end: {+open_workers}"


def _disorder(order):
    """Yields what is missing, or does not come before all that it must come before."""
    for what, earlier, later in order:
        if not earlier:
            yield f"{what}: missing"
        elif later and max(earlier) > min(later):
            yield f"{what}: too late"
