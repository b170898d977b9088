"""Pipes and terminals on which nothing moves: no other program writes what one reads, or reads what
it writes. SIGTERM ends the program."""

import fcntl
import os
import signal
import time

import pytest

from lottery import frames, peers
from lottery.log import LISTENING
from lottery.peers import script
from lottery.processes import END_SECONDS, Deadline, check_ends_in_order

SILENT = script(then=b"")


@pytest.fixture
def pipe(tmp_path):
    """The path of a named pipe that somebody else has open, and a descriptor of it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR)
    yield path, descriptor
    os.close(descriptor)


@pytest.fixture
def terminal():
    """The same of a terminal, without a user."""
    master, descriptor = os.openpty()
    yield os.ttyname(descriptor), descriptor
    os.close(master)
    os.close(descriptor)


@pytest.fixture(params=["pipe", "terminal"])
def channel(request):
    return request.getfixturevalue(request.param)


def fill(descriptor):
    """Leaves no room."""
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


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "agency-1.csv"
    path.write_text("Ana,Paz,7,1999-03-17,1\n" * 100)
    return path


# What a program reads before it does anything: where the path goes.
INPUTS = {
    "server's configuration": lambda programs, file, path: programs.launch_server("--config", path),
    "server's keys": lambda programs, file, path: programs.launch_server(SERVER_AGENCY_KEYS=path),
    "agency's configuration": lambda programs, file, path: programs.start_agency(
        1, file, "--config", path),
    "agency's key": lambda programs, file, path: programs.start_agency(1, file, CLI_KEY_FILE=path),
}


@pytest.mark.parametrize("name", INPUTS)
def test_silent_input(programs, file, channel, name):
    process = INPUTS[name](programs, file, channel[0])
    programs.wait_for("poll")
    check_ends_in_order(process)


def test_pipe_without_a_writer(programs, tmp_path):
    """No program has the other end open, for which opening a pipe may wait: it counts as empty."""
    os.mkfifo(tmp_path / "pipe")
    process = programs.launch_server("--config", tmp_path / "pipe")
    Deadline(10).wait(lambda: LISTENING in process.text(), "the server listens")
    check_ends_in_order(process)


OUTPUTS = {
    # The program, and how it ends.
    "server": (lambda programs, file, port, **to: programs.launch_server(**to), 0),
    "agency": (lambda programs, file, port, **to: programs.start_agency(port, file, **to), 0),
    "agency without a server": (
        lambda programs, file, port, **to: programs.start_agency(1, file, **to), 0),
    "--help": (lambda programs, file, port, **to: programs.launch_server("--help", **to),
               128 + signal.SIGTERM),
    "--version": (lambda programs, file, port, **to: programs.launch_server("--version", **to),
                  128 + signal.SIGTERM),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_full_output(programs, play, file, channel, name):
    launch, status = OUTPUTS[name]
    fill(channel[1])
    process = launch(programs, file, play(peers.Server, SILENT).port,
                     outputs={"output": channel[1], "error": channel[1]})
    programs.wait_for("poll")
    process.signal(signal.SIGTERM)
    assert process.ends_within(END_SECONDS)
    assert process.status == status


def test_full_terminal_of_progress(programs, play, file, terminal):
    """An agency draws its progress on a terminal that takes nothing, and goes on."""
    fill(terminal[1])
    server = play(peers.Server, script(
        frames.HELLO, frames.welcome(), frames.BATCH, frames.stored(100), frames.WINNERS_QUERY,
        then=b""))
    process = programs.start_agency(server.port, file, outputs={"error": terminal[1]})
    Deadline(10).wait(lambda: "close_file" in process.text(), "the end of the file")
    check_ends_in_order(process)
