"""Calls of the server fail or hang."""

import signal

from faults.sweep.runs import KEY, Run
from lottery import store
from lottery.agency import ScriptedAgency, hold
from lottery.processes import Failure

# Seconds that an agency waits for an answer, and the connections that it tries: with a server that
# must go on, with one that need not, and with one in which a call hangs.
PATIENT, IMPATIENT, STALLED = (5, 30), (0.1, 3), (0.5, 10)
# Another server uses the directory.
IN_USE = 75


class ServerRun(Run):
    """Calls of the server fail. The bench plays the agencies."""

    PROGRAM = "lottery-server"
    # Asked to end; no configuration file; the system refused; the disk failed; the configuration
    # cannot be read.
    STATUSES = (0, 66, 71, 74, 78)

    def __init__(self, *arguments):
        super().__init__(*arguments)
        # What an earlier server has promised.
        data = self.lottery.data
        rows, finished = store.bets_by_agency(data), store.finished_agencies(data)
        self.agencies = [
            ScriptedAgency(bets, self.lottery.port, KEY, len(rows.get(agency, ())),
                           agency in finished)
            for agency, bets in self.lottery.bets.by_agency.items()]

    def play(self):
        if self.stalls:
            before = store.whole_rows(self.lottery.data)
            if self._launch(**self.watched(self.PROGRAM, self.case.number)):
                hold(self.agencies, lambda: self.is_alive() and not self.hits, *STALLED)
            self._end(before, ())
            self.stalls = False
        else:
            self._process(self.case.number, heals=False, must=self.case.way == "once")
        if self.case.way == "restart":
            self._process(1, heals=True, must=False)
        self._last_process()

    def is_alive(self):
        return self.lottery.server.status is None

    def _process(self, number, heals, must):
        """Runs a server in which the fault begins with call `number`, and asks it to end.

        `heals`: the fault is over before that, and then the server must serve, unless it has ended.
        `must`: it must serve, unless it ends.
        """
        before = store.whole_rows(self.lottery.data)
        if self._launch(**self.watched(self.PROGRAM, number)):
            served = hold(self.agencies, self.is_alive, *(PATIENT if must else IMPATIENT))
            if heals:
                self.watches[-1].heal()
                served = hold(self.agencies, self.is_alive, *PATIENT)
            if not served and (must or heals) and self.is_alive():
                raise Failure("the server goes on and does not serve")
        in_use = (IN_USE,) if self.case.fault == "EWOULDBLOCK" else ()
        self._end(before, self.STATUSES + in_use)

    def _last_process(self):
        """Runs a server in which nothing fails: each agency asks again."""
        lottery = self.lottery
        before = store.whole_rows(lottery.data)
        if not self._launch() or not hold(self.agencies, self.is_alive, *PATIENT):
            raise Failure(f"a new start does not complete it: {lottery.server.last_line()}")
        self._end(before, (0,))
        store.check_bets(lottery.data, lottery.bets, complete=True)
        for agency in self.agencies:
            store.check_told(agency.bets.agency, agency.told, agency.bets.winning)

    def _launch(self, **environment):
        """Starts the server, and returns whether it listens."""
        self.lottery.launch_server(**self.sweep.server_settings | environment)
        return self.wait_for_listener()

    def _end(self, before, allowed):
        """Asks the server to end if it runs, and checks what it leaves."""
        lottery = self.lottery
        lottery.server.signal(signal.SIGTERM)
        for agency in self.agencies:
            agency.take_leave()
        self.wait(lottery.server)
        store.check_promises(
            lottery.data, {agency.bets.agency: agency.acknowledged for agency in self.agencies})
        finished = store.finished_agencies(lottery.data)
        for agency in self.agencies:
            if agency.confirmed and agency.bets.agency not in finished:
                raise Failure(f"agency {agency.bets.agency} was confirmed, and is not in "
                              "finished.csv")
        self.check_end(lottery.server, allowed)
        self.check_files(before)
