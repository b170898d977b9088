"""Agencies that the checks play themselves: they know exactly what they were promised."""

import contextlib
import socket
import struct
import time

from lottery import frames
from lottery.peers import Peer
from lottery.processes import Failure

# Codes of REJECTED and ERROR after which an agency retries.
_PASSING_REJECTED = (2, 3)
_PASSING_ERROR = (8, 9)


class ScriptedAgency:
    """One agency: stores its bets in batches, says FINISHED, and asks for its winners, over as many
    connections as it takes."""

    BATCH = 2

    def __init__(self, bets, port, key, acknowledged, confirmed):
        self.bets = bets
        self.port = port
        self.key = key
        # Seconds to wait for an answer.
        self.timeout = 0
        self.peer = None
        self.has_asked = False
        # Bets that are stored, as this connection was told.
        self.stored = 0
        # What was ever promised: bets, and that the agency has finished.
        self.acknowledged = acknowledged
        self.confirmed = confirmed
        # The winners, each time that it was told them.
        self.told = []

    def finish(self):
        """Stores what is missing, and says FINISHED."""
        self._greet()
        if self.has_asked:
            return
        total = len(self.bets.bets)
        for offset in range(self.stored, total, self.BATCH):
            self._say(frames.batch(offset, self.bets.bets[offset:offset + self.BATCH]))
        while self.stored < total:
            self._note_stored(self._receive(frames.STORED))
        self._say(frames.finished(total))
        self._receive(frames.CONFIRMED)
        self.confirmed = True

    def ask(self):
        """Asks for the winners, once a connection."""
        self._greet()
        if not self.has_asked:
            self._say(frames.frame(frames.WINNERS_QUERY))
            self.has_asked = True
        winners, more = [], True
        while more:
            more, documents = frames.documents(self._receive(frames.WINNERS))
            winners += documents
        self.told.append(winners)

    def attempt(self, step):
        """Takes a step. Hangs up and returns false if the connection breaks."""
        try:
            step(self)
            return True
        except OSError:
            self.hang_up()
            return False

    def hang_up(self):
        if self.peer:
            self.peer.connection.close()
        self.peer = None

    def take_leave(self):
        """Reads what the server sends while it ends, and hangs up."""
        with contextlib.suppress(OSError):
            while self.peer and self.peer.connection.recv(4096):
                pass
        self.hang_up()

    def _greet(self):
        """Connects if there is no connection."""
        if self.peer:
            return
        connection = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peer, self.has_asked = Peer(connection), False
        self._say(frames.hello(self.bets.agency, self.key))
        self._note_stored(self._receive(frames.WELCOME)[2:])

    def _note_stored(self, body):
        (self.stored,) = struct.unpack_from(">Q", body)
        if self.stored < self.acknowledged:
            raise Failure(f"agency {self.bets.agency} was promised {self.acknowledged} bets, and "
                          f"is told of {self.stored}")
        self.acknowledged = self.stored

    def _say(self, message):
        self.peer.connection.settimeout(self.timeout)
        self.peer.say(message)

    def _receive(self, wanted):
        """Returns the body of the next frame."""
        kind, body = self.peer.next()
        if kind == wanted:
            return body
        if (kind == frames.ERROR and body[0] in _PASSING_ERROR
                or kind == frames.REJECTED and body[10] in _PASSING_REJECTED):
            raise ConnectionError("not now")
        raise Failure(f"agency {self.bets.agency} waits for {wanted:#x} and gets {kind:#x}: {body}")


def hold(agencies, is_alive, timeout, attempts):
    """Holds the lottery of the agencies, and returns whether all have been told their winners.

    `timeout` is in seconds, for each answer. At most `attempts` may fail.
    """
    for agency in agencies:
        agency.timeout = timeout
    failed = 0
    for step in (ScriptedAgency.finish, ScriptedAgency.ask):
        for agency in agencies:
            while not agency.attempt(step):
                failed += 1
                if not is_alive() or failed == attempts:
                    return False
                time.sleep(min(0.001 * 2 ** failed, 0.1))
    return True
