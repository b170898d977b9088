"""Every loop of an agency and of `--status` whose length a server, a file or a clock decides, made
endless: SIGTERM ends each in order. An agency with a `retry.limit` also ends by itself, if a server
is what does not end. Servers that say nothing are those of the sweep (`quiet`)."""

import signal
import struct
from collections import namedtuple

import pytest

from lottery import frames, peers, shim
from lottery.peers import script
from lottery.processes import END_SECONDS, Deadline, check_ends_in_order

# The agency's retry limit: while it must go on until SIGTERM, and while it must end by itself.
LONG_LIMIT, LIMIT, LIMIT_SECONDS = "60s", "300ms", 0.3
# Seconds that `--status` gives the server.
STATUS_SECONDS = 3
UNAVAILABLE, PROTOCOL, IN_DOUBT = 69, 76, 83
BET = {"NOMBRE": "Ana", "APELLIDO": "Paz", "DOCUMENTO": "7", "NACIMIENTO": "1999-03-17",
       "NUMERO": "7574"}
ROW = b"Ana,Paz,7,1999-03-17,7574\n"
# WELCOME to an agency with far more bets than any file has, and the bet that is the last of them.
MANY, LAST = 10 ** 12, b"\3Ana\3Paz\x017" + struct.pack(">HBBI", 1999, 3, 17, 7574)
HOLDS_MORE = frames.frame(frames.WELCOME, f"BBQ{len(LAST)}s", 1, 0, MANY, LAST)

WELCOME = frames.HELLO, frames.welcome()
STORE = *WELCOME, frames.BATCH, frames.stored(3)
DRAW = *STORE, frames.WINNERS_QUERY, frames.frame(frames.CONFIRMED)
TRICKLE = script(frames.frame(frames.WELCOME, length=7996), then=b"\0")
LEAVE = script()
SHUT_DOWN = script(frames.HELLO, frames.error(8))
WELCOME_AGAIN = script(frames.HELLO, then=frames.welcome())
STORE_NOTHING = script(*WELCOME, then=b"")


def take_byte_by_byte(connection):
    peer = peers.Peer(connection)
    peer.hear(frames.HELLO)
    peer.say(frames.welcome())
    while True:
        connection.recv(1)
        yield


def echo(connection):
    connection.sendall(connection.recv(65536))
    yield


def status_without_end(connection):
    """Tells of agency after agency."""
    agencies = 568
    for first in range(1, 1 << 32, agencies):
        entries = b"".join(struct.pack(">IQBB", agency, 0, 0, 0)
                           for agency in range(first, first + agencies))
        connection.sendall(frames.frame(
            frames.STATUS, f"BBIIQQQH{len(entries)}s", 1, 0, (1 << 32) - 1, 0, 0, 0, 0, agencies,
            entries))
        yield


# A server that does not end; how its client, in which mode, may end by itself within its limit;
# whether it goes on until SIGTERM if its limit is long; and the rows of the agency's file.
Case = namedtuple("Case", "mode, part, statuses, goes_on, rows", defaults=[(UNAVAILABLE,), True, 3])

