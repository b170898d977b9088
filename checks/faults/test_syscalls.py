"""Each call of the system fails, each time, with each error (`faults/sweep/calls.py`)."""

import pytest

from faults.sweep.cases import SITUATIONS, Sweep, play_round

# The slices of all cases. The seed decides which are in a slice.
ROUNDS = 100


@pytest.fixture(scope="module")
def sweep(bench):
    return Sweep(bench, "sweep", SITUATIONS, ROUNDS)


def test_syscalls(request, sweep, counts, tables, number, tmp_path):
    play_round(sweep, request, counts, tables, number, tmp_path)
