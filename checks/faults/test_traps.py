"""Traps of sockets and outputs that show in rare orders of events only."""

import errno
import os
import signal
import socket

import pytest

from lottery import frames, shim, store
from lottery.log import Log
from lottery.peers import reset_on_close

ROW = ["Ana", "Paz", "7", "1999-03-17", "7574"]


def kinds(peer, count):
    """Returns the types of the next frames."""
    return [peer.next()[0] for _ in range(count)]


def test_unread_bytes(programs):
    """A server that closed over unread bytes would reset the connection, which can destroy the
    ERROR on its way."""
    programs.start_server(agencies=1)
    client = programs.connect(frames.hello(7), bytes(4 << 20))
    client.connection.shutdown(socket.SHUT_WR)
    assert kinds(client, 1) == [frames.ERROR]


# One turn alone may miss the mistake.
@pytest.mark.parametrize("turn", range(5))
def test_stale_events(programs, turn):
    """What the kernel says of a connection must not be taken for the next one's that has the number
    of its descriptor: connections break, and the poller hears late of it."""
    agencies = 150
    programs.start_server(agencies=agencies + 1, fail=shim.rule("epoll_wait", ["d50"], 1),
                          SERVER_LISTEN_BACKLOG=4 * agencies)
    # All come while the server sleeps.
    programs.process.signal(signal.SIGSTOP)
    waiting = []
    for agency in range(1, agencies + 1):
        for _ in range(2):
            broken = programs.connect(frames.frame(0x77))
            reset_on_close(broken.connection)
            broken.connection.close()
        waiting.append(programs.connect(frames.hello(agency), frames.finished(0),
                                        frames.frame(frames.WINNERS_QUERY)))
    programs.process.signal(signal.SIGCONT)
    for peer in waiting:
        assert kinds(peer, 2) == [frames.WELCOME, frames.CONFIRMED]
    last = programs.connect(frames.hello(agencies + 1), frames.finished(0))
    assert kinds(last, 2) == [frames.WELCOME, frames.CONFIRMED]
    for peer in waiting:
        assert kinds(peer, 1) == [frames.WINNERS]


def test_ready_while_nobody_waits(programs):
    """A message comes after the server found that there was none, and before it waits for one."""
    programs.start_server(agencies=1, fail=shim.rule("recv", ["d50"], 1))
    agency = programs.connect(frames.hello(1))
    assert kinds(agency, 1) == [frames.WELCOME]
    agency.say(frames.finished(0))
    assert kinds(agency, 1) == [frames.CONFIRMED]


def test_bets_after_a_failure(programs):
    """A batch cannot be stored, and the next one is on its way: it must not take its place."""
    programs.start_server(agencies=1, fail=shim.rule(
        "write_file", [f"e{errno.ENOSPC}"], 1, 1, file="bets.csv"))
    agency = programs.connect(frames.hello(1), frames.batch(0, [ROW]))
    assert kinds(agency, 2) == [frames.WELCOME, frames.REJECTED]
    agency.say(frames.batch(1, [ROW]))
    agency.connection.shutdown(socket.SHUT_WR)
    assert agency.connection.recv(1) == b""
    assert store.whole_rows(programs.data)["bets.csv"] == b""


def test_lost_lines(programs):
    """A log without a reader loses lines, and says how many."""
    reader, writer = os.pipe()
    programs.start_server(agencies=1, outputs={"output": writer})
    os.close(writer)
    # Each is a line of some hundred bytes. Eight megabytes may wait.
    sent = 150_000
    agency = programs.connect(frames.hello(1), b"".join(
        frames.bet(offset, ROW) for offset in range(sent)), frames.finished(sent))
    agency.hear(frames.CONFIRMED)
    programs.process.signal(signal.SIGTERM)
    with open(reader, encoding="utf-8") as output:
        log = Log.of(output.read())
    logged = len(log.places("apuesta_almacenada"))
    lost = sum(int(log.lines[place].fields["lost_lines"])
               for place in log.places("log", result="fail"))
    assert logged < sent
    assert lost >= sent - logged
