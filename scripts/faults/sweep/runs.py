"""One run of the sweep: a small lottery in which one call fails, in one way.

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
from sweep.scripted import ScriptedAgency, hold
from waiting import Deadline, Failure

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
# Seconds that an agency waits for an answer, and the connections that it tries: with a server that
# must go on, and with one that need not.
PATIENT, IMPATIENT = (5, 30), (0.1, 3)


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

    def check(self, process, allowed, before):
        """What must be true after a process, which has ended."""
        lottery = self.lottery
        status, line = process.status, process.last_line()
        if status not in allowed:
            self.outcome.problem(f"{process.name} ended with {status}: {line}")
        elif self.tells_why(status) and not self._says_why(status, line):
            self.outcome.problem(f"the last line of {process.name} does not say why it ended: "
                                 f"{line}")
        for name, content in before.items():
            if not files(lottery.data)[name].startswith(content):
                self.outcome.problem(f"{name} has lost what was in it")
        checks.check_bets(lottery, complete=False)
        self._check_finished()

    def tells_why(self, status):
        """Whether the log's last line can be relied upon."""
        return status >= 0 and not (self.case and self.case.call == "write_log")

    def _says_why(self, status, line):
        if status == 0:
            return "action: exit | result: success" in line
        reason = calls.reason(self.case.fault) if self.case else ""
        return f"action: exit | result: fail | status: {status} |" in line and reason in line

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


class ServerRun(Run):
    """Calls of the server fail; the agencies are the bench's own."""

    PROGRAM = "lottery-server"
    # Asked to end; the system refused; the disk failed; the configuration cannot be read.
    STATUSES = (0, 71, 74, 78)

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.agencies = [ScriptedAgency(bets, self.lottery.port, KEY)
                         for bets in self.lottery.bets.by_agency.values()]
        # What an earlier server has promised.
        rows, finished = checks.stored_rows(self.lottery), self.lottery.finished_agencies()
        for agency in self.agencies:
            agency.acknowledged = len(rows[agency.bets.agency])
            agency.confirmed = agency.bets.agency in finished

    def play(self):
        """Plays it."""
        way = self.case.way if self.case else "once"
        must = way == "once" and not self.lacks_memory
        self._process(self.case.number if self.case else 1, heals=False, must=must)
        if way == "restart":
            self._process(1, heals=True, must=False)
        self._last_process()

    def _process(self, number, heals, must):
        """A server in which the fault begins with the call `number`. In the end it is asked to end.

        `heals`: the fault is over before that, and it must serve then, unless it has ended.
        `must`: it must serve, unless it ends.
        """
        lottery = self.lottery
        before = files(lottery.data)
        lottery.launch_server(**self.sweep.server_settings | self.situation.settings,
                              **self.watched(self.PROGRAM, number))
        if self._listens():
            self.situation.before(self)
            served = hold(self.agencies, self.is_alive, *(PATIENT if must else IMPATIENT))
            if heals:
                self.watches[-1].heal()
                served = hold(self.agencies, self.is_alive, *PATIENT)
            if not served and (must or heals) and self.is_alive():
                raise Failure("the server goes on and does not serve")
        self._end(before, self._allowed())

    def _last_process(self):
        """A server in which nothing fails: everybody asks once more."""
        lottery = self.lottery
        before = files(lottery.data)
        lottery.launch_server(**self.sweep.server_settings)
        if not self._listens() or not hold(self.agencies, self.is_alive, *PATIENT):
            raise Failure(f"a new start does not complete it: {lottery.server.last_line()}")
        self._end(before, (0,))
        checks.check_bets(lottery, complete=True)
        for agency in self.agencies:
            checks.check_told(lottery, agency.bets.agency, [agency.winners], agency.bets.winning)

    def _end(self, before, allowed):
        """Asks the server to end, where it runs, and checks what it leaves."""
        lottery = self.lottery
        if self.is_alive():
            lottery.server.signal(signal.SIGTERM)
        for agency in self.agencies:
            agency.take_leave()
        self.wait(lottery.server)
        checks.check_promises(
            lottery, {agency.bets.agency: agency.acknowledged for agency in self.agencies})
        for agency in self.agencies:
            if agency.confirmed and agency.bets.agency not in lottery.finished_agencies():
                self.outcome.problem(f"agency {agency.bets.agency} was confirmed, and is not in "
                                     "finished.csv")
        self.check(lottery.server, allowed, before)

    def _allowed(self):
        if self.lacks_memory:
            return self.STATUSES + CRASHES
        if self.case and self.case.fault == "EWOULDBLOCK":
            return (*self.STATUSES, 75)
        return self.STATUSES

    def is_alive(self):
        return self.lottery.server.status is None

    def _listens(self):
        """Waits until the server listens, and returns false where it ends instead."""
        self.lottery.deadline.wait(
            lambda: not self.is_alive() or listens(self.lottery), "the server listens")
        return self.is_alive()


_LISTENING = re.compile(r"^ *\d+: [0-9A-F]{8}:([0-9A-F]{4}) \S+ 0A ", re.MULTILINE)


def listens(lottery):
    """Whether the server listens. Asked of the kernel: a connection would be one call more."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        return f"{lottery.port:04X}" in _LISTENING.findall(table.read())


class AgencyRun(Run):
    """Calls of an agency fail; the other one has finished before."""

    PROGRAM = "agency-client"
    # Done; the file cannot be read; given up; the system refused; the configuration cannot be read.
    STATUSES = (0, 66, 69, 71, 78)
    AGENCY = 1

    def play(self):
        """Plays it."""
        lottery = self.lottery
        lottery.launch_server(**self.sweep.server_settings)
        lottery.deadline.wait(lambda: listens(lottery), "the server listens")
        way = self.case.way if self.case else "once"
        self._process(self.case.number if self.case else 1, "2s" if way == "once" else "30ms")
        if way == "restart":
            self._process(1, "30ms")
        self._last_process()

    def _process(self, number, limit):
        process = self._start(limit, **self.watched(self.PROGRAM, number))
        self.wait(process)
        self.check(process, self.STATUSES + (CRASHES if self.lacks_memory else ()), {})
        if process.status == 0:
            self._check_winners(process)

    def _last_process(self):
        lottery = self.lottery
        process = self._start("5s")
        process.wait(lottery.deadline)
        self.check(process, (0,), {})
        self._check_winners(process)
        lottery.server.signal(signal.SIGTERM)
        lottery.server.wait(lottery.deadline)
        self.check(lottery.server, (0,), {})
        checks.check_bets(lottery, complete=True)

    def _start(self, limit, **environment):
        return self.lottery.start_agency(
            self.AGENCY, CLI_RETRY_LIMIT=limit, CLI_KEY_FILE=str(self.sweep.key),
            CLI_BATCH_MAXAMOUNT="2", CLI_BATCH_WINDOW="2", **environment)

    def _check_winners(self, process):
        told = checks.told_winners(process)
        if self.tells_why(0) or told:
            winning = self.lottery.bets.by_agency[self.AGENCY].winning
            checks.check_told(self.lottery, self.AGENCY, told, len(winning))
