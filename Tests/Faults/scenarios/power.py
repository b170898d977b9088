"""Machines that lose their power, and disks that fail."""

import errno
import time

import shim
from power import Power
from scenarios.kills import moments

DISK_FAILED = 74


def power_loss(round):
    with round.lottery() as lottery:
        power = Power(round.bench.shim, lottery)
        lottery.start_server(**power.environment)
        lottery.start_agencies()
        for moment in moments(round, 1, 3):
            lottery.wait_until_stored(moment)
            time.sleep(round.pause(0.005))
            lottery.kill_server()
            power.lose(round.random)
            lottery.restart_server(**power.environment)
        lottery.finish()


def sync_fails(round):
    """The server ends by itself and says why; what was not synced is lost."""
    with round.lottery() as lottery:
        # The server syncs each file once when it starts.
        file, sync = round.random.choice((
            ("bets.csv", round.random.randint(2, 30)),
            ("finished.csv", round.random.randint(2, 3))))
        failing = shim.rule("fdatasync", [f"e{errno.EIO}"], sync, sync, file)
        power = Power(round.bench.shim, lottery)
        lottery.start_server(**power.environment, SHIM_FAIL=failing)
        lottery.start_agencies()
        status = lottery.server.wait(lottery.deadline)
        lottery.outcome.faults += 1
        if status != DISK_FAILED or "the disk failed" not in lottery.server.text():
            lottery.outcome.problem(
                f"a failed sync should end the server: {status}, {lottery.server.last_line()}")
        power.lose(round.random)
        lottery.restart_server(**power.environment)
        lottery.finish()
