"""Calls of a client fail or hang: of an agency in each of its modes, and of the server's own
`--status`."""

import signal

from faults.sweep import calls
from faults.sweep.runs import Run
from lottery import programs, store
from lottery.log import Log
from lottery.processes import Failure

# The agency's retry limit: if one call fails, and if calls go on failing. The first is long enough
# for a busy machine: no agency may give up for lack of time alone.
LIMIT, SHORT_LIMIT = "2s", "100ms"
# The same if a call hangs: while it must go on until SIGTERM, and while it must end by itself.
STALL_LIMITS, LIMIT_SECONDS = {"ends": "60s", "limit": "300ms"}, 0.3
BET = {"NOMBRE": "Santiago", "APELLIDO": "Lorca", "DOCUMENTO": "30904465",
       "NACIMIENTO": "1999-03-17"}
BET_ROW = "1,Santiago,Lorca,30904465,1999-03-17,{number}\r\n"


class ClientRun(Run):
    """A process connects to a server in which nothing fails."""

    PROGRAM = "agency-client"
    # Done; the file cannot be read; given up; the system refused; the configuration cannot be read.
    STATUSES = (0, 66, 69, 71, 78)
    AGENCY = 1
    SETTINGS = {}
    # Whether it retries if a connection fails.
    RETRIES = True
    IS_LIMITED = True
    # Seconds after which the process must have ended by itself.
    LIMIT_SECONDS = LIMIT_SECONDS

    def play(self):
        self.lottery.launch_server(**self.sweep.server_settings)
        self.wait_for_listener()
        if self.stalls:
            self._stall()
            self.stalls = False
        else:
            limit = LIMIT if self.goes_on else SHORT_LIMIT
            self._process(self.case.number, limit)
            if self.case.way == "restart":
                self._process(1, limit)
        self._last_process()

    def start(self, limit, **environment):
        """Starts the process, with `limit` for its retries."""
        return self.lottery.start_agency(
            self.AGENCY, CLI_RETRY_LIMIT=limit, CLI_KEY_FILE=str(self.sweep.key),
            CLI_BATCH_MAXAMOUNT="2", CLI_BATCH_WINDOW="2", **self.SETTINGS | environment)

    @property
    def must_survive(self):
        return super().must_survive and self.RETRIES and self.goes_on

    @property
    def goes_on(self):
        """Whether what fails leaves the agency a way to go on: then it may not run out of time."""
        call = calls.CALLS.get(self.case.call)
        return self.case.way == "once" or call is not None and call.costs_nothing

    def check(self, process, before):
        """Checks what a process leaves and says. `before` was in the files."""
        self.check_files(before)

    def _process(self, number, limit):
        before = store.whole_rows(self.lottery.data)
        process = self.start(limit, **self.watched(self.PROGRAM, number))
        self.wait(process)
        self.check_end(process, self.STATUSES)
        self.check(process, before)

    def _stall(self):
        before = store.whole_rows(self.lottery.data)
        process = self.start(
            STALL_LIMITS[self.case.way], **self.watched(self.PROGRAM, self.case.number))
        self.lottery.deadline.wait(lambda: process.status is not None or self.hits, "the call")
        if self.case.way == "ends" or not self._gives_up(process):
            process.signal(signal.SIGTERM)
            self.wait(process)
        self.check_end(process, ())
        self.check(process, before)

    def _gives_up(self, process):
        """Waits for the end that the limit brings. Returns false if the agency waits for the draw
        instead, which may take as long as it likes."""
        if process.ends_within(self.LIMIT_SECONDS + self.end_seconds):
            return True
        if self.AGENCY in store.finished_agencies(self.lottery.data):
            return False
        raise Failure(f"{process.name} has not ended because of its limit")

    def _last_process(self):
        lottery = self.lottery
        before = store.whole_rows(lottery.data)
        process = self.start("5s")
        if process.wait(lottery.deadline) != 0:
            raise Failure(f"a new start does not complete it: {process.last_line()}")
        self.check_end(process, (0,))
        lottery.server.signal(signal.SIGTERM)
        lottery.server.wait(lottery.deadline)
        self.check_end(lottery.server, (0,))
        self.check(process, before)
        if isinstance(self, LotteryRun):
            store.check_bets(lottery.data, lottery.bets, complete=True)


