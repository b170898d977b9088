"""The programs that are measured, and the lotteries that they hold."""

import contextlib
import itertools
import mmap
import os
import re
import shutil
import signal
import subprocess
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from lottery.processes import Deadline, Failure, Process, free_port

ROOT = Path(__file__).resolve().parents[1]
ZIPS = ("../shared/data/dataset.zip", ".data/dataset.zip", ".data/datasets.zip")
# Seconds after which a program counts as stuck.
LIMIT = 600
# Seconds between two looks at what a program uses.
LOOK = 0.02
# An agency's defaults: bets in a batch, and batches in flight.
BATCH = 150
WINDOW = 32
LISTENING = "action: accept_connections | result: in_progress"
# Four times what a bet takes in the page cache, and more than what a connection takes.
BET_MEMORY, CONNECTION_MEMORY = 200, 50_000
# From Linux 5.14 on (madvise(2)); Python has no names for them.
MADV_HUGEPAGE, MADV_POPULATE_WRITE = 14, 23

_units = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_duration = re.compile(r"(\d+(?:\.\d+)?)(ns|µs|ms|s|m|h)")


class Program(Process):
    """A program with its cost."""

    def __init__(self, command, environment, log):
        super().__init__(command, environment, log)
        self.directory = log.parent
        # The largest values that were seen: bytes, threads.
        self.memory = 0
        self.threads = 0

    def look(self):
        """Notes what it uses now (proc(5))."""
        # A program that has ended has no memory any more.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, KeyError):
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
            fields = dict(line.split(":", 1) for line in lines)
            self.memory = max(self.memory, int(fields["VmHWM"].split()[0]) * 1024)
            self.threads = max(self.threads, int(fields["Threads"]))

    def line(self, text):
        """Waits for the line of its log that holds `text`, and returns it."""
        def find():
            return next((line for line in self.text().splitlines(keepends=True)
                         if text in line and line.endswith("\n")), None)

        def watch():
            if self.status is not None and not find():
                raise Failure(f"{self.name} ended with {self.status}: see {self.log}")

        return Deadline(LIMIT).wait(find, f"{text!r} in {self.log}", watch)

    def number(self, key, text=""):
        """Returns the number in the field `key` of the line with `text`."""
        return float(field(self.line(text or f"{key}: "), key))


def user(*programs):
    """Returns the seconds of CPU in the programs' own code."""
    return sum(program.usage.ru_utime for program in programs)


def cpu(*programs):
    """Returns the seconds of CPU that the programs took."""
    return user(*programs) + system(*programs)


