"""Processes that never outlive the script that started them, and what they have logged."""

import atexit
import os
import select
import signal
import subprocess

from waiting import Failure

_running = set()


class Child:
    """A process whose output goes to the file `log`."""

    def __init__(self, command, environment, log):
        self.log = log
        self.name = log.stem
        # What the kernel counted (getrusage(2)), once it has ended.
        self.usage = None
        self.popen = self._start(command, os.environ | environment)
        _running.add(self)

    def _start(self, command, environment):
        with open(self.log, "wb") as output:
            return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                    stdout=output, stderr=subprocess.STDOUT)

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
        """Ends it as a crash would."""
        # A stopped process dies of SIGKILL too.
        self.signal(signal.SIGKILL)
        self._reap(0)
        self._forget()

    def ends_within(self, seconds):
        """Waits for its end, at most so long; whether it has ended."""
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
        self._forget()
        return self.status

    def text(self, start=0):
        """What it has logged so far, from byte `start` on."""
        with open(self.log, "rb") as file:
            file.seek(start)
            return file.read().decode(errors="replace")

    def last_line(self):
        lines = self.text().splitlines()
        return lines[-1] if lines else "nothing logged"

    # In place of Popen's own, which does not tell what the process used.
    def _reap(self, options):
        if self.popen.returncode is None:
            pid, status, usage = os.wait4(self.pid, options)
            if pid:
                self.usage = usage
                self.popen.returncode = os.waitstatus_to_exitcode(status)
        return self.popen.returncode

    def _forget(self):
        _running.discard(self)


def kill_all():
    """Ends all processes that still run."""
    for child in list(_running):
        child.kill()


atexit.register(kill_all)
