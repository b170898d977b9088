"""Every loop of the server whose length a peer, a file or a clock decides, made endless: SIGTERM
ends each in order."""

import contextlib
import select
import socket

import pytest

from faults.sweep.runs import listens
from lottery import frames, peers, programs, shim
from lottery.processes import Deadline, check_ends_in_order, free_port

ROW = ["Ana", "Paz", "7", "1999-03-17", "7574"]
PLAIN, QUOTED = b"1,Ana,Paz,7,1999-03-17,1\r\n", b'1,"Ana, la",Paz,7,1999-03-17,1\r\n'
# Bytes of a file, of which a read takes 100 ms for at most 256 KiB.
LARGE = 30 << 20


class Server:
    """A server of three agencies that a test starts."""

    def __init__(self, where, directory):
        self.where, self.directory = where, directory
        self.data = directory / "data"
        self.data.mkdir()
        self.port = free_port()
        self.process = None

    def launch(self, **settings):
        self.process = programs.start_server(
            self.where, self.directory / "server.log", self.port, 3,
            **{"SERVER_DATA_DIR": self.data} | settings)

    def start(self, **settings):
        """Starts it, and waits until it listens."""
        self.launch(**settings)
        Deadline(10).wait(lambda: listens(self), "the server listens")


@pytest.fixture
def server(bench, tmp_path):
    return Server(bench.where, tmp_path)


@pytest.fixture
def client(server):
    """Provides a function that starts a client of the server, which plays a part."""
    clients = []

    def start(part):
        clients.append(peers.Client(server.port, part))
        return clients[-1]

    yield start
    for client in clients:
        client.close()


