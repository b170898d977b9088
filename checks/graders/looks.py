"""What graders look for in a merged log.

Each check takes the log up to the last client's exit and what was asked of the lottery. It returns
what is wrong, in one line, or None. The order of lines is the order of reading, also across
containers.
"""

from collections import Counter
from dataclasses import dataclass


@dataclass
class Asked:
    """What a round asked for."""

    clients: int
    # Lines that each client sends in the mode `echo`.
    loop_amount: int = 0
    # Of each agency, in the order of their numbers.
    bets: tuple = ()
    winners: tuple = ()
    max_amount: int = 1
    # The bet of each agency, as (document, number).
    single_bets: tuple = ()
    # What must stand in the lines that tell the configuration.
    server_config: dict | None = None
    client_config: dict | None = None

    @property
    def names(self):
        return [f"client{number}" for number in range(1, self.clients + 1)]


def each_client_exits_once(log, asked):
    """Each client logs its exit, once."""
    return _differ(Counter(asked.names),
                   Counter(log.lines[place].source for place in log.places("exit", "client")))


def compose_tells_exits(log, asked):
    """Compose reports each client's exit, with code 0."""
    return _differ(Counter((name, 0) for name in asked.names),
                   Counter(exit for exit in log.exits() if exit[0] != "server"))


def nothing_fails(log, asked):
    """No line reports a failure."""
    failed = [line.text for line in log.lines if line.result == "fail"]
    return failed[0] if failed else None


def configuration_is_told(log, asked):
    """The programs log the values that the graders wrote."""
    for source, wanted in (("server", asked.server_config), ("client", asked.client_config)):
        places = log.places("config", source)
        if wanted and not places:
            return f"no configuration of {source}"
        for place in places:
            told = log.lines[place].fields
            if wanted and {key: told.get(key) for key in wanted} != wanted:
                return f"{log.lines[place].text}: wanted {wanted}"
    return None


# Exercises 1 to 4

def each_line_comes_back(log, asked):
    """Each client gets its lines, in their order, once."""
    for number, name in enumerate(asked.names, 1):
        wanted = [f"[CLIENT {number}] Message N°{k}" for k in range(1, asked.loop_amount + 1)]
        if wrong := _differ(wanted, log.values("msg", "receive_message", name)):
            return f"{name}: {wrong}"
    return None


def each_loop_finishes(log, asked):
    """Each client logs the end of its loop, once, with its number."""
    wanted = {name: [str(number)] for number, name in enumerate(asked.names, 1)}
    return _differ(wanted, {name: log.values("client_id", "loop_finished", name)
                            for name in asked.names})


def server_receives_before_exit(log, asked):
    """The server has logged a client's lines before the client exits."""
    for number, name in enumerate(asked.names, 1):
        for k in range(1, asked.loop_amount + 1):
            message = f"[CLIENT {number}] Message N°{k}"
            if wrong := _first(log.places("receive_message", "server", msg=message),
                               log.places("exit", name), f"exit of {name}"):
                return wrong
    return None


# Exercise 5

def each_bet_is_stored(log, asked):
    """The server logs each bet as stored, once."""
    return _differ(Counter(asked.single_bets), _bets(log, "apuesta_almacenada", "server"))


def each_bet_is_sent(log, asked):
    """Each client logs its bet, once."""
    return _differ(Counter(asked.single_bets), _bets(log, "apuesta_enviada", "client"))


# Exercises 6 to 8

def batches_are_full(log, asked):
    """Only the last batch of an agency is shorter than `batch.maxAmount`."""
    wanted = Counter()
    for count in asked.bets:
        full, rest = divmod(count, asked.max_amount)
        wanted += Counter([str(asked.max_amount)] * full + [str(rest)] * bool(rest))
    return _differ(wanted, Counter(log.values("cantidad", "apuesta_recibida", "server")))


def received_before_exits(log, asked):
    """All batches are received before the first client exits."""
    return _first(log.places("apuesta_recibida", "server"), log.places("exit", "client"),
                  "a client's exit")


def draw_is_held_once(log, asked):
    """There is one draw."""
    return _differ(1, len(log.places("sorteo", "server")))


