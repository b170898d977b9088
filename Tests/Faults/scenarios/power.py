"""Machines that lose their power, and disks that fail."""

import errno
import time

import shim
from scenarios.kills import moments

DISK_FAILED = 74
FILES = ("bets.csv", "finished.csv")


class Power:
    """The power supply of the machine on which the server of a lottery runs."""

    def __init__(self, library, lottery):
        self.lottery = lottery
        self.notes = lottery.directory / "synced"
        self.notes.touch()
        self.environment = {"LD_PRELOAD": str(library), "SHIM_NOTES": str(self.notes)}

    def lose(self, random):
        """Leaves what a crash of the machine leaves of the files of a server that has just died:
        what was synced, and any part of what followed."""
        synced = dict(line.rsplit(" ", 1) for line in self.notes.read_text().splitlines())
        for path in map(self.lottery.data.joinpath, FILES):
            if self.lottery.data.name not in synced:
                # The names of the files were in the kernel's memory only.
                path.unlink(missing_ok=True)
            if path.exists():
                size = path.stat().st_size
                with open(path, "r+b") as file:
                    file.truncate(random.randint(min(size, int(synced.get(path.name, 0))), size))


def power_loss(round):
    with round.lottery() as lottery:
        power = Power(round.bench.shim, lottery)
        lottery.start_all(**power.environment)
        for moment in moments(round, 1, 3):
            lottery.wait_until_stored(moment)
            time.sleep(round.pause(0.005))
            lottery.kill_server()
            power.lose(round.random)
            lottery.restart_server(**power.environment)
        lottery.finish()


def sync_fails(round):
    """The server ends by itself and says why. What was not synced is lost."""
    with round.lottery() as lottery:
        # The server syncs each file once when it starts.
        file, sync = round.random.choice((
            ("bets.csv", round.random.randint(2, 30)),
            ("finished.csv", round.random.randint(2, 3))))
        failing = shim.rule("fdatasync", [f"e{errno.EIO}"], sync, sync, file)
        power = Power(round.bench.shim, lottery)
        lottery.start_all(**power.environment, SHIM_FAIL=failing)
        status = lottery.server.wait(lottery.deadline)
        lottery.outcome.faults += 1
        if status != DISK_FAILED or "the disk failed" not in lottery.server.text():
            lottery.outcome.problem(
                f"a failed sync should end the server: {status}, {lottery.server.last_line()}")
        power.lose(round.random)
        lottery.restart_server(**power.environment)
        lottery.finish()
