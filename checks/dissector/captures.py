"""Captures of made-up connections.

The messages are those of the last section of PROTOCOL.md, cut into TCP segments in all the ways
that a network may choose. There are also an echo connection, and malformed messages after a good
one.
"""

import re
import struct

from lottery.checkouts import ROOT
from lottery.frames import BATCH, HELLO, STATUS, Frames, batch, frame

SERVER, AGENCY = ("10.0.0.1", 12345), ("10.0.0.2", 40000)
RAW_IP = 101  # the link type: packets begin with their IP header
# Full batches of an agency.
BETS, BATCHES = 150, 20
ENDS_IN_A_FIELD = "the body ends inside a field"
# What is sent after a good HELLO, and what is wrong with it.
MALFORMED = {
    "length-0": (frame(HELLO, length=0), "length 0: must be 1 to 7996"),
    "length-7997": (frame(BATCH, "100x", length=7997), "length 7997: must be 1 to 7996"),
    "unknown-type": (frame(0x42), "unknown type 0x42"),
    "short-body": (frame(HELLO, "BI", 1, 3), ENDS_IN_A_FIELD),
    "long-body": (frame(HELLO, "BIBc", 1, 3, 0, b"!"), "1 bytes left over after the last field"),
    "empty-batch": (frame(BATCH, "QH", 0, 0), "a batch has one bet at least"),
    "batch-of-lies": (frame(BATCH, "QH", 0, 65535), ENDS_IN_A_FIELD),
    "short-entry": (frame(STATUS, "BBIIQQQHI", 0, 0, 5, 0, 0, 0, 0, 1, 3), ENDS_IN_A_FIELD),
    "long-text": (frame(HELLO, "BIB", 1, 3, 255), ENDS_IN_A_FIELD),
}


def documented_messages():
    """Returns the frames in hex under "Every message in hex", those of the agency first."""
    document = (ROOT / "PROTOCOL.md").read_text(encoding="utf-8")
    section = document.split("## Every message in hex")[1]
    lines = re.findall(r"^(?:[0-9a-f]{2}[ |]*)+$", section, re.MULTILINE)
    stream = bytes.fromhex("".join(lines).replace("|", ""))
    messages = [frame(kind, f"{len(body)}s", body) for kind, body in Frames().feed(stream)]
    return sorted(messages, key=is_from_server)


def is_from_server(message):
    return message[4] >= 0x80


def segment(source, target, sequence, data):
    """Returns an IPv4 packet. Both checksums are 0, which readers take for not filled in yet."""
    tcp = struct.pack(">HHIIBBHHH", source[1], target[1], sequence, 1, 5 << 4, 0x18, 65535, 0, 0)
    addresses = b"".join(bytes(map(int, end[0].split("."))) for end in (source, target))
    size = 20 + len(tcp) + len(data)
    return struct.pack(">BBHHHBBH", 0x45, 0, size, 0, 0, 64, 6, 0) + addresses + tcp + data


def write(path, pieces):
    """Writes a pcap file with one connection: `pieces` are pairs (from the server, data)."""
    file = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, RAW_IP)
    sequences = {True: 1, False: 1}
    for time, (from_server, data) in enumerate(pieces):
        ends = (SERVER, AGENCY) if from_server else (AGENCY, SERVER)
        packet = segment(*ends, sequences[from_server], data)
        sequences[from_server] += len(data)
        file += struct.pack("<IIII", time, 0, len(packet), len(packet)) + packet
    path.write_bytes(file)


def cut_at(messages, place):
    """Cuts each message that is longer than `place` there, into two segments."""
    halves = [(is_from_server(m), part) for m in messages for part in (m[:place], m[place:])]
    return [(from_server, part) for from_server, part in halves if part]


def cut_every(messages, size):
    """Cuts the bytes of the agency, then those of the server, into segments of `size`."""
    pieces = []
    for side in (False, True):
        stream = b"".join(m for m in messages if is_from_server(m) == side)
        pieces += [(side, stream[at : at + size]) for at in range(0, len(stream), size)]
    return pieces


def made_up():
    """Returns the pieces of each connection by name."""
    messages = documented_messages()
    hello, line = messages[0], "¿hay alguien?\n".encode()
    return {
        "whole": cut_at(messages, 8000),
        "split-header": cut_at(messages, 2),
        "split-body": cut_at(messages, 25),
        "bytes": cut_every(messages, 1),
        "straddling": cut_every(messages, 37),
        "together": cut_every(messages, 8000),
        # As a fast network sends them: large segments, each with the ends of several batches.
        "many": cut_every([hello, *(
            batch(start, [("Ana", "Paz", str(start + row), "1999-03-17", "7574")
                          for row in range(BETS)]) for start in range(0, BETS * BATCHES, BETS))],
            30_000),
        "echo": [(False, line[:6]), (False, line[6:]), (True, line)],
        "midway": [(False, messages[3][30:])] + cut_at(messages[4:], 8000),
        **{name: [(False, hello + message)] for name, (message, _) in MALFORMED.items()},
    }