def draw_before_winners(log, asked):
    """The draw comes before any client's winners."""
    return _first(log.places("sorteo", "server"), log.places("consulta_ganadores", "client"),
                  "consulta_ganadores")


def no_bet_after_the_draw(log, asked):
    """No batch is received after the draw."""
    return _first(log.places("apuesta_recibida", "server"), log.places("sorteo", "server"),
                  "sorteo")


def winners_are_right(log, asked):
    """Each client logs the number of its agency's winners, once."""
    wanted = {name: [str(count)] for name, count in zip(asked.names, asked.winners)}
    return _differ(wanted, {name: log.values("cant_ganadores", "consulta_ganadores", name)
                            for name in asked.names})


# SIGTERM

def everything_is_closed(log, asked):
    """The server closes everything, logs that, and exits last."""
    wanted = [log.places("close_socket", "server", socket="listener"),
              log.places("close_workers", "server"),
              log.places("close_worker", "server", worker="draw"),
              log.places("close_file", "server", file="bets.csv"),
              log.places("close_file", "server", file="finished.csv"),
              log.places("close_directory", "server")]
    if not all(wanted):
        return "something is not told to be closed"
    return _first([place for places in wanted for place in places], log.places("exit", "server"),
                  "the server's exit")


def each_worker_ends_after_its_socket(log, asked):
    """The server logs for each connection that its socket is closed, and then its worker."""
    open_workers = Counter()
    for line in log.lines:
        if line.source == "server" and "ip" in line.fields:
            address = line.fields["ip"]
            open_workers[address] += {"close_socket": 1, "close_worker": -1}.get(line.action, 0)
            if open_workers[address] < 0:
                return f"{line.text}: before its socket"
    return _differ(Counter(), +open_workers)


def each_client_closes(log, asked):
    """Each client closes its socket, and its file if it has one, before it exits."""
    wanted = ["close_socket", *(["close_file"] if asked.bets else [])]
    for action in wanted:
        for name in asked.names:
            if wrong := _first(log.places(action, name), log.places("exit", name),
                               f"exit of {name}"):
                return f"{action}: {wrong}"
    return None


def each_accept_is_waited_for(log, asked):
    """As in the skeleton: the server waits for a connection, accepts it, and waits again."""
    results = [line.result for line in log.lines
               if line.source == "server" and line.action == "accept_connections"]
    wanted = ["in_progress", "success"] * (len(results) // 2 + 1)
    return None if results and results == wanted[:len(results)] else f"got {results}"


def compose_tells_all_exits(log, asked):
    """Compose reports the exit of all containers, with code 0."""
    return _differ({(name, 0) for name in [*asked.names, "server"]}, set(log.exits()))


ECHO = (each_client_exits_once, compose_tells_exits, nothing_fails, configuration_is_told,
        each_line_comes_back, each_loop_finishes, server_receives_before_exit)
# A bet takes some 10 ms: its client has exited before Compose attaches. Then Compose does not
# report the exit, and prints the logs of server and client in any order.
BET = (each_client_exits_once, nothing_fails, configuration_is_told, each_bet_is_stored,
       each_bet_is_sent)
LOTTERY = (each_client_exits_once, each_client_closes, compose_tells_exits, nothing_fails,
           configuration_is_told, batches_are_full, received_before_exits, draw_is_held_once,
           draw_before_winners, no_bet_after_the_draw, winners_are_right)
SIGTERM = (everything_is_closed, each_worker_ends_after_its_socket, each_accept_is_waited_for)
# Exercise 4, in which the clients do not end by themselves.
STOPPED = (each_client_exits_once, each_client_closes, nothing_fails, configuration_is_told,
           compose_tells_all_exits)


def _bets(log, action, source):
    return Counter(zip(log.values("dni", action, source), log.values("numero", action, source)))


def _differ(wanted, got):
    return None if wanted == got else f"wanted {wanted}, got {got}"


def _first(earlier, later, what):
    """Returns what is wrong unless all of `earlier` come before all of `later`."""
    if not earlier:
        return f"nothing before {what}"
    return f"after {what}" if later and max(earlier) > min(later) else None
