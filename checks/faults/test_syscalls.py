"""Each call of the system fails, each time, with each error (`faults/sweep/calls.py`)."""

from faults.sweep.calls import FAILS
from faults.sweep.cases import play_round

# The slices of all cases. The seed decides which are in a slice.
ROUNDS = 100


def test_syscalls(request, sweep, tables, number, tmp_path):
    play_round(sweep, FAILS, ROUNDS, request, tables, number, tmp_path)
