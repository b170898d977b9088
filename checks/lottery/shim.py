"""A library that is loaded into a program (`shim.c`): it counts system calls, lets chosen ones
fail, and notes what has reached the disk."""

import mmap
import struct
import subprocess
from pathlib import Path

FILE = "shim.so"
_HEAD = struct.Struct("=II")
_CALL = struct.Struct("=28sI")
# Room for more calls than there are.
_STATE_SIZE = 4096


def build(directory):
    """Compiles it, and returns its path."""
    library = directory / FILE
    source = Path(__file__).with_name("shim.c")
    subprocess.run(["clang", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                    "-o", library, source], check=True)
    return library


class Watch:
    """What the bench shares with one process that it watches.

    `fail` says which calls fail: see `rule`. Without it they are only counted.
    """

    def __init__(self, library, path, fail=None):
        path.write_bytes(bytes(_STATE_SIZE))
        self.environment = {"LD_PRELOAD": str(library), "SHIM_STATE": str(path)}
        if fail:
            self.environment["SHIM_FAIL"] = fail
        with open(path, "r+b") as file:
            self._state = mmap.mmap(file.fileno(), _STATE_SIZE)

    @property
    def hits(self):
        """The number of calls that have failed."""
        return _HEAD.unpack_from(self._state)[1]

    def heal(self, is_healed=True):
        """Lets nothing fail from now on, or fail again."""
        self._state[:4] = struct.pack("=I", is_healed)

    def counts(self):
        """Returns how often each call was made."""
        end = _HEAD.size + (_STATE_SIZE - _HEAD.size) // _CALL.size * _CALL.size
        calls = _CALL.iter_unpack(self._state[_HEAD.size:end])
        return {name.rstrip(b"\0").decode(): count for name, count in calls if count}


def rule(call, outcomes, first, last=0, file="*"):
    """Returns the rule that calls with that name, of that file, have those outcomes, from `first`
    to `last`. 0: until it is healed. The names and outcomes are those of `shim.c`."""
    return f"{call} {file} {first} {last} {' '.join(outcomes)}"
