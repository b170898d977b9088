"""Every system call fails, one after the other."""

from sweep.cases import Sweep

_sweeps = {}


def syscalls(round):
    """Plays one of a hundred slices of all cases. The seed decides which cases are in a slice."""
    directory = round.bench.directory
    if directory not in _sweeps:
        _sweeps[directory] = Sweep(round.bench)
    _sweeps[directory].play(round)