CASES = {
    "lottery-trickle": Case("lottery", TRICKLE),
    "lottery-leave": Case("lottery", LEAVE),
    "lottery-welcome-and-leave": Case("lottery", script(*WELCOME)),
    "lottery-shut-down": Case("lottery", SHUT_DOWN),
    "lottery-welcome-again": Case("lottery", WELCOME_AGAIN, (PROTOCOL,), goes_on=False),
    "lottery-cannot-store": Case("lottery", script(*WELCOME, frames.BATCH, frames.rejected(2))),
    "lottery-store-nothing": Case("lottery", STORE_NOTHING),
    "lottery-store-nothing-again": Case("lottery", script(
        *WELCOME, then=frames.stored(0) * 1000, pause=0), (PROTOCOL,), goes_on=False),
    "lottery-take-byte-by-byte": Case("lottery", take_byte_by_byte, rows=1_000_000),
    "lottery-winners": Case("lottery", script(
        *DRAW, then=frames.winners(1, b"7") * 1000, pause=0), (PROTOCOL,), goes_on=False),
    "bet-trickle": Case("bet", TRICKLE),
    "bet-leave": Case("bet", LEAVE),
    "bet-welcome-and-leave": Case("bet", script(*WELCOME), (UNAVAILABLE, IN_DOUBT)),
    "bet-shut-down": Case("bet", SHUT_DOWN),
    "bet-welcome-again": Case("bet", WELCOME_AGAIN, (PROTOCOL, IN_DOUBT), goes_on=False),
    "echo-line": Case("echo", script(then=b"x")),
    "echo-flood": Case("echo", script(then=b"x" * 65536, pause=0), goes_on=False),
    "status-trickle": Case("status", TRICKLE),
    "status-leave": Case("status", LEAVE, goes_on=False),
    "status-again": Case("status", status_without_end),
}


@pytest.fixture
def client(programs, play, tmp_path):
    """Provides a function that starts a client of a server that plays a part."""
    def start(mode, part, rows=3, line=ROW, **settings):
        start.server = play(peers.Server, part)
        if mode == "status":
            return programs.launch_server("--status", SERVER_PORT=start.server.port)
        file = tmp_path / "agency-1.csv"
        with open(file, "wb") as output:
            for _ in range(0, rows, 1 << 16):
                output.write(line * min(rows, 1 << 16))
        return programs.start_agency(start.server.port, file, **BET | {
            "CLI_MODE": mode, "CLI_BATCH_WINDOW": 1024, "CLI_RETRY_PAUSE": "5ms",
            "CLI_RETRY_MAXPAUSE": "20ms"} | settings)

    return start


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_limit(client, case):
    """A client ends by itself, because of its limit or of what it hears."""
    process = client(case.mode, case.part, case.rows, CLI_RETRY_LIMIT=LIMIT)
    limit = STATUS_SECONDS if case.mode == "status" else LIMIT_SECONDS
    assert process.ends_within(limit + END_SECONDS), f"goes on: {process.last_line()}"
    assert process.status in case.statuses, process.last_line()


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()
                                  if case.goes_on])
def test_signal(client, case):
    """A client has a server that does not end."""
    process = client(case.mode, case.part, case.rows, CLI_RETRY_LIMIT=LONG_LIMIT)
    Deadline(10).wait(lambda: client.server.connections, "a connection")
    check_ends_in_order(process, 128 + signal.SIGTERM if case.mode == "status" else 0)


@pytest.mark.parametrize("line", [ROW, b'"Ana, la",Paz,7,1999-03-17,7574\n', b"\n"],
                         ids=["plain", "quoted", "blank_lines"])
@pytest.mark.parametrize("part", [script(frames.HELLO, HOLDS_MORE, then=b""), STORE_NOTHING],
                         ids=["holds more", "stores nothing"])
def test_slow_file(client, programs, part, line):
    """The agency's file is long, and its disk slow."""
    client("lottery", part, (8 << 20) // len(line), line,
           fail=shim.rule("pread", ["d100"], 1, file="agency-1.csv"))
    programs.wait_for_hits(4)
    check_ends_in_order(programs.process)


@pytest.mark.parametrize("mode, part, settings", [
    ("echo", echo, {"CLI_LOOP_PERIOD": "1h"}),
    ("lottery", LEAVE, {"CLI_RETRY_PAUSE": "1h", "CLI_RETRY_MAXPAUSE": "1h",
                        "CLI_RETRY_LIMIT": "3h"})], ids=["of the echo", "before a retry"])
def test_pause(client, mode, part, settings):
    """A pause of an hour."""
    process = client(mode, part, **settings)
    process.wait_for_line("close_socket", Deadline(10))
    check_ends_in_order(process)
