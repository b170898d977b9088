"""Peers that tests play themselves: they speak in frames, some on a thread of their own."""

import socket
import struct
import threading
import time

from lottery import frames
from lottery.processes import Deadline


class Peer:
    """The other end of a connection."""

    def __init__(self, connection):
        self.connection = connection
        self.frames, self.arrived = frames.Frames(), []

    def say(self, *messages):
        self.connection.sendall(b"".join(messages))

    def next(self):
        """Waits for the next frame, and returns its type and body."""
        while not self.arrived:
            data = self.connection.recv(65536)
            if not data:
                raise ConnectionError("closed")
            self.arrived += self.frames.feed(data)
        return self.arrived.pop(0)

    def hear(self, kind):
        """Waits for a frame of that kind, passes over others, and returns its body."""
        while (frame := self.next())[0] != kind:
            continue
        return frame[1]


class Player:
    """Plays `part` on one connection after the other, on a thread of its own. `part` is a generator
    over the connection: a step after the other."""

    def __init__(self, part):
        self.part = part
        self.connections = self.steps = 0
        self.has_ended = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def wait_for(self, steps):
        Deadline(10).wait(lambda: self.steps >= steps, f"{steps} steps of a peer")

    def close(self):
        self.has_ended = True
        self.thread.join()

    def _run(self):
        while not self.has_ended:
            try:
                with self.connect() as connection:
                    self.connections += 1
                    connection.settimeout(5)
                    for _ in self.part(connection):
                        self.steps += 1
                        if self.has_ended:
                            return
            except OSError:
                # The other side has gone.
                time.sleep(0.01)


class Client(Player):
    """Connects again and again."""

    def __init__(self, port, part):
        self.port = port
        super().__init__(part)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), 5)


class Server(Player):
    """Listens on a port of its own."""

    def __init__(self, part):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.listener.settimeout(0.05)
        self.port = self.listener.getsockname()[1]
        super().__init__(part)

    def connect(self):
        return self.listener.accept()[0]

    def close(self):
        super().close()
        self.listener.close()


def script(*steps, then=None, pause=0.02):
    """Returns a part: hears frames of a type (a number) and says bytes. Afterwards it says `then`
    without end, or leaves."""
    def part(connection):
        peer = Peer(connection)
        for step in steps:
            peer.hear(step) if isinstance(step, int) else peer.say(step)
        yield
        while then is not None:
            peer.say(then)
            yield
            time.sleep(pause)

    return part


def reset_on_close(connection):
    """Lingering for no time makes closing a reset (socket(7))."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
