"""The frames of the protocol, as far as tests write and read them (`PROTOCOL.md`, Framing)."""

import struct

HELLO, BET, BATCH, FINISHED, WINNERS_QUERY = range(0x01, 0x06)
STATUS_QUERY, STATUS = 0x10, 0x90
WELCOME, STORED, REJECTED, CONFIRMED, WINNERS = range(0x81, 0x86)
ERROR = 0x8F


class Frames:
    """The frames in one direction of a connection."""

    HEADER = 4

    def __init__(self):
        self.rest = b""

    def feed(self, data):
        """Returns the type and the body of each frame that is complete with `data`."""
        self.rest += data
        frames = []
        while len(self.rest) > self.HEADER:
            end = self.HEADER + int.from_bytes(self.rest[:self.HEADER], "big")
            if len(self.rest) < end:
                break
            frames.append((self.rest[self.HEADER], self.rest[self.HEADER + 1:end]))
            self.rest = self.rest[end:]
        return frames


def frame(kind, layout="", *values, length=None):
    """Returns a frame, its body packed as `struct` says. `length` is a wrong one."""
    body = bytes([kind]) + struct.pack(">" + layout, *values)
    return struct.pack(">I", len(body) if length is None else length) + body


def hello(agency):
    """HELLO without a key."""
    return frame(HELLO, "BIB", 1, agency, 0)


def welcome():
    """WELCOME to an agency without stored bets."""
    return frame(WELCOME, "BBQ", 1, 0, 0)


def stored(total):
    return frame(STORED, "Q", total)


def rejected(code):
    """REJECTED of the first bet, without a reason."""
    return frame(REJECTED, "QHBB", 0, 0, code, 0)


def error(code):
    """ERROR without a reason."""
    return frame(ERROR, "BB", code, 0)


def winners(more, *texts):
    """WINNERS of these documents."""
    body = b"".join(bytes([len(text)]) + text for text in texts)
    return frame(WINNERS, f"BH{len(body)}s", more, len(texts), body)


def bet(offset, row):
    """BET of a row of an agency's file."""
    body = _bet(row)
    return frame(BET, f"Q{len(body)}s", offset, body)


def batch(offset, rows):
    """BATCH of rows of an agency's file."""
    body = b"".join(map(_bet, rows))
    return frame(BATCH, f"QH{len(body)}s", offset, len(rows), body)


def finished(total):
    return frame(FINISHED, "Q", total)


def _bet(row):
    *texts, birthdate, number = row
    parts = [text.encode() for text in texts]
    year, month, day = map(int, birthdate.split("-"))
    return (b"".join(bytes([len(part)]) + part for part in parts)
            + struct.pack(">HBBI", year, month, day, int(number)))
