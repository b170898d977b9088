"""What the worst honest crowd takes of the server's memory and threads, against what the compose
file grants it: many agencies, each with all bets that it can have on their way, and a slow disk."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from lottery import frames, shim
from lottery.programs import ROOT

# The compose file grants more memory to more.
AGENCIES = 511
ROW = ["Santiago Lionel", "Lorca", "30904465", "1999-03-17", "1"]
# A full batch, and many more of them than a server keeps of one agency.
BETS, BATCHES = 150, 128
# Milliseconds of a sync.
SYNC = 300
SECONDS = 120


def send_all(programs, agency, bets):
    """Sends all bets as fast as the server takes them, and waits until they are stored."""
    peer = programs.connect()
    peer.connection.settimeout(SECONDS)
    peer.say(frames.hello(agency), bets)
    while int.from_bytes(peer.hear(frames.STORED), "big") < BETS * BATCHES:
        continue
    peer.connection.close()


@pytest.mark.parametrize("settings", [{}, {"SHIM_CORES": 128}], ids=["these cores", "128 cores"])
def test_memory_and_threads(request, programs, tables, settings):
    server = programs.start_server(
        agencies=AGENCIES, fail=shim.rule("fdatasync", [f"d{SYNC}"], 1), **settings)
    bets = b"".join(frames.batch(offset, [ROW] * BETS)
                    for offset in range(0, BATCHES * BETS, BETS))
    with ThreadPoolExecutor(AGENCIES) as crowd:
        sent = [crowd.submit(send_all, programs, agency, bets)
                for agency in range(1, AGENCIES + 1)]
        while not all(one.done() for one in sent):
            server.look()
            time.sleep(0.01)
    for one in sent:
        one.result()
    tables(request.node.name, "server", {
        "memory, MB": server.memory >> 20, "threads": server.threads})
    compose = yaml.safe_load((ROOT / "docker-compose-dev.yaml").read_text(encoding="utf-8"))
    granted = compose["services"]["server"]
    assert server.threads < granted["pids_limit"]
    assert granted["mem_limit"].endswith("m")
    assert server.memory < int(granted["mem_limit"][:-1]) << 20
