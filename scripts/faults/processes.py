"""Processes that never outlive the bench, and what they have logged."""

import atexit
import ctypes
import os
import signal
import subprocess
import threading

from waiting import Failure

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_running = set()


class Process:
    """A process whose log goes to a file.

    Through a pipe: a limit on the size of files that is set for the process must not reach its log.
    """

    def __init__(self, command, environment, log):
        self.log = log
        self.name = log.stem
        self.popen = subprocess.Popen(
            command, env=os.environ | environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
            preexec_fn=_die_with_the_bench)
        _running.add(self)
        log.touch()
        self.writer = threading.Thread(target=self._write_log, daemon=True)
        self.writer.start()

    @property
    def pid(self):
        return self.popen.pid

    @property
    def status(self):
        """The exit status, None while it runs, negative where a signal ended it."""
        return self.popen.poll()

    def signal(self, number):
        self.popen.send_signal(number)

    def kill(self):
        """Ends it as a crash would."""
        self.popen.kill()
        # A stopped process dies of SIGKILL too.
        self.popen.wait()
        self._forget()

    def wait(self, deadline):
        """Waits for its end, and returns its exit status."""
        try:
            status = self.popen.wait(deadline.left())
        except subprocess.TimeoutExpired:
            raise Failure(f"not within the time: the end of {self.name}") from None
        self._forget()
        return status

    def text(self, start=0):
        """What it has logged so far, from byte `start` on."""
        with open(self.log, "rb") as file:
            file.seek(start)
            return file.read().decode(errors="replace")

    def last_line(self):
        lines = self.text().splitlines()
        return lines[-1] if lines else "nothing logged"

    def _forget(self):
        self.writer.join()
        _running.discard(self)

    def _write_log(self):
        with open(self.log, "wb", buffering=0) as file, self.popen.stdout as output:
            while chunk := output.read(65536):
                file.write(chunk)


def kill_all():
    """Ends whatever still runs."""
    for process in list(_running):
        process.kill()


# Also where the bench is killed itself.
def _die_with_the_bench():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


atexit.register(kill_all)
