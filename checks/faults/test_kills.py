"""Servers and agencies are killed and started again, at random moments and at chosen ones."""

import contextlib
import shutil
import threading
import time

from lottery import store
from lottery.frames import CONFIRMED, FINISHED, WINNERS, Frames
from lottery.network import Cut, Proxy

ROUNDS = 100
# Of the lottery whose rows are torn. A hundred rounds with two cuts each reach every byte of the
# last three rows.
AGENCIES, ROWS, LAST_ROWS, CUTS = 2, 60, 3, 2


def test_server_killed(hold, chance, number):
    """The server is killed and started again, one to three times."""
    def fault(lottery):
        time.sleep(chance.uniform(0, 0.005))
        lottery.kill_server()
        time.sleep(chance.uniform(0, 0.1))
        lottery.restart_server()

    _play(hold(), chance, 1, 3, fault)


def test_agencies_killed(hold, chance, number):
    """Agencies are killed and started again, two to six times."""
    _play(hold(), chance, 2, 6, lambda lottery: _kill_agencies(lottery, chance))


def test_both_killed(hold, chance, number):
    """Server and agencies are killed and started again, in any order and sometimes together."""
    def fault(lottery):
        if chance.random() < 0.5:
            _kill_agencies(lottery, chance)
        lottery.kill_server()
        if chance.random() < 0.5:
            _kill_agencies(lottery, chance)
        lottery.restart_server()

    _play(hold(), chance, 1, 4, fault)


def _play(lottery, chance, least, most, fault):
    """Plays a fault at `least` to `most` random moments of a lottery."""
    lottery.start_all()
    for moment in moments(chance, least, most):
        lottery.wait_until_stored(moment)
        fault(lottery)
    lottery.finish()


def moments(chance, least, most):
    """Returns moments for faults, each as the part of all bets that is stored by then."""
    return sorted(chance.uniform(0, 0.98) for _ in range(chance.randint(least, most)))


def _kill_agencies(lottery, chance):
    for agency in chance.sample(sorted(lottery.agencies), chance.randint(1, 2)):
        lottery.kill_agency(agency)
        time.sleep(chance.uniform(0, 0.02))
        lottery.start_agency(agency)


def test_draw(hold, chance, number):
    """The server is killed around the draw: when the last agency says FINISHED; when it answers
    CONFIRMED; when it sends an agency, the first or a later one, its winners. The answer or the
    winners are lost."""
    lottery = hold()
    agencies = len(lottery.bets.by_agency)
    kind, count = ((FINISHED, agencies), (CONFIRMED, agencies),
                   (WINNERS, chance.randint(1, agencies)))[number % 3]
    moment = _Moment(kind, count, lottery)
    lottery.start_server()
    with contextlib.closing(Proxy(lottery.port, tap=moment.tap)) as proxy:
        lottery.entrance = proxy.port
        lottery.start_agencies()
        lottery.wait(moment.has_come.is_set, "the draw is near")
        if kind == FINISHED:
            # It is in flight: the server may still store it, hold the draw, and answer.
            time.sleep(chance.uniform(0, 0.003))
        lottery.kill_server()
        lottery.restart_server()
        lottery.finish()


class _Moment:
    """Waits for the `count`th frame of a kind in all connections. If it comes from the server, the
    server is killed at once and the frame is lost."""

    def __init__(self, kind, count, lottery):
        self.kind = kind
        self.left = count
        self.lottery = lottery
        self.lock = threading.Lock()
        self.has_come = threading.Event()

    def tap(self):
        """Returns the function that looks at one connection."""
        streams = {True: Frames(), False: Frames()}

        def look(data, from_server):
            for kind, _ in streams[from_server].feed(data):
                if kind == self.kind and self._comes() and from_server:
                    self.lottery.server.popen.kill()
                    # Before the test knows, it must be dead.
                    self.has_come.set()
                    raise Cut

        return look

    def _comes(self):
        with self.lock:
            self.left -= 1
            if self.left == 0 and self.kind == FINISHED:
                self.has_come.set()
            return self.left == 0


def test_torn_rows(hold, small, chance, number):
    """The last rows of `bets.csv` and `finished.csv` are cut at every byte. The lottery goes
    on from each."""
    bets = small(AGENCIES, ROWS)
    data = _interrupt(hold(bets), lambda lottery: lottery.wait_until_stored(
        chance.uniform(0.2, 0.5)))
    # No agency finishes before its bets are safe: then none of the last ones can be torn.
    (data / "finished.csv").write_bytes(b"")
    for cut in range(CUTS):
        _go_on(hold(bets), data, "bets.csv", CUTS * number + cut)
    data = _interrupt(hold(bets), lambda lottery: lottery.wait(
        lambda: len(store.finished_agencies(lottery.data)) == AGENCIES, "all have finished"))
    _go_on(hold(bets), data, "finished.csv", number)


def _interrupt(lottery, moment):
    """Returns the directory that a server leaves when it is killed at some moment."""
    lottery.batch, lottery.window = 5, 2
    lottery.start_all()
    moment(lottery)
    lottery.kill_server()
    lottery.check_promises()
    for process in lottery.agencies.values():
        process.kill()
    return lottery.data


def _go_on(lottery, interrupted, name, number):
    """Cuts off 1 byte or more, up to the last rows, and lets the lottery end."""
    shutil.copytree(interrupted, lottery.data)
    path = lottery.data / name
    content = path.read_bytes()
    last = sum(map(len, content.splitlines(keepends=True)[-LAST_ROWS:]))
    torn = content[:len(content) - 1 - number % last]
    path.write_bytes(torn)
    lottery.tally["faults"] += 1
    lottery.restart_server()
    # Before the agencies connect, the log tells what was cut off.
    whole = torn.rfind(b"\n") + 1
    assert f"torn_bytes: {len(torn) - whole} " in lottery.server.text()
    lottery.start_agencies()
    lottery.finish()
