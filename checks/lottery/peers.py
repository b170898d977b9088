"""Peers that tests play themselves: clients and servers, each on a thread of its own."""

import socket
import threading
import time

from lottery import frames
from lottery.processes import Deadline


class Client:
    """Connects again and again, and plays `part` on each connection.

    `part` is a generator over the connection: a step after the other.
    """

    def __init__(self, port, part):
        self.port, self.part = port, part
        self.steps = 0
        self.has_ended = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def wait_for(self, steps):
        Deadline(10).wait(lambda: self.steps >= steps, f"{steps} steps of a client")

    def close(self):
        self.has_ended = True
        self.thread.join()

    def _run(self):
        while not self.has_ended:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as peer:
                    for _ in self.part(peer):
                        self.steps += 1
                        if self.has_ended:
                            return
            except OSError:
                time.sleep(0.01)


class Server:
    """Listens on a port of its own, and plays `part` on one connection after the other."""

    def __init__(self, part):
        self.part = part
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.listener.settimeout(0.05)
        self.port = self.listener.getsockname()[1]
        self.connections = 0
        self.has_ended = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def close(self):
        self.has_ended = True
        self.thread.join()
        self.listener.close()

    def _run(self):
        while not self.has_ended:
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            with connection:
                connection.settimeout(5)
                self._play(connection)

    def _play(self, connection):
        try:
            for _ in self.part(Peer(connection)):
                if self.has_ended:
                    return
        except OSError:
            # The client has gone.
            pass


class Peer:
    """The other end of a connection, which speaks in frames."""

    def __init__(self, connection):
        self.connection = connection
        self.frames, self.arrived = frames.Frames(), []

    def hear(self, kind):
        """Waits for a frame of that kind, and passes over others."""
        while True:
            while self.arrived:
                if self.arrived.pop(0)[0] == kind:
                    return
            data = self.connection.recv(65536)
            if not data:
                raise ConnectionError("closed")
            self.arrived += self.frames.feed(data)

    def say(self, *messages):
        self.connection.sendall(b"".join(messages))
