"""What all faults share: lotteries of the two real programs, in a network of their own."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from lottery import machine, shim
from lottery.bets import Bets, unpack
from lottery.host import Lottery


@dataclass
class Bench:
    """What all lotteries share."""

    # The directory of the two programs.
    where: Path
    # The course's bets.
    bets: Bets
    # The library that counts calls, lets them fail, and notes what was synced.
    shim: Path
    # Whether small file systems can be mounted.
    can_mount: bool
    directory: Path
    seed: int


@pytest.fixture(scope="session")
def bench(request, where, tmp_path_factory):
    machine.isolate_network()
    directory = tmp_path_factory.mktemp("bench")
    unpack(directory / "agencies")
    return Bench(where, Bets(directory / "agencies"), shim.build(directory),
                 machine.SmallDisk.is_possible(directory / "mount"), directory,
                 request.config.option.seed)


@pytest.fixture
def small(bench, tmp_path):
    """Provides a function that returns the first bets of a few agencies, if all would take too
    long."""
    return lambda agencies, rows: bench.bets.first(agencies, rows, tmp_path / "agencies")


@pytest.fixture
def hold(bench, counts, chance, tmp_path):
    """Provides a function that makes a lottery. In the end no bet of any is there twice."""
    lotteries = []

    def make(bets=None, data=None):
        lotteries.append(Lottery(
            bench.where, bets or bench.bets, tmp_path / f"lottery-{len(lotteries) + 1}", chance,
            data, counts))
        return lotteries[-1]

    yield make
    for lottery in lotteries:
        lottery.end()
