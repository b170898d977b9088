"""A run of the sweep: a small lottery in which one call fails, in one way.

    once       one call fails
    on         that call and all later ones fail, until the process ends
    restart    they fail, and also in the next process, for a while

Afterwards everything works: one more start must complete the lottery. After each process everything
that was promised must be there.
"""

import itertools
import re
import shutil
import signal
from dataclasses import dataclass

from faults.sweep import calls
from lottery import shim, store
from lottery.host import Lottery
from lottery.processes import Deadline, Failure

WAYS = ("once", "on", "restart")
RUN_SECONDS = 10
KEY = b"open sesame"
# Signals that may end a program that gets no memory. Swift lets it crash. Dispatch may lose a
# registration: then a signal ends the program as if it were not handled, or it waits in vain.
CRASHES = tuple(-number for number in (
    signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGSEGV, signal.SIGTERM, signal.SIGKILL))
# Seconds after which a program that waits in vain is killed.
VAIN_SECONDS = 1
# Calls after which an interruption is over: no signal arrives each time.
INTERRUPTIONS = 100


@dataclass(frozen=True)
class Case:
    """What fails in a run. Without a call nothing fails, and calls are only counted."""

    situation: str
    call: str = ""
    fault: str = ""
    way: str = "once"
    # The first call to fail, counted from 1.
    number: int = 1

    def __str__(self):
        return f"{self.situation},{self.call},{self.fault},{self.way},{self.number}"

    @staticmethod
    def parse(text):
        *names, number = text.split(",")
        return Case(*names, int(number))

    def rule(self, number):
        """Returns what the shim is told for a process in which call `number` is the first to
        fail."""
        if not self.call:
            return None
        outcomes = calls.outcomes(self.fault)
        last = 0
        if self.way in ("once", "ends"):
            last = number + len(outcomes) - 1
        elif self.fault == "EINTR":
            last = number + INTERRUPTIONS - 1
        return shim.rule(self.call, outcomes, number, last)


class Run:
    """One run of a case in its situation."""

    def __init__(self, sweep, case, situation, directory, chance):
        self.sweep = sweep
        self.case = case
        self.situation = situation
        self.directory = directory
        # What is shared with the processes in which something fails.
        self.watches = []
        self.lottery = Lottery(sweep.bench.where, sweep.bets, directory, chance)
        self.lottery.deadline = Deadline(RUN_SECONDS)
        self.lottery.pauses = ("1ms", "5ms")
        self.lottery.server_flags = ["--config", str(sweep.server_config)]
        self.lottery.agency_flags = ["--config", str(sweep.agency_config)]
        self.lacks_memory = case.call == "malloc"
        # Whether the log is reliable.
        self.has_log = case.call not in ("malloc", "write_log")
        if situation.begun:
            shutil.copytree(sweep.begun, self.lottery.data)

    @staticmethod
    def faults(call):
        """Returns the faults of a call, each with the way in which it comes."""
        ways = ("once",) if call == "malloc" else WAYS
        return list(itertools.product(calls.CALLS[call].faults, ways))

    @property
    def is_stalled(self):
        """Whether a call does not return."""
        return False

    @property
    def must_survive(self):
        """Whether the program must go on after what fails."""
        return self.case.call in calls.CALLS and calls.CALLS[self.case.call].is_survived

    @property
    def hits(self):
        """The failed calls of the first process."""
        return self.watches[0].hits if self.watches else 0

    def kill(self):
        """Ends the processes that still run."""
        for process in [self.lottery.server, *self.lottery.agencies.values()]:
            if process:
                process.kill()

    def wait_for_listener(self):
        """Waits until the server listens or has ended, and returns whether it runs."""
        server = self.lottery.server
        self.lottery.deadline.wait(
            lambda: server.status is not None or listens(self.lottery) or self.is_stalled,
            "the server listens")
        return server.status is None and not self.is_stalled

    def watched(self, program, number):
        """Returns the environment of a process in which the fault begins with call `number`."""
        self.watches.append(shim.Watch(
            self.sweep.bench.shim, self.sweep.callers[program],
            self.directory / f"calls-{len(self.watches) + 1}", self.case.rule(number)))
        return self.watches[-1].environment

    def wait(self, process):
        """Waits for the end of a process in which something fails."""
        try:
            process.wait(Deadline(VAIN_SECONDS) if self.lacks_memory else self.lottery.deadline)
        except Failure:
            if not self.lacks_memory:
                raise
            process.kill()

    def check_end(self, process, allowed):
        """Checks that a process ended with an allowed status, and that its last line says why."""
        status, line = process.status, process.last_line()
        if self.lacks_memory:
            allowed += CRASHES
        elif self.must_survive:
            allowed = (0,)
        if status not in allowed:
            raise Failure(f"{process.name} ended with {status}: {line}")
        if self.has_log and not self.says_why(status, line):
            raise Failure(f"the last line of {process.name} does not say why it ended: {line}")

    def says_why(self, status, line):
        """Returns whether a line says that the program ended, and what failed."""
        if status == 0:
            return "action: exit | result: success" in line
        ended = f"action: exit | result: fail | status: {status} |"
        return ended in line and self.names_fault(line)

    def names_fault(self, line):
        """Returns whether a line says what failed in the last process, if something did."""
        reasons = calls.reasons(self.case.call, self.case.fault)
        return not self.watches[-1].hits or any(reason in line for reason in reasons)

    def check_files(self, before):
        """Checks that the files hold nothing twice, and everything that was in them before."""
        data, bets = self.lottery.data, self.lottery.bets
        store.check_kept(data, before)
        store.check_bets(data, bets, complete=False)
        store.check_finished(data, bets)


_LISTENING = re.compile(r"^ *\d+: [0-9A-F]{8}:([0-9A-F]{4}) \S+ 0A ", re.MULTILINE)


def listens(lottery):
    """Returns whether the server listens, by the kernel's table: a connection would be one more
    call."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        return f"{lottery.port:04X}" in _LISTENING.findall(table.read())
