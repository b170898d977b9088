"""What the worst honest crowd takes of the server's memory and threads, against what the compose
file grants it: many agencies, each with all bets that it can have on their way, and a slow disk."""

import selectors
import socket

import pytest
import yaml

from lottery import frames, shim
from lottery.processes import Deadline
from lottery.programs import ROOT, Watched

# The compose file grants more memory to more.
AGENCIES = 511
ROW = ["Santiago Lionel", "Lorca", "30904465", "1999-03-17", "1"]
# A full batch, and many more of them than a server keeps of one agency.
BETS, BATCHES = 150, 128
# Milliseconds of a sync.
SYNC = 300


class Agency:
    """An agency that sends all its bets as fast as the server takes them."""

    def __init__(self, number, port, bets):
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.connection.setblocking(False)
        self.left = memoryview(frames.hello(number) + bets)
        self.frames = frames.Frames()
        self.stored = 0

    def go_on(self, events):
        """Sends and receives what it can."""
        if events & selectors.EVENT_WRITE:
            self.left = self.left[self.connection.send(self.left):]
        if events & selectors.EVENT_READ:
            data = self.connection.recv(1 << 16)
            assert data, "the server closed the connection"
            for kind, body in self.frames.feed(data):
                assert kind in (frames.WELCOME, frames.STORED), (kind, body)
                if kind == frames.STORED:
                    self.stored = int.from_bytes(body, "big")

    @property
    def interest(self):
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self.left else 0)


def send_all(port, agencies, look):
    """Lets agencies send all their bets, and waits until they are stored."""
    bets = b"".join(frames.batch(offset, [ROW] * BETS)
                    for offset in range(0, BATCHES * BETS, BETS))
    crowd = [Agency(number, port, bets) for number in range(1, agencies + 1)]
    deadline = Deadline(120)
    with selectors.DefaultSelector() as selector:
        for agency in crowd:
            selector.register(agency.connection, agency.interest, agency)
        left = len(crowd)
        while left:
            deadline.check("all bets are stored")
            look()
            for key, events in selector.select(1):
                agency = key.data
                agency.go_on(events)
                if agency.interest != key.events:
                    selector.modify(agency.connection, agency.interest, agency)
                if agency.stored == BATCHES * BETS:
                    selector.unregister(agency.connection)
                    left -= 1
    for agency in crowd:
        agency.connection.close()


@pytest.fixture(scope="module", params=[None, 128], ids=["these cores", "128 cores"])
def server(request, bench, tmp_path_factory, tables):
    """The server afterwards, on a machine with so many cores."""
    cores = request.param
    programs = Watched(bench.where, bench.shim, tmp_path_factory.mktemp("crowd"))
    server = programs.start_server(
        agencies=AGENCIES, fail=shim.rule("fdatasync", [f"d{SYNC}"], 1),
        **({"SHIM_CORES": cores} if cores else {}))
    send_all(programs.port, AGENCIES, server.look)
    tables("cores", str(cores or "as many as there are"), {
        "longest memory, MB": server.memory >> 20, "longest threads": server.threads})
    return server


@pytest.fixture
def granted():
    """What the compose file grants the server."""
    compose = yaml.safe_load((ROOT / "docker-compose-dev.yaml").read_text(encoding="utf-8"))
    return compose["services"]["server"]


def test_memory(server, granted):
    assert granted["mem_limit"].endswith("m")
    assert server.memory < int(granted["mem_limit"][:-1]) << 20


def test_threads(server, granted):
    assert server.threads < granted["pids_limit"]
