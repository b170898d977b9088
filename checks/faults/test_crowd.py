"""What the worst honest crowd takes of the server's memory and threads, against what the compose
file grants it: many agencies, each with all bets that it can have on their way, and a slow disk."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from lottery import frames, shim
from lottery.peers import Peer
from lottery.programs import ROOT, Watched

# The compose file grants more memory to more.
AGENCIES = 511
ROW = ["Santiago Lionel", "Lorca", "30904465", "1999-03-17", "1"]
# A full batch, and many more of them than a server keeps of one agency.
BETS, BATCHES = 150, 128
# Milliseconds of a sync.
SYNC = 300
SECONDS = 120


def send_all(port, agency, bets):
    """Sends all bets as fast as the server takes them, and waits until they are stored."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        peer = Peer(connection)
        peer.say(frames.hello(agency), bets)
        while int.from_bytes(peer.hear(frames.STORED), "big") < BETS * BATCHES:
            continue


@pytest.fixture(scope="module", params=[None, 128], ids=["these cores", "128 cores"])
def server(request, bench, tmp_path_factory, tables):
    """The server afterwards, on a machine with so many cores."""
    cores = request.param
    programs = Watched(bench.where, bench.shim, tmp_path_factory.mktemp("crowd"))
    server = programs.start_server(
        agencies=AGENCIES, fail=shim.rule("fdatasync", [f"d{SYNC}"], 1),
        **({"SHIM_CORES": cores} if cores else {}))
    bets = b"".join(frames.batch(offset, [ROW] * BETS)
                    for offset in range(0, BATCHES * BETS, BETS))
    with ThreadPoolExecutor(AGENCIES) as crowd:
        sent = [crowd.submit(send_all, programs.port, agency, bets)
                for agency in range(1, AGENCIES + 1)]
        while not all(one.done() for one in sent):
            server.look()
            time.sleep(0.01)
    for one in sent:
        one.result()
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
