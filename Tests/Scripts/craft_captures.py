"""craft_captures.py PROTOCOL.md DIR: writes captures of made-up connections, DIR/NAME.pcap.

The messages are those of the document's last section, cut into TCP segments in all the ways that a
network may choose. Besides: the echo service, and messages that are malformed behind a good one.
"""

import os
import struct
import sys

SERVER, AGENCY = ("10.0.0.1", 12345), ("10.0.0.2", 40000)
RAW_IP = 101  # the link type: packets begin with their IP header


def documented_messages(path):
    """The frames in hex under "Every message in hex", those of the agency first."""
    with open(path, encoding="utf-8") as document:
        section = document.read().split("## Every message in hex")[1]
    blocks = section.split("```text\n")[1:]
    stream = bytes.fromhex("".join(block.split("```")[0].replace("|", "") for block in blocks))
    messages = []
    while stream:
        size = 4 + struct.unpack_from(">I", stream)[0]
        messages.append(stream[:size])
        stream = stream[size:]
    return sorted(messages, key=is_from_server)


def is_from_server(message):
    return message[4] >= 0x80


def segment(source, target, sequence, data):
    """An IPv4 packet; both checksums are 0, which readers take for not filled in yet."""
    tcp = struct.pack(">HHIIBBHHH", source[1], target[1], sequence, 1, 5 << 4, 0x18, 65535, 0, 0)
    addresses = b"".join(bytes(map(int, end[0].split("."))) for end in (source, target))
    size = 20 + len(tcp) + len(data)
    return struct.pack(">BBHHHBBH", 0x45, 0, size, 0, 0, 64, 6, 0) + addresses + tcp + data


def capture(pieces):
    """The bytes of a pcap file with one connection: `pieces` are pairs (from the server, data)."""
    file = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, RAW_IP)
    sequences = {True: 1, False: 1}
    for time, (from_server, data) in enumerate(pieces):
        ends = (SERVER, AGENCY) if from_server else (AGENCY, SERVER)
        packet = segment(*ends, sequences[from_server], data)
        sequences[from_server] += len(data)
        file += struct.pack("<IIII", time, 0, len(packet), len(packet)) + packet
    return file


def cut_at(messages, place):
    """Each message in two segments, cut at `place` where it is longer than that."""
    halves = [(is_from_server(m), part) for m in messages for part in (m[:place], m[place:])]
    return [(from_server, part) for from_server, part in halves if part]


def cut_every(messages, size):
    """The bytes of the agency, then those of the server, in segments of `size`."""
    pieces = []
    for side in (False, True):
        stream = b"".join(m for m in messages if is_from_server(m) == side)
        pieces += [(side, stream[at : at + size]) for at in range(0, len(stream), size)]
    return pieces


def captures(messages):
    hello, line = messages[0], "¿hay alguien?\n".encode()
    malformed = {
        "length-0": struct.pack(">IB", 0, 1),
        "length-7997": struct.pack(">IB", 7997, 3) + bytes(100),
        "unknown-type": struct.pack(">IB", 1, 0x42),
        "short-body": struct.pack(">I", len(hello) - 5) + hello[4:-1],
        "long-body": struct.pack(">I", len(hello) - 3) + hello[4:] + b"!",
        "empty-batch": struct.pack(">IBQH", 11, 3, 0, 0),
        "batch-of-lies": struct.pack(">IBQH", 11, 3, 0, 65535),
        "short-entry": struct.pack(">IBBBIIHI", 17, 0x90, 0, 0, 5, 0, 1, 3),
        "long-text": struct.pack(">IBBIB", 7, 1, 1, 3, 255),
    }
    return {
        "whole": cut_at(messages, 8000),
        "split-header": cut_at(messages, 2),
        "split-body": cut_at(messages, 25),
        "bytes": cut_every(messages, 1),
        "straddling": cut_every(messages, 37),
        "together": cut_every(messages, 8000),
        "echo": [(False, line[:6]), (False, line[6:]), (True, line)],
        "midway": [(False, messages[3][30:])] + cut_at(messages[4:], 8000),
        **{name: [(False, hello + data)] for name, data in malformed.items()},
    }


def main(document, directory):
    for name, pieces in captures(documented_messages(document)).items():
        with open(os.path.join(directory, name + ".pcap"), "wb") as file:
            file.write(capture(pieces))


main(sys.argv[1], sys.argv[2])
