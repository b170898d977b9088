"""Every loop of an agency and of `--status` whose length a server, a file or a clock decides, made
endless: SIGTERM ends each in order. An agency with a `retry.limit` also ends by itself, if a server
is what does not end."""

import signal
import struct
import time
from dataclasses import dataclass
from typing import Callable

import pytest

from lottery import frames, peers, programs, shim
from lottery.processes import END_SECONDS, Deadline, check_ends_in_order

# The agency's retry limit: while it must go on until SIGTERM, and while it must end by itself.
LONG_LIMIT, LIMIT, LIMIT_SECONDS = "60s", "300ms", 0.3
# Seconds that `--status` gives the server.
STATUS_SECONDS = 3
UNAVAILABLE, PROTOCOL, IN_DOUBT = 69, 76, 83
BET = {"NOMBRE": "Ana", "APELLIDO": "Paz", "DOCUMENTO": "7", "NACIMIENTO": "1999-03-17",
       "NUMERO": "7574"}
ROW = b"Ana,Paz,7,1999-03-17,7574\n"
# Far more bets than any file has, and the bet that is the last of them.
MANY, LAST = 10 ** 12, b"\3Ana\3Paz\x017" + struct.pack(">HBBI", 1999, 3, 17, 7574)


def _forever(step=lambda: None, pause=0.02):
    while True:
        step()
        yield
        time.sleep(pause)


def _welcomes(peer):
    peer.hear(frames.HELLO)
    peer.say(frames.welcome())


def _stores(peer):
    _welcomes(peer)
    peer.hear(frames.BATCH)
    peer.say(frames.stored(3))


def silent(peer):
    yield from _forever()


def trickles(peer):
    """Sends a message byte by byte."""
    peer.say(frames.frame(frames.WELCOME, length=7996))
    yield from _forever(lambda: peer.say(b"\0"))


def leaves(peer):
    yield


def welcomes_and_leaves(peer):
    _welcomes(peer)
    yield


def shuts_down(peer):
    peer.hear(frames.HELLO)
    peer.say(frames.error(8))
    yield


def welcomes(peer):
    peer.hear(frames.HELLO)
    yield from _forever(lambda: peer.say(frames.welcome()))


def cannot_store(peer):
    _welcomes(peer)
    peer.hear(frames.BATCH)
    peer.say(frames.rejected(2))
    yield


def stores_nothing(peer):
    _welcomes(peer)
    yield from _forever()


def stores_nothing_again_and_again(peer):
    _welcomes(peer)
    yield from _forever(lambda: peer.say(frames.stored(0) * 1000), pause=0)


def confirms_nothing(peer):
    _stores(peer)
    yield from _forever()


def takes_nothing(peer):
    """Reads no more, while the agency has more than the kernel takes."""
    _welcomes(peer)
    yield from _forever()


def takes_byte_by_byte(peer):
    _welcomes(peer)
    yield from _forever(lambda: peer.connection.recv(1))


def _draws(peer):
    _stores(peer)
    peer.hear(frames.WINNERS_QUERY)
    peer.say(frames.frame(frames.CONFIRMED))


def never_draws(peer):
    _draws(peer)
    yield from _forever()


def stops_at_the_winners(peer):
    _draws(peer)
    peer.say(frames.winners(1, b"7"))
    yield from _forever()


def has_winners_without_end(peer):
    _draws(peer)
    yield from _forever(lambda: peer.say(frames.winners(1, b"7") * 1000), pause=0)


def keeps_the_bet(peer):
    _welcomes(peer)
    peer.hear(frames.BET)
    yield from _forever()


def echoes(peer):
    peer.connection.sendall(peer.connection.recv(65536))
    yield


def line_without_end(peer):
    yield from _forever(lambda: peer.say(b"x"))


def flood_without_line_end(peer):
    yield from _forever(lambda: peer.say(b"x" * 65536), pause=0)


def status_without_end(peer):
    """Tells of agency after agency."""
    agencies = 568
    first = 1
    while first < 1 << 32:
        entries = b"".join(struct.pack(">IQBB", agency, 0, 0, 0)
                           for agency in range(first, first + agencies))
        peer.say(frames.frame(frames.STATUS, f"BBIIQQQH{len(entries)}s", 1, 0, (1 << 32) - 1, 0,
                              0, 0, 0, agencies, entries))
        first += agencies
        yield


@dataclass
class Case:
    """A server that does not end, and a client of it."""

    mode: str
    part: Callable
    # How the client may end by itself within its limit; not at all, if what it waits for may take
    # as long as it likes.
    statuses: tuple = (UNAVAILABLE,)
    # Whether the client goes on until SIGTERM, if its limit is long.
    goes_on: bool = True
    rows: int = 3


