"""Each call of the system fails, each time, with each error (`faults/sweep/calls.py`)."""

import pytest

from faults.sweep.cases import SLICES, Sweep
from faults.sweep.runs import Case
from lottery.tally import Tally

# The seed decides which cases are in a slice.
ROUNDS = SLICES


@pytest.fixture(scope="module")
def sweep(bench):
    return Sweep(bench)


def test_syscalls(request, sweep, counts, tables, number, tmp_path):
    """Plays one of a hundred slices of all cases, or the one case that `--case` names."""
    if name := request.config.option.case:
        problem, failed = sweep.play_case(Case.parse(name), tmp_path)
        assert failed, f"{name}: the call was not made"
        assert not problem
        return
    played = sweep.play(number, tmp_path)
    counts["faults"] = len(played)
    for case, problem in played:
        tables("call", case.call, Tally(runs=1, problems=int(bool(problem))))
    if problems := [problem for _, problem in played if problem]:
        pytest.fail("\n".join(problems), pytrace=False)
