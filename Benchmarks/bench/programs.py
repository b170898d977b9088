"""The programs that are measured, and the lotteries that they hold."""

import contextlib
import itertools
import mmap
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from course import ROOT, unpack
from files import check_rows, rows, synchronize
from processes import Deadline, Failure, Process, free_port

# Seconds after which a program counts as stuck.
LIMIT = 600
# Seconds between two looks at what a program uses.
LOOK = 0.02
# An agency's defaults: bets in a batch, and batches in flight.
BATCH = 150
WINDOW = 32
LISTENING = "action: accept_connections | result: in_progress"
SIZES = ("full", "quick", "tiny")
_units = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_duration = re.compile(r"(\d+(?:\.\d+)?)(ns|µs|ms|s|m|h)")


# Four times what a bet takes in the page cache, and more than what a connection takes.
BET_MEMORY, CONNECTION_MEMORY = 200, 50_000
# From Linux 5.14 on (madvise(2)); Python has no names for them.
MADV_HUGEPAGE, MADV_POPULATE_WRITE = 14, 23


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

    def __init__(self, runs=5, size="full", window=None, configuration="release",
                 directory=ROOT / "Benchmarks/.run"):
        self.runs = runs
        self.size = size
        # Instead of the default.
        self.window = window
        self.lottery_programs = ROOT / ".build" / configuration
        self.own_programs = ROOT / "Benchmarks/.build" / configuration
        # On the disk of the repository: what is synced must be synced to a real one.
        self.directory = directory
        # The files of the course's agencies, and their origin.
        self.course = []
        self.source = None

    def __enter__(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir()
        self.source = unpack(self.directory / "course")
        self.course = [self.directory / f"course/agency-{agency}.csv" for agency in range(1, 6)]
        if self.size == "tiny":
            for file in self.course:
                file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:500]))
        return self

    def __exit__(self, error, *_):
        # The logs of a failure are kept.
        if not error:
            shutil.rmtree(self.directory)

    def amount(self, *by_size):
        """Returns one of the amounts for full, quick and tiny, by the size."""
        return by_size[SIZES.index(self.size)]

    def rounds(self, name):
        """Counts the runs of a scenario, and shows them."""
        for run in range(self.runs):
            print(f"{name}: run {run + 1} of {self.runs}", file=sys.stderr, flush=True)
            yield run

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
        return self.start(directory, "crowd", [self.own_programs / "lottery-load", "crowd", port,
                                               agencies, window, file])

    def start_copying(self, directory, number, port, file, window=WINDOW, agencies=1, each=False):
        """Starts the copier's agencies."""
        return self.start(directory, f"agency-{number}", [
            self.own_programs / "copier", "agencies", port, file,
            "--agencies", agencies, "--window", window] + ["--each"] * each)

    def start_proxy(self, directory, port, delay):
        """Starts a proxy that is `delay` milliseconds away. Returns it and its port."""
        proxy = self.start(directory, "proxy", [
            sys.executable, Path(__file__).parent / "delay_proxy.py", port, delay])
        return proxy, int(proxy.number("listening"))

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

    def hold(self, files, window=None, delay=None, looks=False):
        """Holds a lottery with our server and a process for each agency."""
        with self.serving(sum(map(rows, files)), len(files)) as (server, port):
            directory = server.directory
            if delay:
                proxy, port = self.start_proxy(directory, port, delay)
            start = time.monotonic()
            agencies = [self.start_agency(directory, number, port, file, window)
                        for number, file in enumerate(files, 1)]
            finish(agencies, [server, *agencies] if looks else ())
            seconds = time.monotonic() - start
            if delay:
                proxy.kill()
        return Outcome(seconds, server, agencies)

    def copy(self, files, *options, window=WINDOW, each=False):
        """Lets the copier move the agencies' files."""
        with self.copying(sum(map(rows, files)), len(files), *options, window=window) as (
                server, port):
            start = time.monotonic()
            agencies = [self.start_copying(server.directory, number, port, file, window, each=each)
                        for number, file in enumerate(files, 1)]
            finish(agencies)
            seconds = time.monotonic() - start
        return Outcome(seconds, server, agencies)


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
