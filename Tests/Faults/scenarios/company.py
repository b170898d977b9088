"""Agencies that run twice, and agencies that do not move."""

import signal

import checks

SUPERSEDED = 80


def twins(round):
    """A second process of an agency goes on. The older one ends and says why."""
    with round.lottery() as lottery:
        agency = round.random.choice(sorted(lottery.bets.by_agency))
        lottery.start_server()
        older = lottery.start_agency(agency)
        # Alone it cannot end: there is no draw without the others.
        size = round.random.uniform(0.01, 1) * lottery.bets.by_agency[agency].size
        lottery.wait_until_stored(size / lottery.bets.size)
        lottery.start_agency(agency)
        lottery.outcome.faults += 1
        _ends_superseded(lottery, older)
        for other in lottery.bets.by_agency.keys() - {agency}:
            lottery.start_agency(other)
        lottery.finish()


def frozen(round):
    """A frozen agency does not delay the others' bets. It goes on when it thaws, unless another
    process has taken its place."""
    with round.lottery() as lottery:
        cold = round.random.choice(sorted(lottery.bets.by_agency))
        lottery.start_all()
        lottery.wait_until_stored(round.random.uniform(0, 0.8))
        older = lottery.agencies[cold]
        older.signal(signal.SIGSTOP)
        lottery.outcome.faults += 1
        lottery.deadline.wait(
            lambda: _all_stored_but(lottery, cold), "the bets of the agencies that are not frozen",
            watch=lottery.check_alive)
        if round.random.random() < 0.5:
            newer = lottery.start_agency(cold)
            lottery.deadline.wait(
                lambda: newer.status == 0, "the other one's end", watch=lottery.check_alive)
            older.signal(signal.SIGCONT)
            _does_not_fight_back(lottery, older)
        else:
            older.signal(signal.SIGCONT)
        lottery.finish()


def _all_stored_but(lottery, cold):
    rows = checks.stored_rows(lottery)
    return all(len(rows[agency]) == len(bets.rows)
               for agency, bets in lottery.bets.by_agency.items() if agency != cold)


def _ends_superseded(lottery, process):
    status = process.wait(lottery.deadline)
    line = process.last_line()
    if status != SUPERSEDED or "ERROR 7" not in line:
        lottery.outcome.problem(f"{process.name} should have been superseded: {status}, {line}")


def _does_not_fight_back(lottery, process):
    """Checks that it ended superseded. It may end well over its first connection: if its winners
    came before the newer process did, or if it had not connected at all."""
    first = process.wait(lottery.deadline) == 0 and "action: retry" not in process.text()
    if not first:
        _ends_superseded(lottery, process)
