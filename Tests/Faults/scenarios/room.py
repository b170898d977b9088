"""Disks that have no room, and then have room again."""

import contextlib
import time

import machine

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
        _run_out_twice(round, lottery, lambda room: machine.limit_file_size(
            lottery.server, lottery.stored_size() + room))


def _full_disk(round):
    small = machine.SmallDisk(round.directory / "small")
    small.mount(2 * round.bench.bets.size)
    with contextlib.closing(small), round.lottery(data=small.directory / "data") as lottery:
        lottery.start_server()
        _run_out_twice(round, lottery, small.leave)


def _run_out_twice(round, lottery, leave):
    """Holds a lottery in which the room runs out. `leave` sets how many bytes are left."""
    # Many batches must be in flight whenever room comes back.
    lottery.window, lottery.pauses = 64, ("1ms", "5ms")
    # Small ones, so that the lottery is not over before the room runs out.
    lottery.batch = round.random.choice((10, 40))
    lottery.start_agencies()
    for moment in sorted(round.random.uniform(0, 0.7) for _ in range(2)):
        lottery.wait_until_stored(moment)
        logged = lottery.server.log.stat().st_size
        leave(round.random.randrange(40000))
        while NOT_STORED not in lottery.server.text(logged):
            if lottery.has_ended():
                # The room was taken too late.
                lottery.finish()
                return
            lottery.check_alive()
            lottery.deadline.check("a batch is refused")
            time.sleep(0.001)
            leave(0)
        lottery.outcome.faults += 1
        # Often, so that room comes back between any two batches.
        for _ in range(round.random.randrange(100)):
            leave(round.random.choice((0, 2000, 20000)))
            time.sleep(round.pause(0.002))
        leave(lottery.bets.size)
    lottery.finish()
