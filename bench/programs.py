"""The programs that are measured, and the lotteries that they hold."""

import contextlib
import itertools
import mmap
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass

from lottery import bets, programs
from lottery.log import LISTENING, parse
from lottery.processes import Deadline, Failure, Process, free_port
from lottery.programs import ROOT

# Seconds after which a program counts as stuck.
LIMIT = 600
# Seconds between two looks at what a program uses.
LOOK = 0.02
# An agency's defaults: bets in a batch, and batches in flight.
BATCH = 150
WINDOW = 32
# Four times what a bet takes in the page cache, and more than what a connection takes.
BET_MEMORY, CONNECTION_MEMORY = 200, 50_000
# From Linux 5.14 on (madvise(2)); Python has no names for them.
MADV_HUGEPAGE, MADV_POPULATE_WRITE = 14, 23


class Program(Process):
    """A program that writes what it has found."""

    def line(self, text):
        """Waits for the line of its log that holds `text`, and returns it."""
        def find():
            return next((parse(line) for line in self.text().splitlines(keepends=True)
                         if text in line and line.endswith("\n")), None)

        def watch():
            if self.status is not None and not find():
                raise Failure(f"{self.name} ended with {self.status}: see {self.log}")

        return Deadline(LIMIT).wait(find, f"{text!r} in {self.log}", watch)

    def number(self, key):
        """Returns the number in the field `key` of the line that has it."""
        return float(self.line(f"{key}: ")[key])


def cpu(*programs):
    """Returns the seconds of CPU in the programs' own code, in the kernel, and in both."""
    own = sum(program.usage.ru_utime for program in programs)
    kernel = sum(program.usage.ru_stime for program in programs)
    return own, kernel, own + kernel


@dataclass
class Outcome:
    """What a lottery took."""

    # From the start of the first agency to the end of the last.
    seconds: float
    server: Program
    agencies: list

    @property
    def milliseconds(self):
        return self.seconds * 1000


