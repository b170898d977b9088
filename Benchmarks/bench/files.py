"""Files of bets, and the files that a server starts with."""

import mmap
import os
import time

from processes import Failure


def read(path):
    """Reads a file and ignores the bytes. Returns the seconds that it took, and of CPU time."""
    buffer = bytearray(256 * 1024)
    with open(path, "rb", buffering=0) as file:
        start = time.monotonic(), time.process_time()
        while file.readinto(buffer):
            pass
        return time.monotonic() - start[0], time.process_time() - start[1]


def rows(path):
    """Returns how many rows a file has. No field may hold a line end."""
    with open(path, "rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def check_rows(path, expected):
    """Raises a Failure if a file has another number of rows."""
    if (found := rows(path)) != expected:
        raise Failure(f"{path} has {found} rows instead of {expected}")


def place_of_last_row(file, path):
    """Returns the place in the file at `path`, 0 to 1, of the last bet of an agency's `file`."""
    last = file.read_bytes().splitlines()[-1]
    document_and_birthdate = b",".join(last.split(b",")[2:4]) + b","
    with open(path, "rb") as stored, mmap.mmap(stored.fileno(), 0, prot=mmap.PROT_READ) as bytes:
        return bytes.rfind(document_and_birthdate) / len(bytes)


def synchronize(path):
    """Writes a file to the disk, so that the kernel does not write it during a measurement."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def write_store(directory, file, copies, agencies):
    """Writes what a server keeps (`PROTOCOL.md`, What the server keeps) of a lottery whose agencies
    have all finished, and sent their batches in turn: the bets of an agency's file, so many times.
    Returns how many bets these are."""
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
