"""The programs that are measured, and the lotteries that they hold."""

import contextlib
import itertools
import mmap
import os
import shutil
import signal
import time
from collections import Counter

from lottery import bets, programs
from lottery.log import LISTENING, parse
from lottery.processes import Deadline, Failure, Process, free_port
from lottery.programs import ROOT

# Seconds after which a program counts as stuck.
LIMIT = 600
# Seconds between two looks at what programs use.
LOOK = 0.05
# The batches in flight of an agency by default.
WINDOW = 32
# Four times what a bet takes in the page cache, and more than what a connection takes.
BET_MEMORY, CONNECTION_MEMORY = 200, 50_000
# From Linux 5.14 on (madvise(2)); Python has no names for them.
MADV_HUGEPAGE, MADV_POPULATE_WRITE = 14, 23


def fields(program, text):
    """Waits for the line that holds `text` in a program's log, and returns its fields."""
    return parse(program.wait_for_line(text, Deadline(LIMIT))).fields


def cpu(*programs):
    """Returns the seconds of CPU in the programs' own code, in the kernel, and in both."""
    own = sum(program.usage.ru_utime for program in programs)
    kernel = sum(program.usage.ru_stime for program in programs)
    return own, kernel, own + kernel


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
        # The files and logs of the newest lottery.
        self.run = self.directory / "run"

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

    def prepare(self, bets=0, agencies=0):
        """Empties the directory of the newest lottery, and makes this machine own the memory that
        the next one is going to use.

        A virtual machine may hand free memory back to its host within seconds. The next access to
        such a page took 12 µs where this was measured, and 2 to 3 µs otherwise: for a file in the
        page cache that is 140 ns a bet."""
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir()
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        size = min(bets * BET_MEMORY + agencies * CONNECTION_MEMORY, free // 2)
        with contextlib.suppress(OSError), mmap.mmap(-1, size or 1) as memory:
            memory.madvise(MADV_HUGEPAGE)
            memory.madvise(MADV_POPULATE_WRITE)

    def agency_file(self, bets):
        """Returns a file of that many bets, the course's over and over: the cost of a bet depends
        on how much rows vary. Many agencies may share it."""
        path = self.directory / f"bets-{bets}.csv"
        if not path.exists():
            rows = b"".join(file.read_bytes() for file in self.course).splitlines(keepends=True)
            path.write_bytes(b"".join(itertools.islice(itertools.cycle(rows), bets)))
            # So that the kernel does not write it during a measurement.
            os.sync()
        return path

    def write_store(self, copies, agencies):
        """Writes what a server keeps (`PROTOCOL.md`, What the server keeps) of a lottery whose
        agencies have all finished, and sent their batches in turn. Returns how many bets it has."""
        lines = self.agency_file(self.amount(1_000_000, 10_000)).read_bytes().splitlines(True)
        owners = [index // 125 % agencies + 1 for index in range(len(lines))]
        block = b"".join(b"%d,%b" % row for row in zip(owners, lines))
        with open(self.run / "bets.csv", "wb") as store:
            store.writelines(itertools.repeat(block, copies))
        (self.run / "finished.csv").write_bytes(b"".join(
            b"%d,%d\n" % (agency, count * copies) for agency, count in Counter(owners).items()))
        os.sync()
        return len(lines) * copies

    def start_own(self, name, program, *arguments):
        """Starts a program of the benchmarks."""
        return Process([self.own_programs / program, *map(str, arguments)], {},
                       self.run / f"{name}.log")

    def hold(self, side, files):
        """Holds a lottery with a server and a process for each agency. Returns the seconds from the
        start of the first agency to the end of the last, the server and the agencies."""
        with side.serving(sum(map(rows, files)), len(files)) as (server, port):
            start = time.monotonic()
            agencies = [side.start_agency(number, port, file)
                        for number, file in enumerate(files, 1)]
            finish(agencies)
            return time.monotonic() - start, server, agencies


class Copier:
    """The copier, its server in one of its modes."""

    name = "copier"

    def __init__(self, bench, mode, window=WINDOW):
        self.bench, self.mode, self.window = bench, mode, window

    @contextlib.contextmanager
    def serving(self, bets, agencies):
        """Starts the server, and provides it and its port. Afterwards it must have stored so many
        bets."""
        self.bench.prepare(bets, agencies)
        file = self.bench.run / "bets.csv"
        server = self.bench.start_own("server", "copier", "server", file, agencies, self.window,
                                      self.mode)
        yield server, int(fields(server, "listening: ")["listening"])
        # It ends with the last agency.
        finish([server])
        check_rows(file, bets)

    def start_agency(self, number, port, file):
        return self.start_crowd(port, file, 1, self.window, f"agency-{number}")

    def start_crowd(self, port, file, agencies, window=WINDOW, name="crowd"):
        """Starts many agencies in one process, which tells how long they took."""
        return self.bench.start_own(name, "copier", "agencies", file, agencies, window, port)


class Ours:
    """Our server and agencies."""

    name = "ours"

    def __init__(self, bench):
        self.bench = bench

    def start_server(self, agencies, **settings):
        """Starts the server with the files that there are. Returns it and its port."""
        port = free_port()
        return programs.start(
            self.bench.lottery_programs, "lottery-server", self.bench.run / "server.log",
            programs.server_settings(
                port, agencies, SERVER_DATA_DIR=self.bench.run,
                SERVER_MAX_CONNECTIONS_PER_ADDRESS=max(agencies + 16, 64),
                # The kernel's own limit on most machines (`/proc/sys/net/core/somaxconn`).
                SERVER_LISTEN_BACKLOG=min(max(agencies, 5), 4096), **settings)), port

    @contextlib.contextmanager
    def serving(self, bets, agencies):
        """As the copier's."""
        self.bench.prepare(bets, agencies)
        server, port = self.start_server(agencies)
        fields(server, LISTENING)
        yield server, port
        self.stop(server, bets)

    def stop(self, server, bets):
        """Asks the server to end, which must end well, with so many bets stored. Its threads that
        have nothing to do are still there: they wait for work for some seconds."""
        server.look()
        server.signal(signal.SIGTERM)
        finish([server])
        check_rows(self.bench.run / "bets.csv", bets)

    def start_agency(self, number, port, file):
        window = {"CLI_BATCH_WINDOW": self.bench.window} if self.bench.window else {}
        return programs.start(
            self.bench.lottery_programs, "agency-client", self.bench.run / f"agency-{number}.log",
            programs.agency_settings(number, port, file, **window))

    def start_crowd(self, port, file, agencies, window=WINDOW):
        """As the copier's, by our library."""
        return self.bench.start_own("crowd", "lottery-load", port, agencies, window, file)


def rows(path):
    """Returns how many rows a file has. No field may hold a line end."""
    with open(path, "rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def check_rows(path, expected):
    """Raises a Failure if a file has another number of rows: a fast run must not lose bets."""
    if (found := rows(path)) != expected:
        raise Failure(f"{path} has {found} rows instead of {expected}")


def finish(programs):
    """Waits until all programs have ended well, and looks at them meanwhile."""
    deadline = Deadline(LIMIT)
    for program in programs:
        while not program.ends_within(LOOK):
            deadline.check(f"the end of {program.name}")
            for other in programs:
                other.look()
        if (status := program.wait(deadline)) != 0:
            raise Failure(f"{program.name} ended with {status}: see {program.log}")
