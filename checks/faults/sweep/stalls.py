"""A run of the sweep of stalls: a small lottery in which a call does not return, a peer says
nothing, or SIGTERM comes at any moment.

    ends     the program then gets SIGTERM, and must end
    limit    an agency must end by itself, because of its `retry.limit`

Where nothing hangs, the program must end in order. Afterwards everything works: one more start must
complete the lottery. Whatever happened, everything that was promised must be there.
"""

import dataclasses
import signal
import time

from faults.sweep.calls import CALLS
from faults.sweep.cases import Situation
from faults.sweep.client_runs import BET_ROW, BetRun, ClientRun, EchoRun, LotteryRun, StatusRun
from faults.sweep.runs import Run
from faults.sweep.server_run import ServerRun
from lottery import store
from lottery.agency import hold
from lottery.log import Log
from lottery.processes import END_SECONDS, Deadline, Failure

# Seconds after SIGTERM, or after the retry limit, in which a program must have ended on a machine
# whose cores are busy.
BUSY_END_SECONDS = 2 * END_SECONDS
# The status of an end that was cut short because it stood still.
CUT_SHORT = 84
# The agency's retry limit: while it must go on until SIGTERM, and while it must end by itself.
LONG_LIMIT, LIMIT, LIMIT_SECONDS = "60s", "300ms", 0.3
# Seconds that `--status` gives the server.
STATUS_SECONDS = 3
# Calls that wait for a peer, and return at once if there is nothing to do.
PEERS = ("accept", "connect", "recv", "send")
# Calls that ask the kernel's own memory only, before the program waits for signals.
INSTANT = ("fcntl_log",)
# Calls that hang because of the network or the server.
NETWORK = ("connect", "getaddrinfo", "recv", "send")
# Seconds that an agency of the bench waits for an answer, and the connections that it tries.
WAIT = (0.5, 10)


class Stall(Run):
    """A run in which something stalls in its first process."""

    # Whether the process ends by itself.
    LIMITED = False

    def __init__(self, *arguments):
        super().__init__(*arguments)
        # Whether the process is the one in which something stalls.
        self.is_first = bool(self.case.call)
        # The log waits for its output with poll.
        if self.case.call == "poll" and self.case.fault == "hang":
            self.has_log = False

    @property
    def end_seconds(self):
        return BUSY_END_SECONDS if self.sweep.is_busy else END_SECONDS

    @classmethod
    def faults(cls, call):
        if call == "malloc":
            return []
        found = [("SIGTERM", "ends")]
        if call not in INSTANT:
            found.append(("hang", "ends"))
        if call in PEERS:
            found.append(("quiet", "ends"))
        if cls.LIMITED and call in NETWORK:
            found.append(("hang" if call == "getaddrinfo" else "quiet", "limit"))
        return found

    @property
    def is_stalled(self):
        return self.is_first and self.case.fault == "hang" and self.hits > 0

    @property
    def must_survive(self):
        return False

    def wait(self, process):
        """Waits for the end of a process that has been asked to end."""
        start = time.monotonic()
        if not process.ends_within(self.end_seconds):
            raise Failure(f"{process.name} has not ended {self.end_seconds} s after SIGTERM")
        process.wait(Deadline(0))
        if self.is_first:
            tally = self.sweep.tally
            tally.note_longest("longest end, ms", (time.monotonic() - start) * 1000)
            tally["cut short"] += process.status == CUT_SHORT

    def check_end(self, process, allowed):
        if not self.is_first:
            super().check_end(process, allowed)
            return
        status, line = process.status, process.last_line()
        allowed = (0, CUT_SHORT) if self.case.fault == "hang" else (0,)
        if status not in allowed:
            raise Failure(f"{process.name} ended with {status}: {line}")
        says = ("action: exit | result: success" if status == 0
                else f"action: exit | result: fail | status: {CUT_SHORT} | error: the end stood")
        if self.has_log and says not in line:
            raise Failure(f"the last line of {process.name} does not say why it ended: {line}")


class ServerStall(Stall, ServerRun):
    """A call of the server stalls."""

    def play(self):
        if not self.case.call:
            super().play()
            return
        before = store.whole_rows(self.lottery.data)
        if self._launch(**self.watched(self.PROGRAM, self.case.number)):
            hold(self.agencies, lambda: self.is_alive() and not self.hits, *WAIT)
        self._end(before, ())
        self.is_first = False
        self._last_process()


