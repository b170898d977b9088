"""Pipes and terminals on which nothing moves: no other program writes what one reads, or reads what
it writes. SIGTERM ends the program."""

import contextlib
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
    os.set_blocking(descriptor, False)
    is_full = False
    while not is_full:
        is_full = True
        with contextlib.suppress(BlockingIOError):
            while os.write(descriptor, b"x"):
                is_full = False
        # The kernel hands on what a terminal took a moment later, and takes more then.
        time.sleep(0.05)
    os.set_blocking(descriptor, True)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "agency-1.csv"
    path.write_text("Ana,Paz,7,1999-03-17,1\n" * 100)
    return path


@pytest.fixture
def launch(programs, file):
    """Provides a function that starts one of the two programs. No server has the agency's port
    unless it is given."""
    def launch(program, *flags, port=1, **settings):
        if program == "server":
            return programs.launch_server(*flags, **settings)
        return programs.start_agency(port, file, *flags, **settings)

    return launch


# What a program reads before it does anything.
@pytest.mark.parametrize("program, flags, variable", [
    ("server", ["--config"], None), ("server", [], "SERVER_AGENCY_KEYS"),
    ("agency", ["--config"], None), ("agency", [], "CLI_KEY_FILE")])
def test_silent_input(programs, launch, channel, program, flags, variable):
    path = channel[0]
    process = launch(program, *flags, path) if flags else launch(program, **{variable: path})
    programs.wait_for("poll")
    check_ends_in_order(process)


def test_pipe_without_a_writer(launch, tmp_path):
    """No program has the other end open, for which opening a pipe may wait: it counts as empty."""
    os.mkfifo(tmp_path / "pipe")
    process = launch("server", "--config", tmp_path / "pipe")
    process.wait_for_line(LISTENING, Deadline(10))
    check_ends_in_order(process)


@pytest.mark.parametrize("program, flags, has_server, status", [
    ("server", [], False, 0), ("agency", [], True, 0), ("agency", [], False, 0),
    ("server", ["--help"], False, 128 + signal.SIGTERM),
    ("server", ["--version"], False, 128 + signal.SIGTERM)])
def test_full_output(programs, launch, play, channel, program, flags, has_server, status):
    fill(channel[1])
    process = launch(program, *flags, port=play(peers.Server, SILENT).port if has_server else 1,
                     outputs={"output": channel[1], "error": channel[1]})
    programs.wait_for("poll")
    process.signal(signal.SIGTERM)
    assert process.ends_within(END_SECONDS)
    assert process.status == status


def test_full_terminal_of_progress(launch, play, terminal):
    """An agency draws its progress on a terminal that takes nothing, and goes on."""
    fill(terminal[1])
    server = play(peers.Server, script(
        frames.HELLO, frames.welcome(), frames.BATCH, frames.stored(100), frames.WINNERS_QUERY,
        then=b""))
    process = launch("agency", port=server.port, outputs={"error": terminal[1]})
    process.wait_for_line("close_file", Deadline(10))
    check_ends_in_order(process)
