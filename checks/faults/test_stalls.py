"""Calls of the system that hang, and signals at any moment (`faults/sweep/stalls.py`)."""

import contextlib

import pytest

from faults.sweep.cases import Sweep, play_round
from faults.sweep.stalls import STALLS
from lottery import machine

# The slices of all cases. The seed decides which are in a slice.
ROUNDS = 20


@pytest.fixture(scope="module")
def sweep(bench):
    return Sweep(bench, "stalls", STALLS, ROUNDS)


def test_stalls(request, sweep, counts, tables, number, tmp_path):
    """In every other round the cores are busy with something else."""
    sweep.is_busy = number % 2 == 1
    with machine.busy_cores() if sweep.is_busy else contextlib.nullcontext():
        play_round(sweep, request, counts, tables, number, tmp_path)
