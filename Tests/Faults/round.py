"""One round of one scenario, and what all rounds share."""

import contextlib
import random
from dataclasses import dataclass
from pathlib import Path

import checks
from bets import Bets
from lottery import Lottery
from report import Outcome
from processes import Failure


@dataclass
class Bench:
    """What all rounds share."""

    # The directory of the two executables.
    programs: Path
    # Rounds keep their evidence in it.
    directory: Path
    seed: int
    bets: Bets
    # The library that counts calls, lets them fail, and notes what was synced.
    shim: Path
    # Whether small file systems can be mounted.
    can_mount: bool
    # Settings for the server in all scenarios.
    settings: dict


class Round:
    """One round. Its random choices depend only on the seed, the scenario and the number of the
    round. The system's timing is not repeatable."""

    def __init__(self, bench, scenario, number, case=None):
        self.bench = bench
        self.number = number
        # The one case to play, of a scenario that has cases.
        self.case = case
        self.random = random.Random(f"{bench.seed}/{scenario}/{number}")
        self.directory = bench.directory / f"{scenario}-{number}"
        self.outcome = Outcome(rounds=1)
        self.lotteries = 0

    def small_bets(self, agencies, rows):
        """Returns the first bets of a few agencies, if all bets would take too long."""
        return self.bench.bets.first(agencies, rows, self.directory / "agencies")

    @contextlib.contextmanager
    def lottery(self, bets=None, data=None):
        """Provides a lottery, and ends its processes afterwards."""
        self.lotteries += 1
        lottery = Lottery(
            self.bench, bets or self.bench.bets,
            self.directory / f"lottery-{self.lotteries}", self.random, self.outcome, data)
        try:
            yield lottery
        except Failure:
            lottery.end()
            checks.check_bets(lottery, complete=False)
            raise
        finally:
            lottery.end()

    def pause(self, seconds):
        """Returns a random pause from 0 to `seconds`."""
        return self.random.uniform(0, seconds)
