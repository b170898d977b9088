"""Every call of the system fails, one after the other."""

from sweep.cases import Sweep

_sweeps = {}


def syscalls(round):
    """One of a hundred slices of all cases; which cases a slice has depends on the seed."""
    bench = round.bench
    sweep = _sweeps.get(bench.directory)
    if sweep is None:
        sweep = _sweeps[bench.directory] = Sweep(bench)
    sweep.play(round)
