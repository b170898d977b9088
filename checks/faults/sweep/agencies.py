"""Agencies that the sweep plays itself: they know exactly what they were promised."""

import contextlib
import itertools
import socket
import struct
import time

from lottery import frames
from lottery.peers import Peer
from lottery.processes import Failure

KEY = b"open sesame"
BATCH = 2
# Codes of REJECTED and ERROR after which an agency retries.
PASSING_REJECTED, PASSING_ERROR = (2, 3), (8, 9)


class ScriptedAgency:
    """One agency: stores its bets in batches, says FINISHED, and asks for its winners, over as many
    connections as it takes."""

    def __init__(self, bets, port, acknowledged, confirmed):
        self.bets, self.port = bets, port
        # What was ever promised: bets, and that the agency has finished.
        self.acknowledged, self.confirmed = acknowledged, confirmed
        # The winners, each time that it was told them.
        self.told = []
        self.peer = None

    def finish(self):
        """Stores what is missing, and says FINISHED."""
        total = len(self.bets.bets)
        for offset in range(self.acknowledged, total, BATCH):
            self.peer.say(frames.batch(offset, self.bets.bets[offset:offset + BATCH]))
        while self.acknowledged < total:
            self._note_stored(self._hear(frames.STORED))
        self.peer.say(frames.finished(total))
        self._hear(frames.CONFIRMED)
        self.confirmed = True

    def ask(self):
        """Asks for the winners."""
        self.peer.say(frames.frame(frames.WINNERS_QUERY))
        winners, more = [], True
        while more:
            more, documents = frames.documents(self._hear(frames.WINNERS))
            winners += documents
        self.told.append(winners)

    def connect(self, timeout):
        """Connects if there is no connection."""
        if self.peer:
            return
        connection = socket.create_connection(("127.0.0.1", self.port), timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peer = Peer(connection)
        self.peer.say(frames.hello(self.bets.agency, KEY))
        self._note_stored(self._hear(frames.WELCOME)[2:])

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

    def _note_stored(self, body):
        (stored,) = struct.unpack_from(">Q", body)
        if stored < self.acknowledged:
            raise Failure(f"agency {self.bets.agency} was promised {self.acknowledged} bets, and "
                          f"is told of {stored}")
        self.acknowledged = stored

    def _hear(self, wanted):
        """Returns the body of the next frame."""
        kind, body = self.peer.next()
        if kind == wanted:
            return body
        if (kind == frames.ERROR and body[0] in PASSING_ERROR
                or kind == frames.REJECTED and body[10] in PASSING_REJECTED):
            raise ConnectionError("not now")
        raise Failure(f"agency {self.bets.agency} waits for {wanted:#x} and gets {kind:#x}: {body}")


def hold(agencies, is_alive, timeout, attempts):
    """Holds the lottery of the agencies, and returns whether all have been told their winners.

    `timeout` is in seconds, for each answer. At most `attempts` may fail.
    """
    failed = 0
    for agency in agencies:
        agency.hang_up()
    steps = [*itertools.product((ScriptedAgency.finish, ScriptedAgency.ask), agencies)]
    while steps:
        step, agency = steps[0]
        try:
            agency.connect(timeout)
            step(agency)
            del steps[0]
        except OSError:
            agency.hang_up()
            failed += 1
            if not is_alive() or failed == attempts:
                return False
            time.sleep(min(0.001 * 2 ** failed, 0.1))
    return True
