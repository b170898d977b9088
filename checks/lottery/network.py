"""A bad network: a proxy between the agencies and the server."""

import select
import socket
import struct
import threading
import time
from dataclasses import dataclass

RECEIVE_SIZE = 65536
# A timeout for every read and write.
SOCKET_SECONDS = 30


class Cut(Exception):
    """Says that the connection must be cut."""


@dataclass
class Weather:
    """What happens to one connection."""

    # Bytes that go through, in both directions together, before it is cut.
    cut_after: int | None = None
    # Whether both sides then get a reset, instead of an ordinary end.
    reset: bool = False
    # Bytes after which nothing goes through for `stall` seconds.
    stall_after: int | None = None
    stall: float = 0
    # Bytes that are sent at once, and the pause in seconds after each such piece.
    piece: int = RECEIVE_SIZE
    pause: float = 0


def no_tap(data, from_server):
    """Looks at nothing."""


class Proxy:
    """Listens on a port of its own and connects all clients to `target`.

    `weather` returns the Weather for the connection with that number, from 0. `tap` returns, for
    each connection, a function that is called with all data before it is passed on, and with
    whether the server sent it. That function may raise Cut.
    """

    def __init__(self, target, weather=lambda number: Weather(), tap=lambda: no_tap):
        self.target = target
        self.weather = weather
        self.tap = tap
        self.ended = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def close(self):
        """Cuts all connections, and waits for their threads."""
        self.ended.set()
        for thread in self.threads:
            thread.join()
        self.listener.close()

    def _accept(self):
        number = 0
        while not self.ended.is_set():
            if not _readable([self.listener]):
                continue
            agency, _ = self.listener.accept()
            thread = threading.Thread(
                target=self._connect, args=(agency, self.weather(number)), daemon=True)
            self.threads.append(thread)
            thread.start()
            number += 1

    def _connect(self, agency, weather):
        try:
            server = socket.create_connection(("127.0.0.1", self.target), SOCKET_SECONDS)
        except OSError:
            agency.close()
            return
        sides = {agency: server, server: agency}
        for side in sides:
            side.settimeout(SOCKET_SECONDS)
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._pass_on(sides, server, _Line(weather))
        except (Cut, OSError):
            pass
        for side in sides:
            if weather.reset:
                # Lingering for no time makes closing a reset (socket(7)).
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            side.close()

    def _pass_on(self, sides, server, line):
        tap = self.tap()
        while not self.ended.is_set():
            for side in _readable(list(sides)):
                data = side.recv(RECEIVE_SIZE)
                if not data:
                    return
                tap(data, side is server)
                line.send(data, sides[side])


class _Line:
    """One connection in its weather."""

    def __init__(self, weather):
        self.weather = weather
        self.passed = 0

    def send(self, data, sink):
        weather = self.weather
        for start in range(0, len(data), weather.piece):
            part = data[start:start + weather.piece]
            if weather.cut_after is not None:
                part = part[:weather.cut_after - self.passed]
            if part:
                sink.sendall(part)
            self.passed += len(part)
            if weather.cut_after is not None and self.passed >= weather.cut_after:
                raise Cut
            if weather.stall_after is not None and self.passed >= weather.stall_after:
                weather.stall_after = None
                time.sleep(weather.stall)
            if weather.pause:
                time.sleep(weather.pause)


def _readable(sockets):
    return select.select(sockets, [], [], 0.05)[0]
