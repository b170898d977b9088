"""Disks that have no room, and then have again."""

import contextlib
import time

import disk

NOT_STORED = "action: store_bets | result: fail"


def no_room(round):
    """A small file system and a limit on the size of files take turns."""
    if round.number % 2 == 0 and round.bench.can_mount:
        _full_disk(round)
    else:
        _limit(round)


def _limit(round):
    with round.lottery() as lottery:
        lottery.start_server()
        lottery.start_agencies()
        for moment in _moments(round):
            lottery.wait_until_stored(moment)
            _run_out(round, lottery, lambda size: disk.limit_file_size(lottery.server, size))
        lottery.finish()


def _full_disk(round):
    small = disk.SmallDisk(round.directory / "small")
    small.mount(2 * round.bench.bets.size)
    with contextlib.closing(small), round.lottery(data=small.directory / "data") as lottery:
        lottery.start_server()
        lottery.start_agencies()
        for moment in _moments(round):
            lottery.wait_until_stored(moment)
            _run_out(round, lottery, small.resize)
        lottery.finish()


def _moments(round):
    return sorted(round.random.uniform(0, 0.7) for _ in range(2))


def _run_out(round, lottery, give):
    """Lets the room run out, gives a little more again and again, so that it comes back between any
    two batches, and then enough. `give` makes room for as many bytes in all."""
    lottery.outcome.faults += 1
    logged = lottery.server.log.stat().st_size
    # A page at least, for the other file.
    give(lottery.stored_size() + round.random.randrange(4096, 40000))
    lottery.deadline.wait(
        lambda: NOT_STORED in lottery.server.text(logged),
        "a batch is refused", watch=lottery.check_alive)
    for _ in range(round.random.randrange(1, 40)):
        give(lottery.stored_size() + 4096 + round.random.randrange(1, 30000))
        time.sleep(round.pause(0.004))
    give(2 * lottery.bets.size)
