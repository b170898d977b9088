"""What the worst honest crowd takes of the server's memory and threads, against what the compose
file grants it: many agencies, each with all bets that it can have on their way, and a slow disk."""

import selectors
import socket
import threading

import pytest
import yaml

from faults.sweep.runs import listens
from lottery import frames, programs, shim
from lottery.processes import Deadline, Process, free_port
from lottery.programs import ROOT

# The compose file grants more memory to more.
AGENCIES = 511
ROW = ["Santiago Lionel", "Lorca", "30904465", "1999-03-17", "1"]
# A full batch, and many more of them than a server keeps of one agency.
BETS, BATCHES = 150, 128
# Milliseconds of a sync.
SYNC = 300


def granted():
    """Returns the bytes and the threads that the compose file grants the server."""
    compose = yaml.safe_load((ROOT / "docker-compose-dev.yaml").read_text(encoding="utf-8"))
    server = compose["services"]["server"]
    assert server["mem_limit"].endswith("m")
    return int(server["mem_limit"][:-1]) << 20, server["pids_limit"]


class Peaks:
    """Looks at a process all the time."""

    def __init__(self, process):
        self.process = process
        self.memory, self.threads = 0, 0
        self.has_ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def end(self):
        self.has_ended.set()
        self.thread.join()

    def _run(self):
        while not self.has_ended.wait(0.01):
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
                fields = dict(line.split(":", 1) for line in status)
            # The kernel keeps the peak of the memory, and not that of the threads.
            self.memory = int(fields["VmHWM"].split()[0]) << 10
            self.threads = max(self.threads, int(fields["Threads"]))


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


def send_all(port, agencies):
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
def peaks(request, bench, tmp_path_factory, tables):
    """What the server took at most, on a machine with so many cores."""
    cores, tmp_path = request.param, tmp_path_factory.mktemp("crowd")
    port = free_port()
    watch = shim.Watch(bench.shim, None, tmp_path / "calls",
                       shim.rule("fdatasync", [f"d{SYNC}"], 1))
    environment = watch.environment | ({"SHIM_CORES": cores} if cores else {})
    server = programs.start_server(
        bench.where, tmp_path / "server.log", port, AGENCIES, kind=Process,
        **{"SERVER_DATA_DIR": tmp_path / "data"} | environment)
    server.port = port
    Deadline(30).wait(lambda: listens(server), "the server listens")
    peaks = Peaks(server)
    send_all(port, AGENCIES)
    peaks.end()
    tables("cores", str(cores or "as many as there are"), {
        "longest memory, MB": peaks.memory >> 20, "longest threads": peaks.threads})
    return peaks


def test_memory(peaks):
    assert peaks.memory < granted()[0]


def test_threads(peaks):
    assert peaks.threads < granted()[1]
