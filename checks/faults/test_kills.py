"""Servers and agencies are killed and started again, at random moments. Agencies are frozen."""

import signal
import time

from lottery import store

ROUNDS = 100
SUPERSEDED = 80


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


def moments(chance, least, most):
    """Returns moments for faults, each as the part of all bets that is stored by then."""
    return sorted(chance.uniform(0, 0.98) for _ in range(chance.randint(least, most)))


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
