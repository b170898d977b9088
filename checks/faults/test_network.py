"""A bad network between the agencies and the server."""

import contextlib
import random

from lottery.network import Proxy, Weather

ROUNDS = 100
AGENCIES, ROWS = 4, 200
# Connections in bad weather. Later ones have none, so that every lottery ends.
STORMS = 20


def test_bad_network(hold, small, chance, number):
    """Connections are cut, reset, delayed, stalled, sent byte by byte."""
    lottery = hold(small(AGENCIES, ROWS))
    lottery.batch = chance.choice((3, 20, 150))
    seed = chance.random()

    def weather(connection):
        # By its number alone: the order of connections is not ours to choose.
        if connection >= STORMS:
            return Weather()
        lottery.tally["faults"] += 1
        one = random.Random(f"{seed}/{connection}")
        return one.choice((_cut, _reset, _slow, _stall, _stall_and_cut, _bytewise))(one)

    lottery.start_server()
    with contextlib.closing(Proxy(lottery.port, weather)) as proxy:
        lottery.entrance = proxy.port
        lottery.start_agencies()
        lottery.finish()


def _cut(chance):
    return Weather(cut_after=chance.randrange(12000))


def _reset(chance):
    return Weather(cut_after=chance.randrange(12000), reset=True)


def _slow(chance):
    return Weather(piece=chance.choice((50, 500)), pause=chance.uniform(0, 0.005))


def _stall(chance):
    return Weather(stall_after=chance.randrange(8000), stall=chance.uniform(0.05, 0.5))


def _stall_and_cut(chance):
    after = chance.randrange(8000)
    return Weather(stall_after=after, stall=chance.uniform(0.05, 0.5),
                   cut_after=after + chance.randrange(1, 3000), reset=chance.random() < 0.5)


def _bytewise(chance):
    cut = chance.randrange(1, 20000) if chance.random() < 0.5 else None
    return Weather(piece=1, cut_after=cut)
