"""A run of the sweep: a small lottery in which a call fails or hangs, in one way.

    once       one call fails
    on         that call and all later ones fail, until the process ends
    restart    they fail, and also in the next process, for a while
    ends       one call hangs, or the process gets SIGTERM at it. The program gets SIGTERM, and must
               end, in order if nothing hangs
    limit      the same, and an agency must end by itself, because of its `retry.limit`

Afterwards everything works: one more start must complete the lottery. After each process everything
that was promised must be there.
"""

import shutil
import time
from dataclasses import dataclass

from faults.sweep import calls
from lottery import shim, store
from lottery.host import Lottery
from lottery.processes import END_SECONDS, Deadline, Failure
from lottery.programs import listens

RUN_SECONDS = 10
KEY = b"open sesame"
# Calls after which an interruption is over: no signal arrives each time.
INTERRUPTIONS = 100
# The status of an end that was cut short because it stood still.
CUT_SHORT = 84


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

    @property
    def stalls(self):
        return self.way in calls.STALLS

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

    # Statuses with which a program ends if it gets SIGTERM, and with which it gives up.
    ENDED, GIVEN_UP = (0,), (0, 69)
    # Whether the program has a limit of its own; whether it looks up a name.
    IS_LIMITED = IS_NAMED = False
    # The calls that fail, if not all.
    CALLS = ()

    def __init__(self, sweep, case, directory, chance):
        self.sweep = sweep
        self.case = case
        self.directory = directory
        # What is shared with the processes in which something fails.
        self.watches = []
        self.lottery = Lottery(sweep.bench.where, sweep.bets, directory, chance)
        self.lottery.deadline = Deadline(RUN_SECONDS)
        self.lottery.pauses = ("1ms", "5ms")
        self.lottery.server_flags = ["--config", str(sweep.server_config)]
        self.lottery.agency_flags = ["--config", str(sweep.agency_config)]
        # Whether this process is the one in which something stalls.
        self.stalls = case.stalls
        # Whether the log is reliable. It waits for its output with poll.
        self.has_log = case.call != "write_log" and (case.call, case.fault) != ("poll", "hang")
        if case.situation != "server":
            shutil.copytree(sweep.begun, self.lottery.data)

    @property
    def end_seconds(self):
        """The seconds after SIGTERM, or after the retry limit, in which a program must have
        ended."""
        return 2 * END_SECONDS if self.sweep.is_busy else END_SECONDS

    @property
    def is_hanging(self):
        return self.stalls and self.case.fault == "hang" and self.hits > 0

    @property
    def must_survive(self):
        """Whether the program must go on after what fails."""
        return not self.case.stalls and self.case.call in calls.CALLS and (
            calls.CALLS[self.case.call].is_survived)

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
            lambda: server.status is not None or listens(self.lottery.port) or self.is_hanging,
            "the server listens")
        return server.status is None and not self.is_hanging

    def watched(self, program, number):
        """Returns the environment of a process in which the fault begins with call `number`."""
        self.watches.append(shim.Watch(
            self.sweep.bench.shim, self.sweep.callers[program],
            self.directory / f"calls-{len(self.watches) + 1}", self.case.rule(number)))
        return self.watches[-1].environment

    def wait(self, process):
        """Waits for the end of a process in which something fails."""
        if not self.stalls:
            process.wait(self.lottery.deadline)
            return
        start = time.monotonic()
        if not process.ends_within(self.end_seconds):
            raise Failure(f"{process.name} has not ended {self.end_seconds} s after SIGTERM")
        tally = self.sweep.tally
        tally.note_longest("longest end, ms", (time.monotonic() - start) * 1000)
        tally["cut short"] += process.status == CUT_SHORT

    def was_asked(self, process):
        """Returns whether a process was asked to end: then it need not have done all."""
        return self.stalls and (not self.has_log or process.status == CUT_SHORT
                                or "action: shutdown" in process.text())

    def check_end(self, process, allowed):
        """Checks that a process ended with an allowed status, and that its last line says why."""
        status, line = process.status, process.last_line()
        if self.stalls:
            allowed = (*self.ENDED, *[CUT_SHORT] * (self.case.fault == "hang"),
                       *(self.GIVEN_UP if self.case.way == "limit" else ()))
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