class LotteryRun(ClientRun):
    """An agency sends its bets and asks for its winners."""

    def check(self, process, before):
        super().check(process, before)
        told = list(map(int, Log.of(process.text()).values("cant_ganadores", "consulta_ganadores")))
        if told or process.status == 0 and self.has_log and not self.was_asked(process):
            winning = self.lottery.bets.by_agency[self.AGENCY].winning
            store.check_told(self.AGENCY, told, len(winning))


class NamedRun(LotteryRun):
    """The server's address is a name."""

    IS_NAMED = True
    CALLS = ("getaddrinfo", "connect")

    def start(self, limit, **environment):
        return super().start(
            limit, CLI_SERVER_ADDRESS=f"localhost:{self.lottery.port}", **environment)


class BetRun(ClientRun):
    """An agency places one bet, each process another one."""

    # And it is not known whether the bet is stored.
    IN_DOUBT = 83
    STATUSES = (*ClientRun.STATUSES, IN_DOUBT)
    GIVEN_UP = (*ClientRun.GIVEN_UP, IN_DOUBT)
    SETTINGS = {"CLI_MODE": "bet", **BET}

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.number = 0

    def start(self, limit, **environment):
        self.number += 1
        return super().start(limit, NUMERO=str(self.number), **environment)

    def check(self, process, before):
        bets = store.whole_rows(self.lottery.data)["bets.csv"]
        for number in range(1, self.number + 1):
            stored = bets.count(BET_ROW.format(number=number).encode())
            if stored > 1:
                raise Failure(f"the bet on {number} is stored {stored} times")
        # The last one is the process's.
        said = "action: apuesta_enviada | result: success" in process.text()
        if not stored and (said or process.status == 0 and not self.was_asked(process)):
            raise Failure("the bet is said to be stored, and is not")
        if self.was_asked(process) or process.status == 0:
            return
        if process.status == self.IN_DOUBT:
            # HELLO comes first.
            if self.watches[-1].counts().get("send", 0) < 2:
                raise Failure("the bet is said to be in doubt, and was never sent")
        elif stored:
            raise Failure("the bet is said not to be stored, and is")


class EchoRun(ClientRun):
    """An agency sends lines, and reads them back."""

    SETTINGS = {"CLI_MODE": "echo", "CLI_LOOP_AMOUNT": "2", "CLI_LOOP_PERIOD": "1ms"}
    RETRIES = False

    def check(self, process, before):
        super().check(process, before)
        lines = process.text().count("action: receive_message | result: success")
        if process.status == 0 and self.has_log and lines != 2 and not self.was_asked(process):
            raise Failure("not all lines came back")


class StatusRun(ClientRun):
    """The operator asks for the lottery's status. A signal ends that at once: it has nothing to end
    in order."""

    PROGRAM = "lottery-server"
    # And standard output cannot be written.
    STATUSES = (*ClientRun.STATUSES, 74)
    ENDED = (0, 128 + signal.SIGTERM)
    RETRIES = False
    # What `--status` gives the server.
    LIMIT_SECONDS = 3

    def start(self, limit, **environment):
        lottery = self.lottery
        lottery.starts += 1
        return programs.start(
            lottery.where, self.PROGRAM, self.directory / f"status-{lottery.starts}.log",
            self.sweep.server_settings | {"SERVER_PORT": lottery.port} | environment, ["--status"])

    def says_why(self, status, line):
        if status in self.ENDED:
            return True
        if line.startswith("20"):
            return super().says_why(status, line)
        return line.startswith("lottery-server: ") and self.names_fault(line)
