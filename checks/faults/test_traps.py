"""Traps of sockets and outputs that show in rare orders of events only."""

import errno
import os
import signal
import socket
import struct

from faults.sweep.runs import listens
from lottery import frames, programs, shim, store
from lottery.log import Log
from lottery.processes import Deadline, Process, free_port


ROW = ["Ana", "Paz", "7", "1999-03-17", "7574"]


class Server:
    """A server whose output needs no reader."""

    def __init__(self, bench, directory, agencies, kind=Process, **settings):
        self.port = free_port()
        self.process = programs.start_server(
            bench.where, directory / "server.log", self.port, agencies, kind=kind,
            **{"SERVER_DATA_DIR": directory / "data"} | settings)
        Deadline(10).wait(lambda: listens(self), "the server listens")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), 10)


def read_frames(connection, count):
    """Returns the types of the next frames."""
    kinds, decoder = [], frames.Frames()
    while len(kinds) < count:
        data = connection.recv(65536)
        assert data, f"closed after {kinds}"
        kinds += [kind for kind, _ in decoder.feed(data)]
    return kinds


def test_unread_bytes(bench, tmp_path):
    """A server that closed over unread bytes would reset the connection, which can destroy the
    ERROR on its way."""
    server = Server(bench, tmp_path, 1)
    with server.connect() as client:
        client.sendall(frames.hello(7) + bytes(4 << 20))
        client.shutdown(socket.SHUT_WR)
        assert read_frames(client, 1) == [frames.ERROR]


def test_stale_events(bench, tmp_path):
    """What the kernel says of a connection must not be taken for the next one's that has the number
    of its descriptor: connections break, and the poller hears late of it."""
    agencies = 60
    server = Server(
        bench, tmp_path, agencies + 1, SERVER_LISTEN_BACKLOG=4 * agencies,
        LD_PRELOAD=bench.shim, SHIM_FAIL=shim.rule("epoll_wait", ["d50"], 1))
    # All come while the server sleeps.
    server.process.signal(signal.SIGSTOP)
    waiting = []
    for agency in range(1, agencies + 1):
        for _ in range(2):
            with server.connect() as broken:
                broken.sendall(frames.frame(0x77))
                # Lingering for no time makes closing a reset (socket(7)).
                broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        waiting.append(server.connect())
        waiting[-1].sendall(frames.hello(agency) + frames.finished(0)
                            + frames.frame(frames.WINNERS_QUERY))
    server.process.signal(signal.SIGCONT)
    for connection in waiting:
        assert read_frames(connection, 2) == [frames.WELCOME, frames.CONFIRMED]
    with server.connect() as last:
        last.sendall(frames.hello(agencies + 1) + frames.finished(0))
        for connection in waiting:
            assert read_frames(connection, 1) == [frames.WINNERS]
            connection.close()


def test_bets_after_a_failure(bench, tmp_path):
    """A batch cannot be stored, and the next one is on its way: it must not take its place."""
    rule = shim.rule("write_file", [f"e{errno.ENOSPC}"], 1, 1, file="bets.csv")
    server = Server(bench, tmp_path, 1, LD_PRELOAD=bench.shim, SHIM_FAIL=rule)
    with server.connect() as agency:
        agency.sendall(frames.hello(1) + frames.batch(0, [ROW]))
        assert read_frames(agency, 2) == [frames.WELCOME, frames.REJECTED]
        agency.sendall(frames.batch(1, [ROW]))
        agency.shutdown(socket.SHUT_WR)
        assert agency.recv(1) == b""
    assert store.whole_rows(tmp_path / "data")["bets.csv"] == b""


def test_lost_lines(bench, tmp_path):
    """A log without a reader loses lines, and says how many."""
    reader, writer = os.pipe()

    class Unread(Process):
        def _start(self, command, environment):
            return self._start_with(command, environment, writer)

    server = Server(bench, tmp_path, 1, kind=Unread)
    os.close(writer)
    # Each is a line of some hundred bytes. Eight megabytes may wait.
    sent = 150_000
    bets = b"".join(frames.bet(offset, ROW) for offset in range(sent))
    with server.connect() as agency:
        agency.sendall(frames.hello(1) + bets + frames.finished(sent))
        while read_frames(agency, 1)[-1] != frames.CONFIRMED:
            pass
    server.process.signal(signal.SIGTERM)
    with open(reader, encoding="utf-8") as output:
        log = Log.of(output.read())
    logged = len(log.places("apuesta_almacenada"))
    lost = sum(int(log.lines[place]["lost_lines"]) for place in log.places("log", result="fail"))
    assert logged < sent
    assert lost >= sent - logged
