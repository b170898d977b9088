"""Agencies that run twice, and agencies that do not move."""

import signal

from lottery import store

ROUNDS = 100
SUPERSEDED = 80


def test_twins(hold, chance, number):
    """A second process of an agency goes on. The older one ends and says why."""
    lottery = hold()
    agency = chance.choice(sorted(lottery.bets.by_agency))
    lottery.start_server()
    older = lottery.start_agency(agency)
    # Alone it cannot end: there is no draw without the others.
    size = chance.uniform(0.01, 1) * lottery.bets.by_agency[agency].size
    lottery.wait_until_stored(size / lottery.bets.size)
    lottery.start_agency(agency)
    lottery.tally["faults"] += 1
    _ends_superseded(lottery, older)
    for other in lottery.bets.by_agency.keys() - {agency}:
        lottery.start_agency(other)
    lottery.finish()


def test_frozen(hold, chance, number):
    """A frozen agency does not delay the others' bets. It goes on when it thaws, unless another
    process has taken its place."""
    lottery = hold()
    cold = chance.choice(sorted(lottery.bets.by_agency))
    lottery.start_all()
    lottery.wait_until_stored(chance.uniform(0, 0.8))
    older = lottery.agencies[cold]
    older.signal(signal.SIGSTOP)
    lottery.tally["faults"] += 1
    lottery.wait(lambda: _all_stored_but(lottery, cold),
                 "the bets of the agencies that are not frozen")
    if chance.random() < 0.5:
        newer = lottery.start_agency(cold)
        lottery.wait(lambda: newer.status == 0, "the other one's end")
        older.signal(signal.SIGCONT)
        _does_not_fight_back(lottery, older)
    else:
        older.signal(signal.SIGCONT)
    lottery.finish()


def _all_stored_but(lottery, cold):
    rows = store.bets_by_agency(lottery.data)
    return all(len(rows.get(agency, ())) == len(bets.rows)
               for agency, bets in lottery.bets.by_agency.items() if agency != cold)


def _ends_superseded(lottery, process):
    assert process.wait(lottery.deadline) == SUPERSEDED, process.last_line()
    assert "ERROR 7" in process.last_line()


def _does_not_fight_back(lottery, process):
    """Checks that it ended superseded. It may end well over its first connection: if its winners
    came before the newer process did, or if it had not connected at all."""
    first = process.wait(lottery.deadline) == 0 and "action: retry" not in process.text()
    if not first:
        _ends_superseded(lottery, process)
