"""Lotteries in which programs are killed or frozen at random moments, the disk is full or fails, or
the machine loses its power."""

import errno
import signal
import time

import pytest

from lottery import shim, store

ROUNDS = 100
DISK_FAILED, SUPERSEDED = 74, 80
NOT_STORED = "action: store_bets | result: fail"


def moments(chance, least, most):
    """Returns moments for faults, each as the part of all bets that is stored by then."""
    return sorted(chance.uniform(0, 0.98) for _ in range(chance.randint(least, most)))


def test_killed(lottery, chance, number):
    """Server and agencies are killed and started again, in any order and sometimes together."""
    lottery.start_all()
    for moment in moments(chance, 1, 4):
        lottery.wait_until_stored(moment)
        time.sleep(chance.uniform(0, 0.005))
        victims = chance.choice(("server", "agencies", "both"))
        if victims != "server":
            _kill_agencies(lottery, chance)
        if victims != "agencies":
            lottery.server.kill()
            if victims == "both" and chance.random() < 0.5:
                _kill_agencies(lottery, chance)
            lottery.start_server()
    lottery.finish()


def _kill_agencies(lottery, chance):
    for agency in chance.sample(sorted(lottery.agencies), chance.randint(1, 2)):
        lottery.agencies[agency].kill()
        time.sleep(chance.uniform(0, 0.02))
        lottery.start_agency(agency)


def test_frozen(lottery, chance, number):
    """A frozen agency does not delay the others' bets. It goes on when it thaws, unless another
    process has taken its place."""
    cold = chance.choice(sorted(lottery.bets.by_agency))
    lottery.start_all()
    lottery.wait_until_stored(chance.uniform(0, 0.8))
    older = lottery.agencies[cold]
    older.signal(signal.SIGSTOP)
    lottery.wait(lambda: _all_stored_but(lottery, cold),
                 "the bets of the agencies that are not frozen")
    is_replaced = chance.random() < 0.5
    if is_replaced:
        newer = lottery.start_agency(cold)
        lottery.wait(lambda: newer.status == 0, "the other one's end")
    older.signal(signal.SIGCONT)
    # It may end well over its first connection: if its winners came before the newer process did,
    # or if it had not connected at all.
    if is_replaced and (older.wait(lottery.deadline) or "action: retry" in older.text()):
        assert older.status == SUPERSEDED and "ERROR 7" in older.last_line(), older.last_line()
    lottery.finish()


def _all_stored_but(lottery, cold):
    rows = store.bets_by_agency(lottery.data)
    return all(len(rows.get(agency, ())) == len(bets.rows)
               for agency, bets in lottery.bets.by_agency.items() if agency != cold)


def test_no_room(lottery, library, chance, number):
    """The disk is full, and then has room again and again for a moment. Many batches are on their
    way whenever that happens."""
    watch = shim.Watch(
        library, lottery.directory / "calls",
        shim.rule("write_file", ["s2", f"e{errno.ENOSPC}"], 1, file="bets.csv"))
    watch.heal()
    lottery.window, lottery.pauses = 64, ("1ms", "5ms")
    # Small ones, so that the lottery is not over before the room runs out.
    lottery.batch = chance.choice((10, 40))
    lottery.start_all(**watch.environment)
    for moment in moments(chance, 2, 2):
        lottery.wait_until_stored(moment)
        logged = lottery.server.log.stat().st_size
        watch.heal(False)
        lottery.wait(lambda: NOT_STORED in lottery.server.text(logged) or lottery.has_ended(),
                     "a batch is refused")
        for _ in range(chance.randrange(100)):
            watch.heal(chance.random() < 0.5)
            time.sleep(chance.uniform(0, 0.002))
        watch.heal()
    lottery.finish()


@pytest.fixture
def lose_power(lottery, library, chance):
    """Provides a function that leaves of the files of a server that has just died what a crash of
    its machine leaves: what was synced, and any part of what followed."""
    notes = lottery.directory / "synced"
    notes.touch()
    lottery.settings |= {"LD_PRELOAD": library, "SHIM_NOTES": notes}

    def lose():
        synced = dict(line.rsplit(" ", 1) for line in notes.read_text().splitlines())
        for path in map(lottery.data.joinpath, store.FILES):
            if lottery.data.name not in synced:
                # The names of the files were in the kernel's memory only.
                path.unlink(missing_ok=True)
            if path.exists():
                size = path.stat().st_size
                with open(path, "r+b") as file:
                    file.truncate(chance.randint(min(size, int(synced.get(path.name, 0))), size))

    return lose


def test_power_loss(lottery, lose_power, chance, number):
    """The machine loses its power, and what was not synced."""
    lottery.start_all()
    for moment in moments(chance, 1, 3):
        lottery.wait_until_stored(moment)
        time.sleep(chance.uniform(0, 0.005))
        lottery.server.kill()
        lose_power()
        lottery.start_server()
    lottery.finish()


def test_sync_fails(lottery, lose_power, chance, number):
    """A sync fails. The server ends by itself and says why. What was not synced is lost."""
    # The server syncs each file once when it starts. Then a group of bets holds at most the window
    # of each agency, and all agencies may finish in one group.
    group = lottery.batch * lottery.window * len(lottery.bets.by_agency)
    groups = -(-lottery.bets.count // group)
    file, sync = chance.choice((("bets.csv", chance.randint(2, 1 + groups)), ("finished.csv", 2)))
    lottery.start_all(SHIM_FAIL=shim.rule("fdatasync", [f"e{errno.EIO}"], sync, sync, file))
    status = lottery.server.wait(lottery.deadline)
    assert status == DISK_FAILED, lottery.server.last_line()
    assert "the disk failed" in lottery.server.text()
    lose_power()
    lottery.start_server()
    lottery.finish()
