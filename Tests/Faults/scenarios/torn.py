"""Rows that a crash tore off."""

import shutil

AGENCIES, ROWS = 2, 60
LAST_ROWS = 3
# A hundred rounds then reach every byte of the last three rows.
CUTS = 2


def torn_rows(round):
    """Interrupts a lottery, cuts its last rows off at some bytes, and lets it go on from each."""
    bets = round.small_bets(AGENCIES, ROWS)
    interrupted = _interrupt(round, bets, "bets.csv", lambda lottery: lottery.wait_until_stored(
        round.random.uniform(0.2, 0.5)))
    for cut in range(CUTS):
        _go_on(round, bets, interrupted, "bets.csv", CUTS * round.number + cut)
    finished = _interrupt(round, bets, "finished.csv", lambda lottery: lottery.deadline.wait(
        lambda: len(lottery.finished_agencies()) == AGENCIES, "all have finished"))
    _go_on(round, bets, finished, "finished.csv", round.number)


def _interrupt(round, bets, name, moment):
    """Returns the directory that a server leaves when it is killed at some moment."""
    with round.lottery(bets) as lottery:
        lottery.batch, lottery.window = 5, 2
        lottery.start_all()
        moment(lottery)
        lottery.kill_server()
        lottery.check_promises()
    if name == "bets.csv":
        # No agency finishes before its bets are safe: then none of the last ones can be torn.
        (lottery.data / "finished.csv").write_bytes(b"")
    return lottery.data


def _go_on(round, bets, interrupted, name, number):
    """Cuts off 1 byte or more, up to the last rows, and lets the lottery end."""
    with round.lottery(bets) as lottery:
        shutil.copytree(interrupted, lottery.data)
        path = lottery.data / name
        content = path.read_bytes()
        rows = content.splitlines(keepends=True)
        last = sum(map(len, rows[-LAST_ROWS:]))
        torn = content[:len(content) - 1 - number % last]
        path.write_bytes(torn)
        lottery.outcome.faults += 1
        whole = torn.rfind(b"\n") + 1
        lottery.restart_server()
        if f"torn_bytes: {len(torn) - whole} " not in lottery.server.text():
            lottery.outcome.problem(f"the log does not tell of {len(torn) - whole} torn bytes")
        lottery.start_agencies()
        lottery.finish()
