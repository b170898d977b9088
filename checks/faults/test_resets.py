"""Peers that reset their connections, over and over, against one real program.

A program that watches a descriptor must stop watching it before it closes it, and a reset may
arrive at any moment in between. A mistake there crashes the program once in many thousand resets.
`make resets` runs it, `--seconds` each:

- agencies say HELLO or send a bet, and reset before or after the answer
- connections are reset before the server has accepted them
- agencies connect to a server that resets them before or after its answer
"""

import contextlib
import multiprocessing
import random
import signal
import socket
import struct
import time

import pytest

from lottery import frames, programs
from lottery.processes import Deadline, free_port

PEERS = 4
PAUSE = 0.2
BET = ("Zoe", "Paz", "04712339", "1998-04-18", "1145")


def _agency_that_resets(number, port, count):
    while True:
        # The server may close first, if a newer connection takes over or it ends.
        with contextlib.suppress(ConnectionError), _connect(port) as connection:
            connection.sendall(frames.hello(number))
            choice = random.randrange(4)
            if choice > 0:
                stored = int.from_bytes(connection.recv(1024)[7:15], "big")
            if choice > 2:
                connection.sendall(frames.bet(stored, BET))
                if random.randrange(2):
                    connection.recv(1024)
            _reset(connection, count)


def _connection_that_resets(number, port, count):
    while True:
        with _connect(port) as connection:
            _reset(connection, count)


def _server_that_resets(number, listener, count):
    while True:
        connection, _ = listener.accept()
        with contextlib.suppress(ConnectionError), connection:
            if random.randrange(4):
                connection.recv(1024)
                connection.sendall(frames.welcome())
            if random.randrange(2):
                connection.recv(65536)
            _reset(connection, count)


def _reset(connection, count):
    # Lingering for no time makes closing a reset (socket(7)).
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with count.get_lock():
        count.value += 1


def _connect(port):
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            # The server is gone, which the parent notices, or all ports are in use for a moment.
            time.sleep(0.01)


def _answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True


@pytest.fixture
def play(request, counts):
    """Provides a function that lets `PEERS` processes reset connections, until the time is over or
    a program ends."""
    count = multiprocessing.Value("Q", 0)
    peers = []

    def play(programs, peer, where):
        peers.extend(multiprocessing.Process(target=peer, args=(number, where, count), daemon=True)
                     for number in range(1, PEERS + 1))
        for process in peers:
            process.start()
        end = time.monotonic() + request.config.option.seconds
        while time.monotonic() < end:
            time.sleep(PAUSE)
            _check_alive(programs, f" after {count.value} resets")
            assert all(process.is_alive() for process in peers), "peers have failed"

    yield play
    for process in peers:
        process.kill()
        process.join()
    counts["resets"] = count.value


@pytest.mark.parametrize("peer", (_agency_that_resets, _connection_that_resets))
def test_server_survives_resets(request, where, play, tmp_path, peer):
    image = request.config.option.image
    port = free_port()
    server = programs.start_server(
        image or where, tmp_path / "server.log", port, PEERS + 1, SERVER_LISTEN_BACKLOG=1024,
        LOGGING_LEVEL="WARNING", **({} if image else {"SERVER_DATA_DIR": tmp_path / "data"}))
    Deadline(20).wait(lambda: _answers(port), "the server listens", lambda: _check_alive([server]))
    play([server], peer, port)
    server.signal(signal.SIGTERM)
    assert server.wait(Deadline(20)) == 0, server.last_line()


def test_agency_survives_resets(request, where, play, tmp_path):
    if request.config.option.image:
        pytest.skip("agencies are not played from an image")
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    file = tmp_path / "agency.csv"
    file.write_text((",".join(BET) + "\r\n") * 1000, newline="")
    play([programs.start_agency(
        where, tmp_path / f"agency-{number}.log", number, listener.getsockname()[1], file,
        CLI_LOG_LEVEL="CRITICAL", CLI_RETRY_LIMIT="24h", CLI_RETRY_PAUSE="1ms",
        CLI_RETRY_MAXPAUSE="1ms") for number in range(1, PEERS + 1)],
        _server_that_resets, listener)


def _check_alive(programs, when=""):
    for program in programs:
        assert program.status is None, (
            f"{program.name} ended with {program.status}{when}: {program.last_line()}")
