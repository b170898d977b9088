"""Every loop of the server whose length a peer, a file or a clock decides, made endless: SIGTERM
ends each in order. Clients that say nothing are those of the sweep (`quiet`)."""

import select

import pytest

from lottery import frames, peers, shim
from lottery.processes import check_ends_in_order

ROW = ["Ana", "Paz", "7", "1999-03-17", "7574"]
PLAIN, QUOTED = b"1,Ana,Paz,7,1999-03-17,1\r\n", b'1,"Ana, la",Paz,7,1999-03-17,1\r\n'
# Bytes of a file, of which a read takes 100 ms for at most 256 KiB.
LARGE = 30 << 20


def lines(line):
    return (line * (65536 // len(line)) for _ in range(LARGE // 65536))


@pytest.mark.parametrize("file, content", [
    pytest.param("bets.csv", lambda: lines(PLAIN), id="plain rows"),
    pytest.param("bets.csv", lambda: lines(QUOTED), id="rows with quotes"),
    pytest.param("bets.csv", lambda: lines(b"\n"), id="blank lines"),
    pytest.param("bets.csv", lambda: (
        b"%d,Ana,Paz,7,1999-03-17,1\r\n" % agency for agency in range(1, 200_000)),
        id="rows of many agencies"),
    pytest.param("bets.csv", lambda: [PLAIN, bytes(LARGE)], id="NULs"),
    pytest.param("finished.csv", lambda: (
        b"%d,0\r\n" % agency for agency in range(1, 1_000_000)), id="finished agencies")])
def test_recovery(programs, file, content):
    programs.data.mkdir()
    with open(programs.data / file, "wb") as output:
        output.writelines(content())
    programs.launch_server(fail=shim.rule("pread", ["d100"], 1, file=file))
    programs.wait_for_hits(4)
    check_ends_in_order(programs.process)


def asks(agency, total):
    """Returns what an agency says that has finished, and asks for its winners."""
    return frames.hello(agency) + frames.finished(total) + frames.frame(frames.WINNERS_QUERY)


def test_scan(programs):
    """The draw reads the bets. The recovery has read them before, a little faster."""
    reads = 16
    total = reads * (256 << 10) // len(PLAIN)
    programs.data.mkdir()
    (programs.data / "bets.csv").write_bytes(PLAIN * total)
    programs.start_server(
        agencies=1, fail=shim.rule("pread", ["d300"], reads + 4, file="bets.csv"))
    agency = programs.connect(asks(1, total))
    programs.wait_for_hits(2)
    check_ends_in_order(programs.process)
    agency.hear(frames.ERROR)


@pytest.mark.parametrize("listening", [True, False], ids=["listening", "deaf"])
@pytest.mark.parametrize("first, again", [
    pytest.param(frames.hello(3), frames.finished(0), id="FINISHED"),
    pytest.param(frames.hello(3), frames.bet(0, ROW), id="a bet that is stored"),
    pytest.param(b"", frames.frame(frames.STATUS_QUERY), id="STATUS?"),
    pytest.param(b"", b"x" * 99 + b"\n", id="lines"),
    pytest.param(b"", b"x", id="one line"),
    pytest.param(b"", frames.frame(0x77), id="wrong frames")])
def test_flood(programs, play, first, again, listening):
    """A client speaks without end, on connection after connection."""
    def flood(connection):
        connection.sendall(first)
        connection.setblocking(False)
        while True:
            readable, writable, _ = select.select(
                [connection] if listening else [], [connection], [], 0.1)
            if readable and not connection.recv(1 << 20):
                return
            if writable:
                connection.send(again * 1000)
            yield

    programs.start_server()
    play(peers.Client, programs.port, flood).wait_for(3)
    check_ends_in_order(programs.process)


def test_connections(programs, play):
    """A client connects without end."""
    programs.start_server(SERVER_LISTEN_BACKLOG=128)
    play(peers.Client, programs.port, lambda connection: iter([None])).wait_for(1000)
    check_ends_in_order(programs.process)


def test_wait_for_the_draw(programs):
    """Many agencies wait for one that does not come."""
    agencies = 300
    programs.start_server(agencies=agencies + 1, SERVER_LISTEN_BACKLOG=agencies)
    waiting = [programs.connect(asks(agency, 0)) for agency in range(1, agencies + 1)]
    check_ends_in_order(programs.process)
    waiting[0].hear(frames.ERROR)


def test_delay(programs):
    """The draw has been held, and its winners are announced in an hour."""
    programs.start_server(agencies=1, SERVER_WINNERS_DELAY="1h")
    agency = programs.connect(asks(1, 0))
    agency.hear(frames.CONFIRMED)
    check_ends_in_order(programs.process)
    agency.hear(frames.ERROR)