def lines(line):
    return (line * (65536 // len(line)) for _ in range(LARGE // 65536))


RECOVERED = {
    "plain rows": ("bets.csv", lambda: lines(PLAIN)),
    "rows with quotes": ("bets.csv", lambda: lines(QUOTED)),
    "blank lines": ("bets.csv", lambda: lines(b"\n")),
    "rows of many agencies": ("bets.csv", lambda: (
        b"%d,Ana,Paz,7,1999-03-17,1\r\n" % agency for agency in range(1, 200_000))),
    "NULs": ("bets.csv", lambda: [PLAIN, bytes(LARGE)]),
    "agencies that have finished": ("finished.csv", lambda: (
        b"%d,0\r\n" % agency for agency in range(1, 1_000_000))),
}


@pytest.mark.parametrize("name", RECOVERED)
def test_recovery(bench, server, tmp_path, name):
    file, content = RECOVERED[name]
    with open(server.data / file, "wb") as output:
        output.writelines(content())
    watch = shim.Watch(
        bench.shim, None, tmp_path / "calls", shim.rule("pread", ["d100"], 1, file=file))
    server.launch(**watch.environment)
    Deadline(10).wait(lambda: watch.hits > 3, "the recovery")
    check_ends_in_order(server.process)


def test_scan(bench, server, tmp_path):
    """The draw reads the bets. The recovery has read them before, a little faster."""
    reads = 16
    (server.data / "bets.csv").write_bytes(PLAIN * (reads * (256 << 10) // len(PLAIN)))
    rule = shim.rule("pread", ["d300"], reads + 4, file="bets.csv")
    watch = shim.Watch(bench.shim, None, tmp_path / "calls", rule)
    server.start(SERVER_AGENCIES=1, **watch.environment)
    total = reads * (256 << 10) // len(PLAIN)
    with socket.create_connection(("127.0.0.1", server.port)) as agency:
        agency.sendall(frames.hello(1) + frames.finished(total)
                       + frames.frame(frames.WINNERS_QUERY))
        Deadline(10).wait(lambda: watch.hits > 1, "the scan")
        check_ends_in_order(server.process)


FLOODS = {
    # What comes first, and what is repeated.
    "FINISHED": (frames.hello(3) + frames.finished(0), frames.finished(0)),
    "a bet that is stored": (frames.hello(3) + frames.bet(0, ROW), frames.bet(0, ROW)),
    "STATUS?": (b"", frames.frame(frames.STATUS_QUERY)),
    "lines": (b"", b"x" * 99 + b"\n"),
    "one line": (b"", b"x"),
    "wrong frames": (b"", frames.frame(0x77)),
}


@pytest.mark.parametrize("listening", [True, False], ids=["listening", "deaf"])
@pytest.mark.parametrize("name", FLOODS)
def test_flood(server, client, name, listening):
    """A client speaks without end, on connection after connection."""
    first, again = FLOODS[name]

    def flood(connection):
        connection.sendall(first)
        connection.setblocking(False)
        while True:
            readable, writable, _ = select.select(
                [connection] if listening else [], [connection], [], 0.1)
            if readable and not connection.recv(1 << 20):
                return
            if writable:
                connection.send(again * 1000)
            yield

    server.start()
    client(flood).wait_for(3)
    check_ends_in_order(server.process)


def test_connections(server, client):
    """A client connects without end."""
    server.start(SERVER_LISTEN_BACKLOG=128)
    client(lambda connection: iter([None])).wait_for(1000)
    check_ends_in_order(server.process)


@pytest.mark.parametrize(
    "said", [b"", frames.hello(3)[:-1], frames.hello(3), b"half a line"],
    ids=["nothing", "half of HELLO", "HELLO", "half a line"])
def test_silence(server, said):
    """A client says nothing more, and the server has an hour for it."""
    server.start(SERVER_TIMEOUT="1h")
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(said)
        # Accepted later, and answered.
        with socket.create_connection(("127.0.0.1", server.port)) as other:
            other.sendall(b"tick\n")
            other.recv(1)
        check_ends_in_order(server.process)


def test_winners(server):
    """An agency has more winners than the kernel takes, and does not read."""
    winners = 400_000
    row = b"1,A,B,%d,1999-03-17,7574\r\n" % 10 ** 19
    (server.data / "bets.csv").write_bytes(row * winners)
    server.start(SERVER_AGENCIES=1)
    with socket.create_connection(("127.0.0.1", server.port)) as agency:
        agency.sendall(frames.hello(1) + frames.finished(winners)
                       + frames.frame(frames.WINNERS_QUERY))
        Deadline(10).wait(lambda: _is_full(server.port), "the server has no room to send")
        check_ends_in_order(server.process)


def _is_full(port):
    """Returns whether a connection of the server has sent all that its peer takes, by the kernel's
    table: much waits, and no less a moment later."""
    waiting = []
    for _ in range(2):
        with open("/proc/net/tcp", encoding="ascii") as table:
            waiting.append(max(
                (int(queues.partition(":")[0], 16)
                 for _, local, _, state, queues, *_ in map(str.split, list(table)[1:])
                 if local.endswith(f":{port:04X}") and state == "01"), default=0))
    return waiting[0] == waiting[1] > 1 << 16


def test_wait_for_the_draw(server):
    """Many agencies wait for one that does not come."""
    agencies = 300
    server.start(SERVER_AGENCIES=agencies + 1, SERVER_LISTEN_BACKLOG=agencies)
    with contextlib.ExitStack() as connections:
        for agency in range(1, agencies + 1):
            connection = connections.enter_context(
                socket.create_connection(("127.0.0.1", server.port), 10))
            connection.sendall(frames.hello(agency) + frames.finished(0)
                               + frames.frame(frames.WINNERS_QUERY))
        check_ends_in_order(server.process)


def test_delay(server):
    """The draw has been held, and its winners are announced in an hour."""
    server.start(SERVER_AGENCIES=1, SERVER_WINNERS_DELAY="1h")
    with socket.create_connection(("127.0.0.1", server.port)) as agency:
        agency.sendall(
            frames.hello(1) + frames.finished(0) + frames.frame(frames.WINNERS_QUERY))
        for _ in range(2):
            agency.recv(1 << 16)
        check_ends_in_order(server.process)
