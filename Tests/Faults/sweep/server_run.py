"""Calls of the server fail."""

import signal

import checks
from sweep.runs import KEY, Run, files
from sweep.scripted import ScriptedAgency, hold
from processes import Failure

# Seconds that an agency waits for an answer, and the connections that it tries: with a server that
# must go on, and with one that need not.
PATIENT, IMPATIENT = (5, 30), (0.1, 3)
# Another server uses the directory.
IN_USE = 75


class ServerRun(Run):
    """Calls of the server fail; the agencies are the bench's own."""

    PROGRAM = "lottery-server"
    # Asked to end; no configuration file; the system refused; the disk failed; the configuration
    # cannot be read.
    STATUSES = (0, 66, 71, 74, 78)

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
        must = self.way == "once" and not self.lacks_memory
        self._process(self.begins, heals=False, must=must)
        if self.way == "restart":
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
            checks.check_told(lottery, agency.bets.agency, agency.told, agency.bets.winning)

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
        self.check_end(lottery.server, allowed)
        self.check_files(before)

    def _allowed(self):
        if self.case and self.case.fault == "EWOULDBLOCK":
            return (*self.STATUSES, IN_USE)
        return self.STATUSES

    def is_alive(self):
        return self.lottery.server.status is None

    def _listens(self):
        """Waits until the server listens, and returns false where it ends instead."""
        self.lottery.deadline.wait(self.listens_or_ended, "the server listens")
        return self.is_alive()
