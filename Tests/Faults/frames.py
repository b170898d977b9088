"""What goes over the wire, as far as the bench must know it (`PROTOCOL.md`, Framing)."""

import struct

HELLO = 0x01
BATCH = 0x03
FINISHED = 0x04
WINNERS_QUERY = 0x05
WELCOME = 0x81
STORED = 0x82
REJECTED = 0x83
CONFIRMED = 0x84
WINNERS = 0x85
ERROR = 0x8F


class Frames:
    """Finds the frames in one direction of a connection."""

    HEADER = 4

    def __init__(self):
        self.rest = b""

    def feed(self, data):
        """The type and the body of each frame that is complete with `data`."""
        self.rest += data
        frames = []
        while len(self.rest) > self.HEADER:
            end = self.HEADER + int.from_bytes(self.rest[:self.HEADER], "big")
            if len(self.rest) < end:
                break
            frames.append((self.rest[self.HEADER], self.rest[self.HEADER + 1:end]))
            self.rest = self.rest[end:]
        return frames


def frame(kind, layout="", *values):
    """A frame, its body packed as `struct` says."""
    body = bytes([kind]) + struct.pack(">" + layout, *values)
    return struct.pack(">I", len(body)) + body


def hello(agency, key):
    return frame(HELLO, f"BIB{len(key)}s", 1, agency, len(key), key)


def batch(offset, bets):
    """A batch of `bets`, rows of an agency's file."""
    body = b"".join(map(_bet, bets))
    return frame(BATCH, f"QH{len(body)}s", offset, len(bets), body)


def finished(total):
    return frame(FINISHED, "Q", total)


def documents(body):
    """Whether further frames follow one of WINNERS, and the documents in it."""
    more, count = struct.unpack_from(">BH", body)
    found, position = [], 3
    for _ in range(count):
        end = position + 1 + body[position]
        found.append(body[position + 1:end].decode())
        position = end
    return bool(more), found


def _bet(bet):
    *texts, birthdate, number = bet
    parts = [text.encode() for text in texts]
    year, month, day = map(int, birthdate.split("-"))
    return (b"".join(bytes([len(part)]) + part for part in parts)
            + struct.pack(">HBBI", year, month, day, int(number)))
