"""A library that is loaded into a program (`shim.c`): it counts system calls, lets chosen ones
fail, and notes what has reached the disk."""

import array
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


def write_callers(program, path):
    """Writes where a program's Swift code begins and ends, as pairs of addresses.

    Calls from Swift code are the program's. Calls from C code are its runtime's and Dispatch's own.
    """
    symbols = subprocess.run(["nm", "-n", "--defined-only", program], check=True,
                             capture_output=True, text=True).stdout
    borders = array.array("Q")
    for line in symbols.splitlines():
        address, kind, name = line.split(maxsplit=2)
        # An odd number of borders means that the last stretch has not ended.
        if kind in "tTwW" and name.startswith("$s") != len(borders) % 2:
            borders.append(int(address, 16))
    path.write_bytes(borders.tobytes())


class Watch:
    """What the bench shares with one process that it watches.

    `fail` says which calls fail: see `rule`. Without it they are only counted. `callers` is a file
    of `write_callers`. Without it the calls of libraries count, too.
    """

    def __init__(self, library, callers, path, fail=None):
        path.write_bytes(bytes(_STATE_SIZE))
        self.environment = {"LD_PRELOAD": str(library), "SHIM_STATE": str(path)}
        if callers:
            self.environment["SHIM_CALLERS"] = str(callers)
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
