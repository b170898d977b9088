"""A run of the sweep: a small lottery in which one call fails, in one way.

    once       one call fails
    on         it and all after it do, until the process ends
    restart    it and all after it do, and so it goes on in the next process, for a while

Whatever it was, everything works afterwards: one more start must complete the lottery. After each
process everything that was promised must be there.
"""

import re
import shutil
import signal
from collections import Counter
from dataclasses import dataclass

import checks
import shim
from lottery import Lottery
from sweep import calls
from processes import Deadline, Failure

WAYS = ("once", "on", "restart")
RUN_SECONDS = 10
KEY = b"open sesame"
# Signals that may end a program that gets no memory. Swift lets it crash. Dispatch may forget what
# it was to watch: then a signal ends the program as if it were not handled, or it waits in vain.
CRASHES = tuple(-number for number in (
    signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGSEGV, signal.SIGTERM, signal.SIGKILL))
# Seconds after which a program that waits in vain is killed.
VAIN_SECONDS = 1
# An interruption is over after so many calls: no signal comes each time.
INTERRUPTIONS = 100


@dataclass(frozen=True)
class Case:
    """What fails in a run."""

    situation: str
    call: str
    fault: str
    way: str
    # Which one of the calls.
    number: int

    def __str__(self):
        return f"{self.situation},{self.call},{self.fault},{self.way},{self.number}"

    @staticmethod
    def parse(text):
        *names, number = text.split(",")
        return Case(*names, int(number))

    def rule(self, number):
        """What the shim is told, for a process in which the call `number` is the first to fail."""
        outcomes = calls.outcomes(self.fault)
        last = 0
        if self.way == "once":
            last = number + len(outcomes) - 1
        elif self.fault == "EINTR":
            last = number + INTERRUPTIONS - 1
        return shim.rule(self.call, outcomes, number, last)


class Run:
    """One run. `case` is None where nothing fails: then calls are counted alone."""

    def __init__(self, sweep, case, situation, directory, random, outcome):
        self.sweep = sweep
        self.case = case
        self.situation = situation
        self.outcome = outcome
        self.directory = directory
        # What is shared with the processes in which something fails.
        self.watches = []
        self.lottery = Lottery(sweep.bench, sweep.bets, directory, random, outcome)
        self.lottery.deadline = Deadline(RUN_SECONDS)
        self.lottery.pauses = ("1ms", "5ms")
        self.lottery.server_flags = ["--config", str(sweep.server_config)]
        self.lottery.agency_flags = ["--config", str(sweep.agency_config)]
        if situation.begun:
            shutil.copytree(sweep.begun, self.lottery.data)

    def listens_or_ended(self):
        """Whether the server listens, or has ended instead."""
        return self.lottery.server.status is not None or listens(self.lottery)

    def watched(self, program, number):
        """The environment of a process in which the fault begins with the call `number`."""
        rule = self.case.rule(number) if self.case else None
        self.watches.append(shim.Watch(
            self.sweep.bench.shim, self.sweep.callers[program],
            self.directory / f"calls-{len(self.watches) + 1}", rule))
        return self.watches[-1].environment

    @property
    def hits(self):
        """How many calls of the first process failed."""
        return self.watches[0].hits if self.watches else 0

    def counts(self):
        """How often the first process made each call."""
        return self.watches[0].counts()

    @property
    def lacks_memory(self):
        return self.case is not None and self.case.call == "malloc"

    def wait(self, process):
        """Waits for the end of a process in which something fails."""
        if not self.lacks_memory:
            process.wait(self.lottery.deadline)
            return
        try:
            process.wait(Deadline(VAIN_SECONDS))
        except Failure:
            process.kill()

    def check_end(self, process, allowed):
        """The process has ended as it may, and its last line says why."""
        status, line = process.status, process.last_line()
        if self.lacks_memory:
            allowed += CRASHES
        elif self.must_survive:
            allowed = (0,)
        if status not in allowed:
            self.outcome.problem(f"{process.name} ended with {status}: {line}")
        elif self.has_log and not self.says_why(status, line):
            self.outcome.problem(f"the last line of {process.name} does not say why it ended: "
                                 f"{line}")

    def check_files(self, before):
        """Nothing is in the files twice, and everything that was there before."""
        for name, content in files(self.lottery.data).items():
            if not content.startswith(before[name]):
                self.outcome.problem(f"{name} has lost what was in it")
        checks.check_bets(self.lottery, complete=False)
        self._check_finished()

    @property
    def must_survive(self):
        """Whether the program must go on after what fails."""
        return self.case is not None and calls.CALLS[self.case.call].is_survived

    @property
    def has_log(self):
        """Whether the log can be relied upon."""
        return not self.case or self.case.call not in ("malloc", "write_log")

    def says_why(self, status, line):
        """Whether that line tells of the end, and of what failed."""
        if status == 0:
            return "action: exit | result: success" in line
        return f"action: exit | result: fail | status: {status} |" in line and self.reason in line

    @property
    def reason(self):
        """What failed in the last process, as a log line says it; empty if nothing has."""
        return calls.reason(self.case.fault) if self.case and self.watches[-1].hits else ""

    @property
    def begins(self):
        """The first call that fails."""
        return self.case.number if self.case else 1

    @property
    def way(self):
        return self.case.way if self.case else "once"

    def _check_finished(self):
        rows = files(self.lottery.data)["finished.csv"].split(b"\r\n")[:-1]
        for row, count in Counter(rows).items():
            agency, total = map(int, row.split(b","))
            if count > 1 or total != len(self.lottery.bets.by_agency[agency].rows):
                self.outcome.problem(f"finished.csv has {count} times {row}")


def files(data):
    """The whole rows of both files."""
    return {name: _whole_rows(data / name) for name in ("bets.csv", "finished.csv")}


def _whole_rows(path):
    content = path.read_bytes() if path.exists() else b""
    return content[:content.rfind(b"\n") + 1]


_LISTENING = re.compile(r"^ *\d+: [0-9A-F]{8}:([0-9A-F]{4}) \S+ 0A ", re.MULTILINE)


def listens(lottery):
    """Whether the server listens. Asked of the kernel: a connection would be one call more."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        return f"{lottery.port:04X}" in _LISTENING.findall(table.read())
