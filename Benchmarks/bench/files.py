"""Files of bets: what is in them, and what a server starts over."""

import mmap
import os
import time

from processes import Failure


def read(path):
    """Reads a file and does nothing with it. Returns the seconds that it took, and of CPU time."""
    buffer = bytearray(256 * 1024)
    with open(path, "rb", buffering=0) as file:
        start = time.monotonic(), time.process_time()
        while file.readinto(buffer):
            pass
        return time.monotonic() - start[0], time.process_time() - start[1]


def rows(path):
    """The rows of a file, none of whose fields holds a line end."""
    with open(path, "rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def check_rows(path, expected):
    """A fast run that has lost bets is none."""
    if (found := rows(path)) != expected:
        raise Failure(f"{path} has {found} rows instead of {expected}")


def place_of_last_row(file, path):
    """Where in the file at `path` the last bet of an agency's `file` is, from 0 to 1."""
    last = file.read_bytes().splitlines()[-1]
    document_and_birthdate = b",".join(last.split(b",")[2:4]) + b","
    with open(path, "rb") as stored, mmap.mmap(stored.fileno(), 0, prot=mmap.PROT_READ) as bytes:
        return bytes.rfind(document_and_birthdate) / len(bytes)


def synchronize(path):
    """Has a file on the disk: nothing of it is to be written while anything is measured."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def write_store(directory, file, copies, agencies):
    """Writes what a server keeps (`PROTOCOL.md`, What the server keeps) of a lottery whose agencies
    have all finished, their batches having come in turn: the bets of an agency's file, so many
    times. Returns how many bets that are."""
    lines = file.read_bytes().splitlines(keepends=True)
    owners = [index // 125 % agencies + 1 for index in range(len(lines))]
    block = b"".join(b"%d,%b" % (owner, line) for owner, line in zip(owners, lines))
    with open(directory / "bets.csv", "wb") as store:
        for _ in range(copies):
            store.write(block)
    synchronize(directory / "bets.csv")
    (directory / "finished.csv").write_bytes(b"".join(
        b"%d,%d\r\n" % (agency, owners.count(agency) * copies)
        for agency in range(1, agencies + 1)))
    return len(lines) * copies
