"""Processes that never outlive the script that started them, and waits that end."""

import atexit
import contextlib
import itertools
import os
import random
import select
import signal
import socket
import subprocess
import time

# Seconds between two looks at a condition.
PAUSE = 0.0005
# Seconds in which a program must have ended when it was asked to, unless others keep the machine
# busy.
END_SECONDS = 2

_running = set()
_ports = itertools.count(random.randrange(17000))


class Failure(Exception):
    """Something that must not happen in a lottery. Its text says what."""


class Deadline:
    """The end of one or several waits."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def left(self):
        """Returns the seconds that are left."""
        return max(0.0, self.end - time.monotonic())

    def wait(self, condition, what, watch=lambda: None, pause=PAUSE):
        """Waits until `condition` returns something true, and returns that.

        Calls `watch` meanwhile, which raises a Failure if waiting has become hopeless.
        """
        while not (answer := condition()):
            watch()
            self.check(what)
            time.sleep(pause)
        return answer

    def check(self, what):
        """Raises a Failure after the deadline."""
        if not self.left():
            raise Failure(f"not within the time: {what}")


class Process:
    """A process whose output goes to the file `log`, or to other descriptors."""

    def __init__(self, command, environment, log, output=None, error=None):
        self.log = log
        self.name = log.stem
        # What the kernel counted (getrusage(2)), once it has ended.
        self.usage = None
        # The largest values that were seen: bytes, threads.
        self.memory = self.threads = 0
        with open(log, "wb") as file:
            self.popen = subprocess.Popen(
                command, env=os.environ | environment, stdin=subprocess.DEVNULL,
                stdout=output or file, stderr=error or subprocess.STDOUT)
        _running.add(self)

    @property
    def pid(self):
        return self.popen.pid

    @property
    def status(self):
        """The exit status, None while it runs, negative if a signal ended it."""
        return self._reap(os.WNOHANG)

    def signal(self, number):
        if self.status is None:
            os.kill(self.pid, number)

    def kill(self):
        """Ends it as a crash would, even while it is stopped."""
        self.signal(signal.SIGKILL)
        self._reap(0)
        _running.discard(self)

    def ends_within(self, seconds):
        """Waits for its end, at most so long. Returns whether it has ended."""
        if self.status is None:
            descriptor = os.pidfd_open(self.pid)
            try:
                poll = select.poll()
                poll.register(descriptor, select.POLLIN)
                poll.poll(seconds * 1000)
            finally:
                os.close(descriptor)
        return self.status is not None

    def wait(self, deadline):
        """Waits for its end, and returns its exit status."""
        if not self.ends_within(deadline.left()):
            raise Failure(f"not within the time: the end of {self.name}")
        _running.discard(self)
        return self.status

    def text(self, start=0):
        """Returns what it has logged so far, from byte `start` on."""
        with open(self.log, "rb") as file:
            file.seek(start)
            return file.read().decode(errors="replace")

    def wait_for_line(self, text, deadline):
        """Waits for a line of its log that holds `text`, and returns it."""
        def find():
            return next((line for line in self.text().splitlines(keepends=True)
                         if text in line and line.endswith("\n")), None)

        def watch():
            if self.status is not None and not find():
                raise Failure(f"{self.name} ended with {self.status}: {self.last_line()}")

        return deadline.wait(find, f"{text!r} in {self.log}", watch)

    def last_line(self):
        return (self.text().splitlines() or ["nothing logged"])[-1]

    def look(self):
        """Notes what it uses now (proc(5))."""
        # A program that has ended has no memory any more.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, KeyError):
            with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
                fields = dict(line.split(":", 1) for line in status)
            self.memory = max(self.memory, int(fields["VmHWM"].split()[0]) << 10)
            self.threads = max(self.threads, int(fields["Threads"]))

    # In place of Popen's own, which does not return what the process used.
    def _reap(self, options):
        if self.popen.returncode is None:
            pid, status, usage = os.wait4(self.pid, options)
            if pid:
                self.usage = usage
                self.popen.returncode = os.waitstatus_to_exitcode(status)
        return self.popen.returncode


def check_ends_in_order(process, status=0):
    """Asks a process to end, and checks that it does, soon and with that status: 0 if it says that
    it has ended in order."""
    if process.status is not None:
        raise Failure(f"{process.name} has ended before: {process.last_line()}")
    process.signal(signal.SIGTERM)
    if not process.ends_within(END_SECONDS):
        raise Failure(f"{process.name} has not ended {END_SECONDS} s after SIGTERM")
    line = process.last_line()
    if process.status != status or not status and "action: exit | result: success" not in line:
        raise Failure(f"{process.name} ended with {process.status}: {line}")


@atexit.register
def kill_all():
    """Ends all processes that still run."""
    for process in list(_running):
        process.kill()


def free_port():
    """Returns a port that no earlier call returned.

    It is below those that the kernel gives to outgoing connections: one of them could take the port
    of a server that is down for a moment.
    """
    while True:
        port = 15000 + next(_ports) % 17000
        with socket.socket() as candidate, contextlib.suppress(OSError):
            candidate.bind(("0.0.0.0", port))
            return port
