"""One round of one scenario, and what all rounds have in common."""

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
    """What all rounds have in common."""

    # Where the two executables lie.
    programs: Path
    # Where rounds keep their evidence.
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
    """One round. All that it leaves to chance comes from `random`, which depends on the seed, the
    scenario and the number of the round alone; what the system makes of it is another matter."""

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
        """The first bets of a few agencies, for what would take too long with all of them."""
        return self.bench.bets.first(agencies, rows, self.directory / "agencies")

    @contextlib.contextmanager
    def lottery(self, bets=None, data=None):
        """A lottery, of which nothing runs any more afterwards."""
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
        """A pause in seconds, drawn by lot from 0 to `seconds`."""
        return self.random.uniform(0, seconds)
