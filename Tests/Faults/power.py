"""Loss of power: what was not synced is gone, or a part of it."""

FILES = ("bets.csv", "finished.csv")


class Power:
    """The power supply of the machine on which the server of a lottery runs."""

    def __init__(self, shim, lottery):
        self.lottery = lottery
        self.notes = lottery.directory / "synced"
        self.notes.touch()
        self.environment = {"LD_PRELOAD": str(shim), "SHIM_NOTES": str(self.notes)}

    def lose(self, random):
        """What a crash of the machine leaves of the files of a server that has just died: what was
        synced, and any part of what followed."""
        synced = self._synced()
        if self.lottery.data.name not in synced:
            # The names of the files were in the kernel's memory alone.
            for name in FILES:
                (self.lottery.data / name).unlink(missing_ok=True)
        for name in FILES:
            path = self.lottery.data / name
            if path.exists():
                size = path.stat().st_size
                with open(path, "r+b") as file:
                    file.truncate(random.randint(min(size, synced.get(name, 0)), size))

    def _synced(self):
        synced = {}
        for line in self.notes.read_text().splitlines():
            name, size = line.rsplit(" ", 1)
            synced[name] = int(size)
        return synced
