"""The server is killed around the draw."""

import contextlib
import threading
import time

from frames import CONFIRMED, FINISHED, WINNERS, Frames
from proxy import Cut, Proxy, Weather


def killed_at_the_draw(round):
    """Three moments take turns: the last agency says FINISHED; the server answers CONFIRMED; it
    sends an agency, the first or a later one, its winners. The answer or the winners are lost."""
    with round.lottery() as lottery:
        agencies = len(lottery.bets.by_agency)
        kind, count = (
            (FINISHED, agencies), (CONFIRMED, agencies),
            (WINNERS, round.random.randint(1, agencies)))[round.number % 3]
        moment = _Moment(kind, count, lottery)
        lottery.start_server()
        with contextlib.closing(Proxy(lottery.port, lambda number: Weather(), moment.tap)) as proxy:
            lottery.entrance = proxy.port
            lottery.start_agencies()
            lottery.deadline.wait(moment.has_come.is_set, "the draw is near")
            if kind == FINISHED:
                # It is in flight: the server may still store it, hold the draw, and answer.
                time.sleep(round.pause(0.003))
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
                    raise Cut

        return look

    def _comes(self):
        with self.lock:
            self.left -= 1
            if self.left == 0:
                self.has_come.set()
            return self.left == 0