class Bench:
    """What all scenarios need: how much to do, the programs, and room for their files."""

    def __init__(self, is_quick=False, window=None, configuration="release"):
        self.is_quick = is_quick
        # Instead of the default.
        self.window = window
        self.lottery_programs = ROOT / ".build" / configuration
        self.own_programs = ROOT / "bench/.build" / configuration
        # On the disk of the repository: what is synced must be synced to a real one.
        self.directory = ROOT / "bench/.run"
        self.course = []

    def __enter__(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir()
        bets.unpack(self.directory / "course")
        self.course = sorted((self.directory / "course").iterdir())
        for file in self.course if self.is_quick else ():
            file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:500]))
        return self

    def __exit__(self, error, *_):
        # The logs of a failure are kept.
        if not error:
            shutil.rmtree(self.directory)

    def amount(self, full, quick):
        """Returns one of two amounts."""
        return quick if self.is_quick else full

    @staticmethod
    def take_memory(bets, agencies):
        """Makes this machine own the memory that a run is going to use.

        A virtual machine may hand free memory back to its host within seconds. The next access to
        such a page took 12 µs where this was measured, and 2 to 3 µs otherwise: for a file in the
        page cache that is 140 ns a bet."""
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        size = min(bets * BET_MEMORY + agencies * CONNECTION_MEMORY, free // 2)
        with mmap.mmap(-1, size) as memory, contextlib.suppress(OSError):
            memory.madvise(MADV_HUGEPAGE)
            memory.madvise(MADV_POPULATE_WRITE)

    def empty(self, name):
        """Returns the directory `name`, which is empty."""
        path = self.directory / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        return path

    def agency_file(self, bets):
        """Returns a file of that many bets, the course's over and over: the cost of a bet depends
        on how much rows vary. Many agencies may share it."""
        path = self.directory / f"bets-{bets}.csv"
        if not path.exists():
            rows = b"".join(file.read_bytes() for file in self.course).splitlines(keepends=True)
            path.write_bytes(b"".join(itertools.islice(itertools.cycle(rows), bets)))
            synchronize(path)
        return path

    def made_up_file(self, bets):
        """Returns a file of bets that are in no other file: the course has five agencies."""
        directory = self.directory / f"made-up-{bets}"
        subprocess.run([ROOT / "scripts/generate-data.sh", directory, "6", str(bets)], check=True)
        return directory / "agency-6.csv"

    def start_own(self, directory, name, program, *arguments):
        """Starts a program of the benchmarks. Its log goes into `directory`."""
        return Program([self.own_programs / program, *map(str, arguments)], {},
                       directory / f"{name}.log")

    def start_server(self, directory, agencies, **settings):
        """Starts our server with the files in `directory`. Returns it and its port."""
        port = free_port()
        return programs.start(
            self.lottery_programs, "lottery-server", directory / "server.log",
            programs.server_settings(
                port, agencies, SERVER_DATA_DIR=directory,
                SERVER_MAX_CONNECTIONS_PER_ADDRESS=max(agencies + 16, 64),
                # The kernel's own limit on most machines (`/proc/sys/net/core/somaxconn`).
                SERVER_LISTEN_BACKLOG=min(max(agencies, 5), 4096), **settings), kind=Program), port

    def start_agency(self, directory, number, port, file):
        """Starts our agency."""
        window = {"CLI_BATCH_WINDOW": self.window} if self.window else {}
        return programs.start(
            self.lottery_programs, "agency-client", directory / f"agency-{number}.log",
            programs.agency_settings(number, port, file, **window), kind=Program)

    def start_crowd(self, directory, port, agencies, window, file):
        """Starts many agencies in one process, by our library."""
        return self.start_own(directory, "crowd", "lottery-load", port, agencies, window, file)

    def start_copying(self, directory, number, port, file, window=WINDOW, agencies=1):
        """Starts the copier's agencies."""
        return self.start_own(directory, f"agency-{number}", "copier", "agencies", file, agencies,
                              window, port)

    @contextlib.contextmanager
    def serving(self, bets, agencies):
        """Starts our server, and provides it, its port and its file. Afterwards stops it. It must
        have stored so many bets."""
        self.take_memory(bets, agencies)
        directory = self.empty("server")
        server, port = self.start_server(directory, agencies)
        server.line(LISTENING)
        yield server, port, directory / "bets.csv"
        stop(server)
        check_rows(directory / "bets.csv", bets)

    @contextlib.contextmanager
    def copying(self, bets, agencies, mode, window=WINDOW):
        """The same with the copier's server in a mode. It ends with the last agency."""
        self.take_memory(bets, agencies)
        file = self.empty("copier") / "bets.csv"
        server = self.start_own(file.parent, "server", "copier", "server", file, agencies, window,
                                mode)
        yield server, int(server.number("listening")), file
        finish([server])
        check_rows(file, bets)

    def hold(self, files, looks=False):
        """Holds a lottery with our server and a process for each agency."""
        with self.serving(sum(map(rows, files)), len(files)) as held:
            return self._race(files, held, self.start_agency, looks)

    def copy(self, files, mode, window):
        """Lets the copier move the agencies' files."""
        with self.copying(sum(map(rows, files)), len(files), mode, window) as held:
            return self._race(
                files, held, lambda *arguments: self.start_copying(*arguments, window))

    def _race(self, files, held, start_agency, looks=False):
        server, port, stored = held
        start = time.monotonic()
        agencies = [start_agency(stored.parent, number, port, file)
                    for number, file in enumerate(files, 1)]
        finish(agencies, [server, *agencies] if looks else ())
        return Outcome(time.monotonic() - start, server, agencies)

    def write_store(self, directory, copies, agencies):
        """Writes what a server keeps (`PROTOCOL.md`, What the server keeps) of a lottery whose
        agencies have all finished, and sent their batches in turn. Returns how many bets it has."""
        lines = self.agency_file(self.amount(1_000_000, 10_000)).read_bytes().splitlines(True)
        owners = [index // 125 % agencies + 1 for index in range(len(lines))]
        block = b"".join(b"%d,%b" % (owner, line) for owner, line in zip(owners, lines))
        with open(directory / "bets.csv", "wb") as store:
            for _ in range(copies):
                store.write(block)
        (directory / "finished.csv").write_bytes(b"".join(
            b"%d,%d\n" % (agency, owners.count(agency) * copies)
            for agency in range(1, agencies + 1)))
        synchronize(directory / "bets.csv")
        return len(lines) * copies


def rows(path):
    """Returns how many rows a file has. No field may hold a line end."""
    with open(path, "rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def check_rows(path, expected):
    """Raises a Failure if a file has another number of rows: a fast run must not lose bets."""
    if (found := rows(path)) != expected:
        raise Failure(f"{path} has {found} rows instead of {expected}")


def last_row_at(file, stored):
    """Returns the place in `stored`, 0 to 1, of the last bet of an agency's `file`."""
    last = file.read_bytes().splitlines()[-1]
    document_and_birthdate = b",".join(last.split(b",")[2:4]) + b","
    with (open(stored, "rb") as file,
          mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as content):
        return content.rfind(document_and_birthdate) / len(content)


def synchronize(path):
    """Writes a file to the disk, so that the kernel does not write it during a measurement."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def finish(programs, looked_at=()):
    """Waits until all programs have ended well, and looks at some of them meanwhile."""
    deadline = Deadline(LIMIT)
    for program in programs:
        while looked_at and not program.ends_within(LOOK):
            deadline.check(f"the end of {program.name}")
            for other in looked_at:
                other.look()
        if (status := program.wait(deadline)) != 0:
            raise Failure(f"{program.name} ended with {status}: see {program.log}")


def stop(server):
    """Asks our server to end, and waits until it has ended well."""
    server.look()
    server.signal(signal.SIGTERM)
    finish([server], [server])
