"""A run of the sweep: a small lottery in which calls of one program fail or hang, in one way.

    once       one call fails
    on         that call and all later ones fail, until the process ends
    restart    they fail, and also in the next process, for a while
    ends       one call hangs, or the process gets SIGTERM at it. The program gets SIGTERM, and must
               end, in order if nothing hangs
    limit      the same, and an agency must end by itself, because of its `retry.limit`

Afterwards everything works: one more start must complete the lottery. After each process everything
that was promised must be there.
"""

import random
import shutil
import signal
from dataclasses import dataclass

from faults.sweep import calls
from lottery import programs, shim, store
from lottery.host import Lottery
from lottery.log import Log
from lottery.processes import END_SECONDS, Deadline, Failure

RUN_SECONDS = 10
# Calls after which an interruption is over: no signal arrives each time.
INTERRUPTIONS = 100
# Exit statuses: given up, another server uses the directory, a bet may be stored or not, an end was
# cut short because it stood still.
UNAVAILABLE, IN_USE, IN_DOUBT, CUT_SHORT = 69, 75, 83, 84
# An agency's retry limit: if nothing fails; if what fails leaves it a way to go on, long enough
# for a busy machine; if calls go on failing; while it must go on until SIGTERM; and while it must
# end by itself.
LIMITS = {"": "5s", "once": "2s", "on": "100ms", "restart": "100ms", "ends": "60s",
          "limit": "300ms"}
BET = {"NOMBRE": "Santiago", "APELLIDO": "Lorca", "DOCUMENTO": "30904465",
       "NACIMIENTO": "1999-03-17"}
BET_ROW = "1,Santiago,Lorca,30904465,1999-03-17,{number}\r\n"


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

    # Statuses with which a program may end if a call fails, if it gets SIGTERM, and if it gives up.
    STATUSES = ENDED = (0,)
    GIVEN_UP = (0, UNAVAILABLE)
    # Whether it retries if a connection fails; has a limit of its own; looks up a name.
    RETRIES, IS_LIMITED, IS_NAMED = True, False, False
    # Whether all bets are those of the agencies' files.
    HAS_FILE = True
    # The calls that fail, if not all.
    CALLS = ()

    def __init__(self, sweep, case, directory):
        self.sweep, self.case, self.directory = sweep, case, directory
        self.call = calls.CALLS.get(case.call, calls.Call(()))
        # What is shared with the processes in which something fails.
        self.watches = []
        # Whether something may fail in the newest process, and whether it stalls.
        self.fails = self.stalls = False
        self.lottery = Lottery(sweep.where, sweep.bets, directory, random.Random(str(case)))
        self.lottery.deadline = Deadline(RUN_SECONDS)
        self.lottery.batch = self.lottery.window = 2
        self.lottery.pauses = ("1ms", "5ms")
        self.lottery.server_flags = ["--config", str(sweep.server_config)]
        self.lottery.agency_flags = ["--config", str(sweep.agency_config)]
        # Whether the log is reliable. It waits for its output with poll.
        self.has_log = case.call != "write_log" and (case.call, case.fault) != ("poll", "hang")
        if case.situation != "server":
            shutil.copytree(sweep.begun, self.lottery.data)

    def play(self):
        self.process(self.case.number)
        if self.case.way == "restart":
            self.process(1, heals=True)
        self.process()

    def process(self, number=0, heals=False):
        """Runs one process, in which the fault begins with call `number` unless that is 0, and
        checks what it leaves. `heals`: the fault is over before the end."""
        before = store.whole_rows(self.lottery.data)
        self.fails, self.stalls = number > 0, number > 0 and self.case.way in calls.STALLS
        environment = {}
        if number:
            self.watches.append(shim.Watch(
                self.sweep.library, self.directory / f"calls-{len(self.watches) + 1}",
                self.case.rule(number)))
            environment = self.watches[-1].environment
        process = self.start(environment)
        self.use(process, heals)
        if not process.ends_within(
                self.end_seconds if self.stalls else self.lottery.deadline.left()):
            raise Failure(f"{process.name} does not end")
        self.check_end(process)
        # Nothing is there twice, and everything that was in the files before.
        store.check_kept(self.lottery.data, before)
        if self.HAS_FILE:
            store.check_bets(self.lottery.data, self.lottery.bets, complete=False)
        store.check_finished(self.lottery.data, self.lottery.bets)
        self.check(process)

    @property
    def end_seconds(self):
        """The seconds after SIGTERM, or after the retry limit, in which a program must have
        ended."""
        return 2 * END_SECONDS if self.sweep.is_busy else END_SECONDS

    @property
    def goes_on(self):
        """Whether what fails leaves the program a way to go on: then an agency may not run out of
        time."""
        return self.case.way == "once" or self.call.costs_nothing

    @property
    def hits(self):
        """The failed calls of the first process."""
        return self.watches[0].hits if self.watches else 0

    def launch_server(self, environment):
        """Starts the server, and waits until it listens, has ended or hangs. Returns it."""
        lottery = self.lottery
        lottery.launch_server(**self.sweep.server_settings | environment)
        lottery.deadline.wait(
            lambda: lottery.server.status is not None or programs.listens(lottery.port)
            or self.is_hanging, "the server listens")
        return lottery.server

    def start_agency(self, agency, limit, **environment):
        return self.lottery.start_agency(
            agency, CLI_RETRY_LIMIT=limit, CLI_KEY_FILE=self.sweep.key, **environment)

    @property
    def is_hanging(self):
        return self.stalls and self.case.fault == "hang" and self.hits > 0

    def was_asked(self, process):
        """Returns whether a process was asked to end: then it need not have done all."""
        return self.stalls and (not self.has_log or process.status == CUT_SHORT
                                or "action: shutdown" in process.text())

    def check_end(self, process):
        """Checks that a process ended with an allowed status, and that its last line says why."""
        status, line = process.status, process.last_line()
        if not self.fails or not self.stalls and (
                self.call.is_survived and self.RETRIES and self.goes_on):
            allowed = (0,)
        elif self.stalls:
            allowed = (*self.ENDED, *[CUT_SHORT] * (self.case.fault == "hang"),
                       *(self.GIVEN_UP if self.case.way == "limit" else ()))
        else:
            allowed = (*self.STATUSES, *[IN_USE] * (self.case.fault == "EWOULDBLOCK"))
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


