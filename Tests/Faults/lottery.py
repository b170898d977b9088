"""One lottery: a server, its agencies, what they were promised and what is on the disk."""

import re
import signal

import checks
from processes import Deadline, Failure, PipedProcess, free_port

LOTTERY_SECONDS = 60
LISTENING = "action: accept_connections | result: in_progress"
_stored = re.compile(r"action: apuesta_enviada \| result: success \| cantidad: (\d+)")


class Lottery:
    """A lottery of all agencies of `bets`, in a directory of its own.

    Problems go into `outcome`. A Failure is raised if the lottery cannot go on.
    """

    def __init__(self, bench, bets, directory, random, outcome, data=None):
        self.bench = bench
        self.bets = bets
        self.directory = directory
        self.outcome = outcome
        self.data = data or directory / "data"
        self.deadline = Deadline(LOTTERY_SECONDS)
        self.server = None
        self.agencies = {}
        # All processes of each agency, the dead ones too.
        self.speakers = {agency: [] for agency in bets.by_agency}
        # Promised bets that were counted as lost already.
        self.written_off = dict.fromkeys(bets.by_agency, 0)
        self.batch = random.choice((10, 40, 150))
        self.window = random.choice((1, 4, 16))
        # Before a retry: the first pause, the longest.
        self.pauses = ("20ms", "200ms")
        self.port = free_port()
        # The port that agencies connect to: the server's or a proxy's.
        self.entrance = self.port
        self.starts = 0
        # Further arguments of the two programs.
        self.server_flags, self.agency_flags = [], []
        directory.mkdir(parents=True, exist_ok=True)

    def start_server(self, **environment):
        """Starts the server, and waits until it listens."""
        self.launch_server(**environment)
        self.deadline.wait(self._listens_or_ended, "the server listens")
        if self.server.status is not None:
            raise Failure(f"the server does not start: {self.server.last_line()}")

    def launch_server(self, **environment):
        """Starts the server, and does not wait."""
        self.starts += 1
        self.server = PipedProcess(
            [self.bench.programs / "lottery-server", *self.server_flags],
            {"SERVER_PORT": str(self.port), "SERVER_AGENCIES": str(len(self.bets.by_agency)),
             "SERVER_DATA_DIR": str(self.data), "LOGGING_LEVEL": "INFO"}
            | self.bench.settings | environment,
            self.directory / f"server-{self.starts}.log")

    def restart_server(self, **environment):
        """Starts it again after a fault. What was promised must be there."""
        self.check_promises()
        before = self.deadline.left()
        self.start_server(**environment)
        self.outcome.note_recovery(before - self.deadline.left())

    def kill_server(self):
        self.outcome.faults += 1
        self.server.kill()

    def start_agency(self, agency, **environment):
        speakers = self.speakers[agency]
        self.agencies[agency] = PipedProcess(
            [self.bench.programs / "agency-client", *self.agency_flags],
            {"CLI_ID": str(agency), "CLI_SERVER_ADDRESS": f"127.0.0.1:{self.entrance}",
             "CLI_DATA_FILE": str(self.bets.by_agency[agency].path), "CLI_MODE": "lottery",
             "CLI_LOG_LEVEL": "DEBUG", "CLI_BATCH_MAXAMOUNT": str(self.batch),
             "CLI_BATCH_WINDOW": str(self.window), "CLI_RETRY_PAUSE": self.pauses[0],
             "CLI_RETRY_MAXPAUSE": self.pauses[1]} | environment,
            self.directory / f"agency-{agency}-{len(speakers) + 1}.log")
        speakers.append(self.agencies[agency])
        return self.agencies[agency]

    def start_agencies(self):
        for agency in self.bets.by_agency:
            self.start_agency(agency)

    def start_all(self, **environment):
        """Starts the server with these settings, and then the agencies."""
        self.start_server(**environment)
        self.start_agencies()

    def kill_agency(self, agency):
        self.outcome.faults += 1
        self.agencies.pop(agency).kill()

    def wait_until_stored(self, part):
        """Waits until `bets.csv` holds that part of all bets, 0 to 1."""
        size = int(part * self.bets.size)
        self.deadline.wait(lambda: self.stored_size() >= size, f"{size} bytes of bets",
                           watch=self.check_alive)

    def stored_size(self):
        """Returns the bytes in `bets.csv`."""
        try:
            return (self.data / "bets.csv").stat().st_size
        except FileNotFoundError:
            return 0

    def finished_agencies(self):
        """Returns the agencies that `finished.csv` holds in whole rows."""
        try:
            rows = (self.data / "finished.csv").read_bytes().split(b"\r\n")[:-1]
        except FileNotFoundError:
            return set()
        return {int(row.partition(b",")[0]) for row in rows}

    def check_alive(self):
        """Raises a Failure if a program has failed."""
        if self.server.status is not None:
            raise Failure(f"the server ended with {self.server.status}: {self.server.last_line()}")
        for process in self.agencies.values():
            if process.status not in (None, 0):
                raise Failure(f"{process.name} ended with {process.status}: {process.last_line()}")

    def promised(self, agency):
        """Returns how many bets were acknowledged to the agency, by its log, which may lag."""
        return sum(int(count) for process in self.speakers[agency]
                   for count in _stored.findall(process.text()))

    def check_promises(self):
        """Checks that what was acknowledged is on the disk. Call it while no server runs."""
        # The promises first: without a server none is added.
        promised = {agency: self.promised(agency) for agency in self.bets.by_agency}
        checks.check_promises(self, promised)

    def has_ended(self):
        """Returns whether no agency runs any more."""
        return all(process.status is not None for process in self.agencies.values())

    def finish(self):
        """Waits for the end of the lottery, and checks everything."""
        self.deadline.wait(self.has_ended, "the end of all agencies", watch=self.check_alive)
        self.server.signal(signal.SIGTERM)
        if (status := self.server.wait(self.deadline)) != 0:
            self.outcome.problem(f"the server ended with {status} on SIGTERM")
        self.check_promises()
        checks.check_bets(self, complete=True)
        checks.check_winners(self)

    def end(self):
        """Ends the processes that still run."""
        for process in [self.server, *self.agencies.values()]:
            if process:
                process.kill()

    def _listens_or_ended(self):
        return self.server.status is not None or LISTENING in self.server.text()
