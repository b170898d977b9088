"""tshark with our dissector."""

import os
import subprocess

from lottery.checkouts import ROOT

SCRIPT = f"lua_script:{ROOT}/scripts/lottery.lua"
# What a dissector must never cause, with any bytes.
ACCIDENTS = "_ws.lua.error || _ws.malformed.expert || _ws.malformed.dissector_bug"


def tshark(home, *arguments):
    """Returns what tshark prints, without the user's own preferences and plugins."""
    return subprocess.run(
        ["tshark", *arguments, "-n", "-X", SCRIPT], capture_output=True, text=True, check=True,
        env=os.environ | {"HOME": str(home), "WIRESHARK_CONFIG_DIR": str(home)}).stdout


class Capture:
    """The dissection of a file. `options` hold for every look at it."""

    def __init__(self, path, *options):
        self.path = path
        self.options = options

    def dissect(self, *arguments):
        return tshark(self.path.parent, "-r", self.path, *self.options, *arguments)

    def tree(self, *arguments):
        """Returns all messages in full, regardless of packet boundaries."""
        lines = self.dissect("-V", "-O", "lottery", *arguments).splitlines()
        return [line for line in lines if line.startswith(("National lottery", "    "))]

    def values(self, field, *arguments):
        """Returns each value of a field."""
        text = self.dissect("-T", "fields", "-E", "aggregator=|", "-e", field, *arguments)
        return [value for line in text.splitlines() if line for value in line.split("|")]

    def packets(self, filter):
        """Returns the numbers of the packets that the filter selects."""
        return list(map(int, self.values("frame.number", "-Y", filter)))