class ServerRun(Run):
    """Calls of the server fail."""

    # Asked to end; no configuration file; the system refused; the disk failed; the configuration
    # cannot be read.
    STATUSES = (0, 66, 71, 74, 78)
    # It goes on whatever fails again and again, if that is survived at all.
    goes_on = True

    def start(self, environment):
        return self.launch_server(environment)

    def use(self, server, heals):
        """The agencies hold their lottery, and the server is asked to end."""
        way = self.case.way if self.fails else ""
        must = way in ("", "once")
        served = self._hold(server, LIMITS["" if must else way])
        if heals and server.status is None:
            self.watches[-1].heal()
            served = self._hold(server, LIMITS[""])
        if not served and (must or heals) and server.status is None:
            raise Failure("the server goes on and does not serve")
        if not served and not self.fails:
            raise Failure(f"a new start does not complete it: {server.last_line()}")
        server.signal(signal.SIGTERM)

    def _hold(self, server, limit):
        """Runs an agency after the other up to its FINISHED, and returns whether all have had their
        winners. They go on if the server stalls or ends, or if one of them gives up."""
        lottery = self.lottery

        def is_over():
            return server.status is not None or self.stalls and self.hits or any(
                process.status for process in lottery.agencies.values())

        self.kill_agencies()
        lottery.agencies.clear()
        for agency in lottery.bets.by_agency:
            self.start_agency(agency, limit)
            lottery.deadline.wait(
                lambda: is_over() or agency in dict(store.finished(lottery.data)), "FINISHED")
        lottery.deadline.wait(lambda: is_over() or lottery.has_ended(), "the end of the agencies")
        return all(process.status == 0 for process in lottery.agencies.values())

    def kill_agencies(self):
        for process in self.lottery.agencies.values():
            process.kill()

    def check(self, server):
        lottery = self.lottery
        self.kill_agencies()
        for agency, process in lottery.agencies.items():
            if process.status not in (0, UNAVAILABLE, -signal.SIGKILL):
                raise Failure(f"{process.name} ended with {process.status}: {process.last_line()}")
            if "action: lost_bets" in process.text():
                raise Failure(f"{process.name} was told of fewer bets than it was promised")
            if process.status == 0 and agency not in dict(store.finished(lottery.data)):
                raise Failure(f"agency {agency} has its winners, and is not in finished.csv")
        lottery.check_promises()
        if not self.fails:
            lottery.check_results()


