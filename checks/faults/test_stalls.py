"""Calls of the system that hang, and signals at any moment (`faults/sweep/runs.py`)."""

import contextlib

from faults.sweep.calls import STALLS
from faults.sweep.cases import play_round
from lottery import machine

# The slices of all cases. The seed decides which are in a slice.
ROUNDS = 20


def test_stalls(request, sweep, tables, number, tmp_path):
    """In every other round the cores are busy with something else."""
    sweep.is_busy = number % 2 == 1
    with machine.busy_cores() if sweep.is_busy else contextlib.nullcontext():
        play_round(sweep, STALLS, ROUNDS, request, tables, number, tmp_path)
