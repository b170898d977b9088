"""Peers that reset their connections, over and over, against one real program.

A program that watches a descriptor must stop watching it before it closes it, and a reset may
arrive at any moment in between. A mistake there crashes the program once in many thousand resets.
`make resets` runs it, `--seconds` each:

- agencies say HELLO or send a bet, and reset before or after the answer
- connections are reset before the server has accepted them
- agencies connect to a server that resets them before or after its answer
"""

import random
import signal
import time

import pytest

from lottery import frames, programs
from lottery.peers import Client, Server, reset_on_close
from lottery.processes import Deadline, free_port

PEERS = 4
PAUSE = 0.2
BET = ("Zoe", "Paz", "04712339", "1998-04-18", "1145")


def agency_that_resets(connection):
    reset_on_close(connection)
    connection.sendall(frames.hello(random.randint(1, PEERS)))
    choice = random.randrange(4)
    if choice > 0:
        stored = int.from_bytes(connection.recv(1024)[7:15], "big")
    if choice > 2:
        connection.sendall(frames.bet(stored, BET))
        if random.randrange(2):
            connection.recv(1024)
    yield


def connection_that_resets(connection):
    reset_on_close(connection)
    yield


def server_that_resets(connection):
    reset_on_close(connection)
    if random.randrange(4):
        connection.recv(1024)
        connection.sendall(frames.welcome())
    if random.randrange(2):
        connection.recv(65536)
    yield


@pytest.fixture
def reset(request, tables):
    """Provides a function that lets peers reset connections, until the time is over or a program
    ends."""
    def reset(programs, peers):
        end = Deadline(request.config.option.seconds)
        while end.left():
            time.sleep(PAUSE)
            _check_alive(programs, f" after {sum(peer.steps for peer in peers)} resets")
            assert all(peer.thread.is_alive() for peer in peers), "peers have failed"
        tables("test", request.node.name, {"resets": sum(peer.steps for peer in peers)})

    return reset


@pytest.mark.parametrize("part", [agency_that_resets, connection_that_resets])
def test_server_survives_resets(request, where, play, reset, tmp_path, part):
    image = request.config.option.image
    port = free_port()
    settings = programs.server_settings(
        port, PEERS + 1, SERVER_LISTEN_BACKLOG=1024, LOGGING_LEVEL="WARNING")
    server = programs.start(image or where, "lottery-server", tmp_path / "server.log", settings | (
        {} if image else {"SERVER_DATA_DIR": tmp_path / "data"}))
    Deadline(20).wait(lambda: programs.listens(port), "the server listens",
                      lambda: _check_alive([server]))
    reset([server], [play(Client, port, part) for _ in range(PEERS)])
    server.signal(signal.SIGTERM)
    assert server.wait(Deadline(20)) == 0, server.last_line()


def test_agency_survives_resets(request, where, play, reset, tmp_path):
    if request.config.option.image:
        pytest.skip("agencies are not played from an image")
    file = tmp_path / "agency.csv"
    file.write_text((",".join(BET) + "\r\n") * 1000, newline="")
    servers = [play(Server, server_that_resets) for _ in range(PEERS)]
    reset([programs.start(
        where, "agency-client", tmp_path / f"agency-{server.port}.log", programs.agency_settings(
            1, server.port, file, CLI_LOG_LEVEL="CRITICAL", CLI_RETRY_LIMIT="24h",
            CLI_RETRY_PAUSE="1ms", CLI_RETRY_MAXPAUSE="1ms")) for server in servers], servers)


def _check_alive(programs, when=""):
    for program in programs:
        assert program.status is None, (
            f"{program.name} ended with {program.status}{when}: {program.last_line()}")