class ClientRun(Run):
    """Calls of a process fail that connects to a server in which nothing fails."""

    # Done; the file cannot be read; given up; the system refused; the configuration cannot be read.
    STATUSES = (0, 66, UNAVAILABLE, 71, 78)
    AGENCY = 1
    SETTINGS = {}
    IS_LIMITED = True
    # Seconds after which the process must have ended by itself (`LIMITS`).
    LIMIT_SECONDS = 0.3

    def play(self):
        server = self.launch_server({})
        super().play()
        server.signal(signal.SIGTERM)
        server.wait(self.lottery.deadline)
        Run.check_end(self, server)

    def start(self, environment):
        way = self.case.way if self.fails else ""
        limit = LIMITS["once" if way in calls.FAILS and self.goes_on else way]
        return self.start_agency(self.AGENCY, limit, **self.SETTINGS | environment)

    def use(self, process, heals):
        """Asks a process to end in which something stalls, unless it must end by itself."""
        if not self.stalls:
            return
        self.lottery.deadline.wait(lambda: process.status is not None or self.hits, "the call")
        if self.case.way == "ends" or not self._gives_up(process):
            process.signal(signal.SIGTERM)

    def _gives_up(self, process):
        """Waits for the end that the limit brings. Returns false if the agency waits for the draw
        instead, which may take as long as it likes."""
        if process.ends_within(self.LIMIT_SECONDS + self.end_seconds):
            return True
        if self.AGENCY in dict(store.finished(self.lottery.data)):
            return False
        raise Failure(f"{process.name} has not ended because of its limit")

    def check(self, process):
        """Checks what a process says."""


class LotteryRun(ClientRun):
    """An agency sends its bets and asks for its winners."""

    def check(self, process):
        told = list(map(int, Log.of(process.text()).values("cant_ganadores", "consulta_ganadores")))
        if told or process.status == 0 and self.has_log and not self.was_asked(process):
            winning = self.lottery.bets.by_agency[self.AGENCY].winning
            store.check_told(self.AGENCY, told, len(winning))
        if not self.fails:
            store.check_bets(self.lottery.data, self.lottery.bets, complete=True)


class NamedRun(LotteryRun):
    """The server's address is a name."""

    IS_NAMED = True
    CALLS = ("getaddrinfo", "connect")

    def start(self, environment):
        return super().start(
            {"CLI_SERVER_ADDRESS": f"localhost:{self.lottery.port}"} | environment)


class BetRun(ClientRun):
    """An agency places one bet, each process another one."""

    STATUSES = (*ClientRun.STATUSES, IN_DOUBT)
    GIVEN_UP = (*ClientRun.GIVEN_UP, IN_DOUBT)
    SETTINGS = {"CLI_MODE": "bet", **BET}
    HAS_FILE = False
    placed = 0

    def start(self, environment):
        self.placed += 1
        return super().start({"NUMERO": str(self.placed)} | environment)

    def check(self, process):
        bets = store.whole_rows(self.lottery.data)["bets.csv"]
        for number in range(1, self.placed + 1):
            stored = bets.count(BET_ROW.format(number=number).encode())
            if stored > 1:
                raise Failure(f"the bet on {number} is stored {stored} times")
        # The last one is the process's.
        said = "action: apuesta_enviada | result: success" in process.text()
        if not stored and (said or process.status == 0 and not self.was_asked(process)):
            raise Failure("the bet is said to be stored, and is not")
        if self.was_asked(process) or process.status == 0:
            return
        if process.status == IN_DOUBT:
            # HELLO comes first.
            if self.watches[-1].counts().get("send", 0) < 2:
                raise Failure("the bet is said to be in doubt, and was never sent")
        elif stored:
            raise Failure("the bet is said not to be stored, and is")


class EchoRun(ClientRun):
    """An agency sends lines, and reads them back."""

    SETTINGS = {"CLI_MODE": "echo", "CLI_LOOP_AMOUNT": "2", "CLI_LOOP_PERIOD": "1ms"}
    RETRIES = False

    def check(self, process):
        lines = process.text().count("action: receive_message | result: success")
        if process.status == 0 and self.has_log and lines != 2 and not self.was_asked(process):
            raise Failure("not all lines came back")


class StatusRun(ClientRun):
    """The operator asks for the lottery's status. A signal ends that at once: it has nothing to end
    in order."""

    # And standard output cannot be written.
    STATUSES = (*ClientRun.STATUSES, 74)
    ENDED = (0, 128 + signal.SIGTERM)
    RETRIES = False
    # What `--status` gives the server.
    LIMIT_SECONDS = 3

    def start(self, environment):
        lottery = self.lottery
        lottery.starts += 1
        return programs.start(
            lottery.where, "lottery-server", self.directory / f"status-{lottery.starts}.log",
            self.sweep.server_settings | {"SERVER_PORT": lottery.port} | environment, ["--status"])

    def says_why(self, status, line):
        if status in self.ENDED:
            return True
        if line.startswith("20"):
            return super().says_why(status, line)
        return line.startswith("lottery-server: ") and self.names_fault(line)


# What is run in a state of the lottery: but for the first one, bets are stored already, a row is
# torn off, and the second agency has finished.
SITUATIONS = {"server": ServerRun, "server-again": ServerRun, "agency": LotteryRun,
              "agency-named": NamedRun, "agency-bet": BetRun, "agency-echo": EchoRun,
              "status": StatusRun}