class ClientStall(Stall, ClientRun):
    """A call of a client stalls."""

    def play(self):
        if not self.case.call:
            super().play()
            return
        lottery = self.lottery
        lottery.launch_server(**self.sweep.server_settings)
        self.wait_for_listener()
        before = store.whole_rows(lottery.data)
        ends = self.case.way == "ends"
        process = self.start(
            LONG_LIMIT if ends else LIMIT, **self.watched(self.PROGRAM, self.case.number))
        lottery.deadline.wait(lambda: process.status is not None or self.hits, "the call")
        if ends or self._waits_for_draw(process):
            process.signal(signal.SIGTERM)
            self.wait(process)
            self.check_end(process, ())
        else:
            process.wait(Deadline(0))
            self.check_gave_up(process)
        self.check(process, before)
        self.is_first = False
        self._last_process()

    # Seconds after which the process must have ended by itself.
    LIMIT_SECONDS = LIMIT_SECONDS

    def _waits_for_draw(self, process):
        """Waits for the end that the limit brings, and returns whether the agency waits for the
        draw instead, which may take as long as it likes."""
        if process.ends_within(self.LIMIT_SECONDS + self.end_seconds):
            return False
        if self.AGENCY in store.finished_agencies(self.lottery.data):
            return True
        raise Failure(f"{process.name} has not ended because of its limit")

    def check_gave_up(self, process):
        """Checks an end that a limit brought, or that came before that."""
        if process.status not in (0, *self.GIVEN_UP):
            raise Failure(f"{process.name} ended with {process.status}: {process.last_line()}")

    # No progress.
    GIVEN_UP = (69,)

    def check(self, process, before):
        # Only a process that ended by itself has done what its status says.
        asked = "action: shutdown" in process.text() or not self.has_log
        if self.is_first and (asked or process.status == CUT_SHORT):
            self.check_said(process, before)
        else:
            super().check(process, before)

    def check_said(self, process, before):
        """Checks what a process left and said before it was asked to end."""
        self.check_files(before)


class LotteryStall(ClientStall, LotteryRun):
    LIMITED = True

    def check_said(self, process, before):
        super().check_said(process, before)
        told = list(map(int, Log.of(process.text()).values("cant_ganadores", "consulta_ganadores")))
        if told:
            store.check_told(
                self.AGENCY, told, len(self.lottery.bets.by_agency[self.AGENCY].winning))


class NamedStall(LotteryStall):
    """The server's address is a name."""

    def __init__(self, sweep, case, *arguments):
        # The first lookup takes numbers only, and asks no server.
        if case.call == "getaddrinfo" and case.number == 1:
            case = dataclasses.replace(case, way="ends")
        super().__init__(sweep, case, *arguments)

    def start(self, limit, **environment):
        return super().start(
            limit, CLI_SERVER_ADDRESS=f"localhost:{self.lottery.port}", **environment)


class BetStall(ClientStall, BetRun):
    LIMITED = True
    GIVEN_UP = (*ClientStall.GIVEN_UP, BetRun.IN_DOUBT)

    def check_said(self, process, before):
        stored = store.whole_rows(self.lottery.data)["bets.csv"].count(
            BET_ROW.format(number=self.number).encode())
        if stored > 1 or not stored and "apuesta_enviada | result: success" in process.text():
            raise Failure(f"the bet is stored {stored} times")


class EchoStall(ClientStall, EchoRun):
    LIMITED = True


class StatusStall(ClientStall, StatusRun):
    LIMITED = True
    LIMIT_SECONDS = STATUS_SECONDS

    def check_end(self, process, allowed):
        """A signal ends it at once: it has nothing to end in order."""
        if not self.is_first:
            super().check_end(process, allowed)
        elif process.status not in (0, 128 + signal.SIGTERM):
            raise Failure(f"{process.name} ended with {process.status}: {process.last_line()}")

    def check(self, process, before):
        self.check_files(before)


_NAMES = ("getaddrinfo", "connect")
STALLS = {
    "server": Situation(ServerStall, begun=False),
    "server-again": Situation(ServerStall),
    "agency": Situation(LotteryStall, calls=tuple(CALLS.keys() - {"getaddrinfo"})),
    "agency-named": Situation(NamedStall, calls=_NAMES),
    "agency-bet": Situation(BetStall, calls=tuple(CALLS.keys() - {"getaddrinfo"})),
    "agency-echo": Situation(EchoStall, calls=tuple(CALLS.keys() - {"getaddrinfo"})),
    "status": Situation(StatusStall, calls=tuple(CALLS.keys() - {"getaddrinfo"})),
}
