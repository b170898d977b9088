"""Pipes and terminals on which nothing moves: no other program writes what one reads, or reads what
it writes. SIGTERM ends the program."""

import fcntl
import os
import signal
import time

import pytest

from lottery import frames, peers, programs, shim
from lottery.log import LISTENING
from lottery.processes import (
    END_SECONDS, Deadline, Process, check_ends_in_order, free_port)

NO_FILE, DISK_FAILED = 66, 74
KILLED_BY_SIGNAL = 128 + signal.SIGTERM


class Pipe:
    """A named pipe that somebody else has open."""

    def __init__(self, directory):
        self.path = directory / "pipe"
        os.mkfifo(self.path)
        self.descriptor = os.open(self.path, os.O_RDWR)

    def fill(self):
        """Leaves no room, and returns what to write to."""
        _fill(self.descriptor)
        return self.descriptor

    def close(self):
        os.close(self.descriptor)


class Terminal:
    """A terminal that another program holds, without a user."""

    def __init__(self, _):
        self.master, self.descriptor = os.openpty()
        self.path = os.ttyname(self.descriptor)

    fill = Pipe.fill

    def close(self):
        os.close(self.master)
        os.close(self.descriptor)


def _fill(descriptor):
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    # The kernel hands on what a terminal took a moment later, and takes more then.
    is_full = False
    while not is_full:
        is_full = True
        for size in (4096, 1):
            try:
                while True:
                    os.write(descriptor, b"x" * size)
                    is_full = False
            except BlockingIOError:
                pass
        time.sleep(0.05)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)


@pytest.fixture(params=[Pipe, Terminal], ids=["pipe", "terminal"])
def channel(request, tmp_path):
    channel = request.param(tmp_path)
    yield channel
    channel.close()


@pytest.fixture
def server():
    """A server that says nothing."""
    def part(peer):
        while True:
            yield

    server = peers.Server(part)
    yield server
    server.close()


class Programs:
    """Starts the two programs, and counts their calls."""

    def __init__(self, bench, directory):
        self.where, self.directory = bench.where, directory
        self.watch = shim.Watch(bench.shim, None, directory / "calls")
        self.port = free_port()

    def start_server(self, flags=(), kind=Process, **settings):
        return programs.start_server(
            self.where, self.directory / "server.log", self.port, 3, flags, kind,
            **{"SERVER_DATA_DIR": self.directory / "data"} | settings, **self.watch.environment)

    def start_agency(self, port, flags=(), kind=Process, **settings):
        (self.directory / "agency-1.csv").write_text("Ana,Paz,7,1999-03-17,1\n" * 100)
        return programs.start_agency(
            self.where, self.directory / "agency.log", 1, port, self.directory / "agency-1.csv",
            flags, kind, **settings, **self.watch.environment)

    def wait_for(self, call):
        Deadline(10).wait(lambda: self.watch.counts().get(call), call)


@pytest.fixture
def start(bench, tmp_path):
    return Programs(bench, tmp_path)


# What a program reads before it does anything: where the path goes.
INPUTS = {
    "server's configuration": lambda start, path: start.start_server(["--config", path]),
    "server's keys": lambda start, path: start.start_server(SERVER_AGENCY_KEYS=path),
    "agency's configuration": lambda start, path: start.start_agency(1, ["--config", path]),
    "agency's key": lambda start, path: start.start_agency(1, CLI_KEY_FILE=path),
}


@pytest.mark.parametrize("name", INPUTS)
def test_silent_input(start, channel, name):
    process = INPUTS[name](start, channel.path)
    start.wait_for("poll")
    check_ends_in_order(process)


def test_pipe_without_a_writer(start, tmp_path):
    """No program has the other end open, for which opening a pipe may wait: it counts as empty."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = start.start_server(["--config", pipe])
    Deadline(10).wait(lambda: LISTENING in process.text(), "the server listens")
    check_ends_in_order(process)


def test_bets_are_no_file(start, channel, server):
    """An agency's bets must be a regular file: it ends before it reads from anything else."""
    def part(peer):
        peer.hear(frames.HELLO)
        peer.say(frames.welcome())
        yield

    server.part = part
    process = start.start_agency(server.port, CLI_DATA_FILE=channel.path)
    assert process.wait(Deadline(10)) == NO_FILE
    assert "not a regular file" in process.last_line()


def test_data_are_no_file(start, tmp_path):
    """The server's files are pipes without a writer."""
    for name in ("bets.csv", "finished.csv"):
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        os.mkfifo(data / name)
        process = start.start_server()
        assert process.wait(Deadline(10)) == DISK_FAILED
        (data / name).unlink()


class Stuck(Process):
    """A process that writes to what takes nothing."""

    def __init__(self, output, *arguments, error=None):
        self.output, self.error = output, error
        super().__init__(*arguments)

    def _start(self, command, environment):
        with open(self.log, "wb") as log:
            return self._start_with(command, environment, self.output or log, self.error or log)


OUTPUTS = {
    # The program, and whether it has something to end in order.
    "server": (lambda start, port, kind: start.start_server(kind=kind), True),
    "agency": (lambda start, port, kind: start.start_agency(port, kind=kind), True),
    "agency without a server": (lambda start, port, kind: start.start_agency(1, kind=kind), True),
    "--help": (lambda start, port, kind: start.start_server(["--help"], kind), False),
    "--version": (lambda start, port, kind: start.start_server(["--version"], kind), False),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_full_output(start, channel, server, name):
    launch, ends = OUTPUTS[name]
    descriptor = channel.fill()
    process = launch(
        start, server.port, lambda *arguments: Stuck(descriptor, *arguments, error=descriptor))
    start.wait_for("poll")
    process.signal(signal.SIGTERM)
    assert process.ends_within(END_SECONDS)
    assert process.status == (0 if ends else KILLED_BY_SIGNAL)


def test_full_terminal_of_progress(start, server, tmp_path):
    """An agency draws its progress on a terminal that takes nothing, and goes on."""
    terminal = Terminal(tmp_path)
    descriptor = terminal.fill()

    def part(peer):
        peer.hear(frames.HELLO)
        peer.say(frames.welcome())
        peer.hear(frames.BATCH)
        peer.say(frames.stored(100))
        peer.hear(frames.WINNERS_QUERY)
        while True:
            yield

    server.part = part
    process = start.start_agency(
        server.port, kind=lambda *arguments: Stuck(None, *arguments, error=descriptor))
    Deadline(10).wait(lambda: "close_file" in process.text(), "the end of the file")
    check_ends_in_order(process)
    terminal.close()
