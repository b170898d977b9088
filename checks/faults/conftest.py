"""What all faults share: lotteries of the two real programs, in a network of their own."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from faults.sweep.cases import Sweep
from lottery import machine, shim
from lottery.bets import Bets, unpack
from lottery.host import Lottery
from lottery.programs import Watched


@dataclass
class Bench:
    """What all lotteries share."""

    # The directory of the two programs.
    where: Path
    # The course's bets.
    bets: Bets
    # The library that counts calls, lets them fail, and notes what was synced.
    shim: Path
    directory: Path
    seed: int


@pytest.fixture(scope="session")
def bench(request, where, tmp_path_factory):
    machine.isolate_network()
    directory = tmp_path_factory.mktemp("bench")
    unpack(directory / "agencies")
    return Bench(where, Bets(directory / "agencies"), shim.build(directory), directory,
                 request.config.option.seed)


@pytest.fixture
def programs(bench, tmp_path):
    """Starts single programs."""
    return Watched(bench.where, bench.shim, tmp_path)


@pytest.fixture
def play():
    """Provides a function that starts a peer, a server or a client of one, which ends with the
    test."""
    peers = []

    def start(kind, *arguments):
        peers.append(kind(*arguments))
        return peers[-1]

    yield start
    for peer in peers:
        peer.close()


@pytest.fixture
def lottery(bench, chance, tmp_path):
    """A lottery. In the end no bet is there twice."""
    lottery = Lottery(bench.where, bench.bets, tmp_path / "lottery", chance)
    yield lottery
    lottery.end()


@pytest.fixture(scope="session")
def sweep(bench):
    return Sweep(bench)
