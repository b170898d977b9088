"""A lottery of processes of this machine: a server, its agencies, and what they were promised."""

import signal

from lottery import programs, store
from lottery.log import LISTENING, Log
from lottery.processes import Deadline, Failure, free_port

LOTTERY_SECONDS = 60


class Lottery:
    """A lottery of all agencies of `bets`, in a directory of its own.

    A Failure is raised if something is wrong. `chance` makes the random choices.
    """

    def __init__(self, where, bets, directory, chance):
        self.where, self.bets, self.directory = where, bets, directory
        self.data = directory / "data"
        self.deadline = Deadline(LOTTERY_SECONDS)
        self.server = None
        # The newest process of each agency, and all its processes, the dead ones too.
        self.agencies = {}
        self.speakers = {agency: [] for agency in bets.by_agency}
        self.batch = chance.choice((10, 40, 150))
        self.window = chance.choice((1, 4, 16))
        # Before a retry: the first pause, the longest.
        self.pauses = ("20ms", "200ms")
        self.port = free_port()
        self.starts = 0
        # Further settings of the server in all its processes, and arguments of the two programs.
        self.settings = {}
        self.server_flags, self.agency_flags = [], []
        directory.mkdir(parents=True, exist_ok=True)

    def start_server(self, **environment):
        """Starts the server, and waits until it listens. What was promised before must be there."""
        self.check_promises()
        self.launch_server(**environment)
        self.server.wait_for_line(LISTENING, self.deadline)

    def launch_server(self, **environment):
        """Starts the server, and does not wait."""
        self.starts += 1
        self.server = programs.start(
            self.where, "lottery-server", self.directory / f"server-{self.starts}.log",
            programs.server_settings(self.port, len(self.bets.by_agency), SERVER_DATA_DIR=self.data)
            | {"LOGGING_LEVEL": "INFO"} | self.settings | environment, self.server_flags)

    def start_agency(self, agency, **environment):
        speakers = self.speakers[agency]
        self.agencies[agency] = programs.start(
            self.where, "agency-client",
            self.directory / f"agency-{agency}-{len(speakers) + 1}.log",
            programs.agency_settings(
                agency, self.port, self.bets.by_agency[agency].path, CLI_LOG_LEVEL="DEBUG",
                CLI_BATCH_MAXAMOUNT=self.batch, CLI_BATCH_WINDOW=self.window,
                CLI_RETRY_PAUSE=self.pauses[0], CLI_RETRY_MAXPAUSE=self.pauses[1])
            | environment, self.agency_flags)
        speakers.append(self.agencies[agency])
        return self.agencies[agency]

    def start_all(self, **environment):
        """Starts the server with these settings, and then the agencies."""
        self.start_server(**environment)
        for agency in self.bets.by_agency:
            self.start_agency(agency)

    def wait(self, condition, what):
        """Waits for a condition while all programs go on well."""
        return self.deadline.wait(condition, what, watch=self.check_alive)

    def wait_until_stored(self, part):
        """Waits until `bets.csv` holds that part of all bets, 0 to 1."""
        size = int(part * self.bets.size)
        file = self.data / "bets.csv"
        self.wait(lambda: file.exists() and file.stat().st_size >= size, f"{size} bytes of bets")

    def check_alive(self):
        """Raises a Failure if a program has failed."""
        if self.server.status is not None:
            raise Failure(f"the server ended with {self.server.status}: {self.server.last_line()}")
        for process in self.agencies.values():
            if process.status not in (None, 0):
                raise Failure(f"{process.name} ended with {process.status}: {process.last_line()}")

    def logged(self, agency, key, action):
        """Returns the numbers in a field of what the processes of an agency logged, so far."""
        return [int(value) for process in self.speakers[agency]
                for value in Log.of(process.text()).values(key, action)]

    def check_promises(self):
        """Checks that what was acknowledged is on the disk. Call it while no server runs."""
        # By the logs, which may lag. The promises first: without a server none is added.
        store.check_promises(self.data, {
            agency: sum(self.logged(agency, "cantidad", "apuesta_enviada"))
            for agency in self.bets.by_agency})

    def has_ended(self):
        """Returns whether no agency runs any more."""
        return all(process.status is not None for process in self.agencies.values())

    def finish(self):
        """Waits for the end of the lottery, and checks everything."""
        self.wait(self.has_ended, "the end of all agencies")
        self.check_alive()
        self.server.signal(signal.SIGTERM)
        if (status := self.server.wait(self.deadline)) != 0:
            raise Failure(f"the server ended with {status} on SIGTERM")
        self.check_promises()
        self.check_results()

    def check_results(self):
        """Checks that all bets are stored, and that each agency was told its winners."""
        store.check_bets(self.data, self.bets, complete=True)
        for agency, bets in self.bets.by_agency.items():
            store.check_told(agency, self.logged(agency, "cant_ganadores", "consulta_ganadores"),
                             len(bets.winning))

    def kill_all(self):
        for process in [self.server, *(one for all in self.speakers.values() for one in all)]:
            if process:
                process.kill()

    def end(self):
        """Ends the processes that still run. Whatever has happened, no bet is there twice."""
        self.kill_all()
        store.check_bets(self.data, self.bets, complete=False)
