"""All cases of the sweep, and slices of them."""

import dataclasses
import itertools
import random
import shutil
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Callable

import shim
from bets import WINNING_NUMBER, Bets
from report import Outcome
from sweep import calls
from sweep.client_runs import BetRun, EchoRun, LotteryRun, StatusRun
from sweep.runs import KEY, WAYS, Case
from sweep.scripted import Broken
from sweep.server_run import IMPATIENT, ServerRun
from processes import Failure

SLICES = 100
AGENCIES, ROWS = 2, 6
# Bets of the first agency that are stored in a lottery that has begun, and bytes of the next one.
STORED, TORN = 2, 17
# Runs at once: most of the time they wait.
WORKERS = 3


@dataclass(frozen=True)
class Situation:
    """A state of the lottery, and whose calls fail in it."""

    run: type
    # Whether bets are stored already, a row is torn off, and the second agency has finished.
    begun: bool
    # The calls that fail in it; all unless given.
    calls: tuple = tuple(calls.CALLS)
    # Settings of the server.
    settings: dict = field(default_factory=dict)
    # What is done before the lottery is held.
    before: Callable = lambda run: None


def _let_an_agency_wait(run):
    """The server looks at connections that wait for the draw, a few times in its timeout."""
    agency = run.agencies[0]
    agency.patience = IMPATIENT[0]
    try:
        agency.finish()
        agency.query()
    except (OSError, Broken):
        agency.hang_up()
    run.lottery.deadline.wait(
        lambda: run.counts().get("poll") or not run.is_alive(), "a look at a connection")


SITUATIONS = {
    "server": Situation(ServerRun, begun=False),
    "server-again": Situation(ServerRun, begun=True),
    "server-waits": Situation(ServerRun, begun=False, calls=("poll",),
                              settings={"SERVER_TIMEOUT": "100ms"}, before=_let_an_agency_wait),
    "agency": Situation(LotteryRun, begun=True),
    "agency-bet": Situation(BetRun, begun=True),
    "agency-echo": Situation(EchoRun, begun=True),
    "status": Situation(StatusRun, begun=True),
}


class Sweep:
    """The cases of one bench. Which calls there are tells a lottery in which none fails."""

    def __init__(self, bench):
        self.bench = bench
        self.directory = bench.directory / "sweep"
        self.directory.mkdir()
        self.bets = self._make_bets()
        self.key = self.directory / "key"
        self.key.write_bytes(KEY)
        keys = self.directory / "keys"
        keys.write_bytes(b"".join(b"%d:%s\n" % (agency, KEY) for agency in self.bets.by_agency))
        self.server_settings = {
            "SERVER_AGENCY_KEYS": str(keys), "SERVER_TIMEOUT": "5s", "LOGGING_LEVEL": "DEBUG",
            "SWIFT_BACKTRACE": "enable=no"}
        self.server_config = self.directory / "config.ini"
        self.server_config.write_text("[DEFAULT]\n", encoding="utf-8")
        self.agency_config = self.directory / "config.yaml"
        self.agency_config.write_text("mode: lottery\n", encoding="utf-8")
        self.callers = {}
        for program in ("lottery-server", "agency-client"):
            self.callers[program] = self.directory / f"callers-{program}"
            shim.write_callers(bench.programs / program, self.callers[program])
        self.begun = self._begin()
        self.counts = {name: self._count(name) for name in SITUATIONS}

    def play(self, round):
        """Plays a slice, or the one case that was asked for."""
        if round.case:
            outcome, failed = self._play_case(Case.parse(round.case), round.directory)
            round.outcome.add(outcome)
            if not failed:
                round.outcome.problem(f"{round.case}: the call was not made")
            return
        chosen = [case for case in self._cases()
                  if _slice(self.bench.seed, case) == round.number % SLICES]
        with ThreadPoolExecutor(WORKERS) as workers:
            for outcome in workers.map(lambda case: self._play_on(case, round.directory), chosen):
                round.outcome.add(outcome)

    def _play_on(self, case, directory):
        """Plays a case. The last one by count is followed by further ones while there are any."""
        outcome = Outcome()
        last = case.number == self.counts[case.situation][case.call]
        while True:
            found, failed = self._play_case(case, directory)
            outcome.add(found)
            if not (last and failed):
                return outcome
            case = dataclasses.replace(case, number=case.number + 1)

    def _play_case(self, case, directory):
        """Plays one case; returns what was found, and whether the call was made at all."""
        outcome = Outcome()
        directory = directory / str(case)
        run = self._run(case.situation, case, directory, outcome)
        try:
            run.play()
        except Failure as failure:
            outcome.problem(str(failure))
        finally:
            run.lottery.end()
        outcome.problems = [f"{case}: {problem}" for problem in outcome.problems]
        if not outcome.problems:
            shutil.rmtree(directory)
        if run.hits:
            outcome.faults = 1
            outcome.note_call(case.call)
        return outcome, run.hits > 0

    def _cases(self):
        for name, counts in self.counts.items():
            for call, count in counts.items():
                ways = ("once",) if call == "malloc" else WAYS
                for fault, way, number in itertools.product(
                        calls.CALLS[call].faults, ways, range(1, count + 1)):
                    yield Case(name, call, fault, way, number)

    def _count(self, name):
        """How often each call is made in a situation."""
        outcome = Outcome()
        directory = self.directory / f"count-{name}"
        run = self._run(name, None, directory, outcome)
        try:
            run.play()
        finally:
            run.lottery.end()
        if outcome.problems:
            raise Failure(f"{name}, where nothing fails: {outcome.problems}")
        counts = run.counts()
        if unknown := counts.keys() - calls.CALLS.keys():
            raise Failure(f"calls without faults in sweep/calls.py: {', '.join(sorted(unknown))}")
        return {call: count for call, count in counts.items()
                if call in SITUATIONS[name].calls}

    def _run(self, name, case, directory, outcome):
        situation = SITUATIONS[name]
        return situation.run(self, case, situation, directory, random.Random(str(case)), outcome)

    def _make_bets(self):
        """A small lottery in which each agency has a winner."""
        small = self.bench.bets.first(AGENCIES, ROWS, self.directory / "agencies")
        for agency, bets in small.by_agency.items():
            lines = bets.path.read_text(encoding="utf-8").splitlines(keepends=True)
            fields, _, _ = lines[agency].rpartition(",")
            lines[agency] = f"{fields},{WINNING_NUMBER}\n"
            bets.path.write_text("".join(lines), encoding="utf-8")
        return Bets(self.directory / "agencies")

    def _begin(self):
        """The data directory of a lottery that has begun."""
        data = self.directory / "begun"
        data.mkdir()
        first, second = self.bets.by_agency.values()
        rows = first.rows[:STORED] + second.rows + [first.rows[STORED][:TORN]]
        (data / "bets.csv").write_bytes(b"".join(rows))
        (data / "finished.csv").write_bytes(b"%d,%d\r\n" % (second.agency, len(second.rows)))
        return data


def _slice(seed, case):
    return zlib.crc32(f"{seed}/{case}".encode()) % SLICES
