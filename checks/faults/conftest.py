"""What all faults share: lotteries of the two real programs, in a network of their own."""

import pytest

from faults.sweep.cases import Sweep
from lottery import machine, shim
from lottery.bets import Bets, unpack
from lottery.host import Lottery
from lottery.programs import Watched


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """The library that counts calls, lets them fail, and notes what was synced."""
    machine.isolate_network()
    return shim.build(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="session")
def bets(tmp_path_factory):
    """The course's bets."""
    directory = tmp_path_factory.mktemp("bets") / "agencies"
    unpack(directory)
    return Bets(directory)


@pytest.fixture
def programs(where, library, tmp_path):
    """Starts single programs."""
    return Watched(where, library, tmp_path)


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
def lottery(where, library, bets, chance, tmp_path):
    """A lottery. In the end no bet is there twice."""
    lottery = Lottery(where, bets, tmp_path / "lottery", chance)
    yield lottery
    lottery.end()


@pytest.fixture(scope="session")
def sweep(request, where, library, bets, tmp_path_factory):
    return Sweep(where, library, bets, tmp_path_factory.mktemp("sweep"), request.config.option.seed)
