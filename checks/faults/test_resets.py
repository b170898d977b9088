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
import time

import pytest

from lottery import frames, programs
from lottery.peers import reset_on_close
from lottery.processes import Deadline, free_port

PEERS = 4
PAUSE = 0.2
BET = ("Zoe", "Paz", "04712339", "1998-04-18", "1145")


def _agency_that_resets(number, port):
    with _connect(port) as connection:
        connection.sendall(frames.hello(number))
        choice = random.randrange(4)
        if choice > 0:
            stored = int.from_bytes(connection.recv(1024)[7:15], "big")
        if choice > 2:
            connection.sendall(frames.bet(stored, BET))
            if random.randrange(2):
                connection.recv(1024)
        reset_on_close(connection)


def _connection_that_resets(number, port):
    with _connect(port) as connection:
        reset_on_close(connection)


def _server_that_resets(number, listener):
    connection, _ = listener.accept()
    with connection:
        reset_on_close(connection)
        if random.randrange(4):
            connection.recv(1024)
            connection.sendall(frames.welcome())
        if random.randrange(2):
            connection.recv(65536)


def _connect(port):
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            # The server is gone, which the parent notices, or all ports are in use for a moment.
            time.sleep(0.01)


def _play_on(peer, number, where, count):
    while True:
        # The other side may close first, if a newer connection takes over or it ends.
        with contextlib.suppress(ConnectionError):
            peer(number, where)
            with count.get_lock():
                count.value += 1


@pytest.fixture
def reset(request, counts):
    """Provides a function that lets `PEERS` processes reset connections, until the time is over or
    a program ends."""
    count = multiprocessing.Value("Q", 0)
    peers = []

    def reset(programs, peer, where):
        for number in range(1, PEERS + 1):
            peers.append(multiprocessing.Process(
                target=_play_on, args=(peer, number, where, count), daemon=True))
            peers[-1].start()
        end = Deadline(request.config.option.seconds)
        while end.left():
            time.sleep(PAUSE)
            _check_alive(programs, f" after {count.value} resets")
            assert all(process.is_alive() for process in peers), "peers have failed"

    yield reset
    for process in peers:
        process.kill()
        process.join()
    counts["resets"] = count.value


@pytest.mark.parametrize("peer", (_agency_that_resets, _connection_that_resets))
def test_server_survives_resets(request, where, reset, tmp_path, peer):
    image = request.config.option.image
    port = free_port()
    settings = programs.server_settings(
        port, PEERS + 1, SERVER_LISTEN_BACKLOG=1024, LOGGING_LEVEL="WARNING")
    server = programs.start(image or where, "lottery-server", tmp_path / "server.log", settings | (
        {} if image else {"SERVER_DATA_DIR": tmp_path / "data"}))
    Deadline(20).wait(lambda: programs.listens(port), "the server listens",
                      lambda: _check_alive([server]))
    reset([server], peer, port)
    server.signal(signal.SIGTERM)
    assert server.wait(Deadline(20)) == 0, server.last_line()


def test_agency_survives_resets(request, where, reset, tmp_path):
    if request.config.option.image:
        pytest.skip("agencies are not played from an image")
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    file = tmp_path / "agency.csv"
    file.write_text((",".join(BET) + "\r\n") * 1000, newline="")
    reset([programs.start(
        where, "agency-client", tmp_path / f"agency-{number}.log", programs.agency_settings(
            number, listener.getsockname()[1], file, CLI_LOG_LEVEL="CRITICAL",
            CLI_RETRY_LIMIT="24h", CLI_RETRY_PAUSE="1ms", CLI_RETRY_MAXPAUSE="1ms"))
        for number in range(1, PEERS + 1)], _server_that_resets, listener)


def _check_alive(programs, when=""):
    for program in programs:
        assert program.status is None, (
            f"{program.name} ended with {program.status}{when}: {program.last_line()}")