def system(*programs):
    """Returns the seconds of CPU that the programs took in the kernel."""
    return sum(program.usage.ru_stime for program in programs)


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
        self.course = self._unpack(self.directory / "course")
        return self

    def __exit__(self, error, *_):
        # The logs of a failure are kept.
        if not error:
            shutil.rmtree(self.directory)

    def _unpack(self, directory):
        """Returns the files of the course's five agencies, or of made-up ones of the same sizes."""
        directory.mkdir()
        files = [directory / f"agency-{agency}.csv" for agency in range(1, 6)]
        path = next((ROOT / path for path in ZIPS if (ROOT / path).exists()), None)
        if path:
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if Path(name).name in [file.name for file in files]:
                        (directory / Path(name).name).write_bytes(archive.read(name))
        else:
            subprocess.run([ROOT / "scripts/generate-data.sh", directory], check=True)
        if self.is_quick:
            for file in files:
                file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:500]))
        return files

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
        """Returns a file of bets that are in no other file."""
        directory = self.directory / f"made-up-{bets}"
        if not directory.exists():
            subprocess.run([ROOT / "scripts/generate-data.sh", directory, "1", str(bets)],
                           check=True)
        return directory / "agency-1.csv"

    def start(self, directory, name, command, environment=()):
        """Starts a program whose log goes into `directory`."""
        return Program([str(word) for word in command],
                       {key: str(value) for key, value in dict(environment).items()},
                       directory / f"{name}.log")

    def start_server(self, directory, agencies, **environment):
        """Starts our server with the files in `directory`. Returns it and its port."""
        port = free_port()
        server = self.start(directory, "server", [self.lottery_programs / "lottery-server"], {
            "SERVER_PORT": port, "SERVER_AGENCIES": agencies, "SERVER_DATA_DIR": directory,
            "SERVER_MAX_CONNECTIONS_PER_ADDRESS": max(agencies + 16, 64),
            # The kernel's own limit on most machines (`/proc/sys/net/core/somaxconn`).
            "SERVER_LISTEN_BACKLOG": min(max(agencies, 5), 4096), **environment})
        return server, port

    def start_agency(self, directory, number, port, file, window=None):
        """Starts our agency."""
        window = window or self.window
        return self.start(directory, f"agency-{number}",
                          [self.lottery_programs / "agency-client"],
                          {"CLI_ID": number, "CLI_SERVER_ADDRESS": f"127.0.0.1:{port}",
                           "CLI_DATA_FILE": file}
                          | ({"CLI_BATCH_WINDOW": window} if window else {}))

    def start_crowd(self, directory, port, agencies, window, file):
        """Starts many agencies in one process, by our library."""
        return self.start(directory, "crowd", [self.own_programs / "lottery-load", port,
                                               agencies, window, file])

    def start_copying(self, directory, number, port, file, window=WINDOW, agencies=1):
        """Starts the copier's agencies."""
        return self.start(directory, f"agency-{number}", [
            self.own_programs / "copier", "agencies", port, file,
            "--agencies", agencies, "--window", window])

    @contextlib.contextmanager
    def serving(self, bets, agencies):
        """Starts our server, and provides it and its port. Afterwards stops it, and checks that it
        has stored so many bets."""
        self.take_memory(bets, agencies)
        server, port = self.start_server(self.empty("server"), agencies)
        server.line(LISTENING)
        yield server, port
        stop(server)
        check_rows(server.directory / "bets.csv", bets)

    @contextlib.contextmanager
    def copying(self, bets, agencies, *options, window=WINDOW):
        """The same with the copier's server, which ends with the last agency."""
        self.take_memory(bets, agencies)
        directory = self.empty("copier")
        server = self.start(directory, "server", [
            self.own_programs / "copier", "server", directory / "bets.csv",
            "--agencies", agencies, "--window", window, *options])
        yield server, int(server.number("listening"))
        finish([server])
        check_rows(directory / "bets.csv", bets)

    def hold(self, files, looks=False):
        """Holds a lottery with our server and a process for each agency."""
        with self.serving(sum(map(rows, files)), len(files)) as (server, port):
            return self._race(files, server, port, self.start_agency, looks)

    def copy(self, files, *options, window=WINDOW):
        """Lets the copier move the agencies' files."""
        def start_agency(*arguments):
            return self.start_copying(*arguments, window)

        with self.copying(sum(map(rows, files)), len(files), *options, window=window) as (
                server, port):
            return self._race(files, server, port, start_agency)

    def _race(self, files, server, port, start_agency, looks=False):
        start = time.monotonic()
        agencies = [start_agency(server.directory, number, port, file)
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
        with open(directory / "finished.csv", "wb") as store:
            for agency in range(1, agencies + 1):
                store.write(b"%d,%d\n" % (agency, owners.count(agency) * copies))
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


def last_row_at(file, directory):
    """Returns the place in `bets.csv`, 0 to 1, of the last bet of an agency's `file`."""
    last = file.read_bytes().splitlines()[-1]
    document_and_birthdate = b",".join(last.split(b",")[2:4]) + b","
    with (open(directory / "bets.csv", "rb") as stored,
          mmap.mmap(stored.fileno(), 0, prot=mmap.PROT_READ) as content):
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


def field(line, key):
    """Returns the field `key` of a log line, `key: value | key: value`."""
    for text in line.strip().split(" | "):
        # The first field follows the time and the level.
        name, separator, value = text.partition(": ")
        if separator and name.split()[-1] == key:
            return value
    raise Failure(f"no {key} in: {line}")


def seconds(duration):
    """Returns the seconds in a duration as Go writes it: `1m2.5s`, `350ms`, `12.5µs`."""
    parts = _duration.findall(duration)
    if not parts or "".join(map("".join, parts)) != duration:
        raise Failure(f"no duration: {duration}")
    return sum(float(number) * _units[unit] for number, unit in parts)