CASES = [
    Case("lottery", silent), Case("lottery", trickles), Case("lottery", leaves),
    Case("lottery", welcomes_and_leaves), Case("lottery", shuts_down),
    Case("lottery", welcomes, (PROTOCOL,), goes_on=False), Case("lottery", cannot_store),
    Case("lottery", stores_nothing),
    Case("lottery", stores_nothing_again_and_again, (PROTOCOL,), goes_on=False),
    Case("lottery", confirms_nothing),
    Case("lottery", takes_nothing, rows=1_000_000),
    Case("lottery", takes_byte_by_byte, rows=1_000_000),
    Case("lottery", never_draws, ()), Case("lottery", stops_at_the_winners),
    Case("lottery", has_winners_without_end, (PROTOCOL,), goes_on=False),
    Case("bet", silent), Case("bet", trickles), Case("bet", leaves),
    Case("bet", welcomes_and_leaves, (UNAVAILABLE, IN_DOUBT)), Case("bet", shuts_down),
    Case("bet", keeps_the_bet, (IN_DOUBT,)),
    Case("bet", welcomes, (PROTOCOL, IN_DOUBT), goes_on=False),
    Case("echo", silent), Case("echo", line_without_end),
    Case("echo", flood_without_line_end, goes_on=False),
    Case("status", silent), Case("status", trickles), Case("status", leaves, goes_on=False),
    Case("status", status_without_end),
]


@pytest.fixture
def client(bench, tmp_path):
    """Provides a function that starts a client of a server that plays a part."""
    servers = []

    def start(mode, part, rows=3, line=ROW, **settings):
        servers.append(peers.Server(part))
        start.server = servers[-1]
        where = bench.where
        log = tmp_path / f"{mode}.log"
        if mode == "status":
            return programs.start(where, "lottery-server", log,
                                  {"SERVER_PORT": servers[-1].port} | settings, ["--status"])
        file = tmp_path / "agency-1.csv"
        with open(file, "wb") as output:
            for _ in range(0, rows, 1 << 16):
                output.write(line * min(rows, 1 << 16))
        return programs.start_agency(
            where, log, 1, servers[-1].port, file, **BET | {
                "CLI_MODE": mode, "CLI_BATCH_WINDOW": 1024, "CLI_RETRY_PAUSE": "5ms",
                "CLI_RETRY_MAXPAUSE": "20ms"} | settings)

    yield start
    for server in servers:
        server.close()


def _name(case):
    return f"{case.mode}-{case.part.__name__}"


@pytest.mark.parametrize("case", [case for case in CASES if case.statuses], ids=_name)
def test_limit(client, case):
    """A client ends by itself, because of its limit or of what it hears."""
    process = client(case.mode, case.part, case.rows, CLI_RETRY_LIMIT=LIMIT)
    limit = STATUS_SECONDS if case.mode == "status" else LIMIT_SECONDS
    assert process.ends_within(limit + END_SECONDS), f"goes on: {process.last_line()}"
    assert process.status in case.statuses, process.last_line()


@pytest.mark.parametrize("case", [case for case in CASES if case.goes_on], ids=_name)
def test_signal(client, case):
    """A client has a server that does not end."""
    process = client(case.mode, case.part, case.rows, CLI_RETRY_LIMIT=LONG_LIMIT)
    Deadline(10).wait(lambda: client.server.connections, "a connection")
    check_ends_in_order(process, 128 + signal.SIGTERM if case.mode == "status" else 0)


def holds_more(peer):
    """Holds more bets than the file has."""
    peer.hear(frames.HELLO)
    peer.say(frames.frame(frames.WELCOME, f"BBQ{len(LAST)}s", 1, 0, MANY, LAST))
    yield from _forever()


@pytest.mark.parametrize("line", [ROW, b'"Ana, la",Paz,7,1999-03-17,7574\n', b"\n"],
                         ids=["plain", "quoted", "blank"])
@pytest.mark.parametrize("part", [holds_more, stores_nothing])
def test_slow_file(client, bench, tmp_path, part, line):
    """The agency's file is long, and its disk slow."""
    watch = shim.Watch(bench.shim, None, tmp_path / "calls",
                       shim.rule("read_file", ["d100"], 1, file="agency-1.csv"))
    process = client("lottery", part, (8 << 20) // len(line), line,
                     **watch.environment)
    Deadline(10).wait(lambda: watch.hits > 3, "reads of the file")
    check_ends_in_order(process)


def test_blank_lines(client, bench, tmp_path):
    """The agency's file is long, and holds nothing."""
    watch = shim.Watch(bench.shim, None, tmp_path / "calls")
    process = client("lottery", stores_nothing, 1 << 28, b"\n", **watch.environment)
    Deadline(10).wait(lambda: watch.counts().get("read_file", 0) > 10, "reads of the file")
    check_ends_in_order(process)


PAUSES = {
    "of the echo": ("echo", echoes, {"CLI_LOOP_PERIOD": "1h"}),
    "before a retry": ("lottery", leaves, {
        "CLI_RETRY_PAUSE": "1h", "CLI_RETRY_MAXPAUSE": "1h", "CLI_RETRY_LIMIT": "3h"}),
}


@pytest.mark.parametrize("name", PAUSES)
def test_pause(client, name):
    """A pause of an hour."""
    mode, part, settings = PAUSES[name]
    process = client(mode, part, **settings)
    Deadline(10).wait(
        lambda: "close_socket" in process.text(), "the end of a connection")
    check_ends_in_order(process)
