"""Killed and started again at random moments."""

import time


def server_killed(round):
    def fault(lottery):
        time.sleep(round.pause(0.005))
        lottery.kill_server()
        time.sleep(round.pause(0.1))
        lottery.restart_server()

    _hold(round, 1, 3, fault)


def agencies_killed(round):
    _hold(round, 2, 6, lambda lottery: _kill_agencies(round, lottery))


def both_killed(round):
    def fault(lottery):
        # In any order, and sometimes together.
        if round.random.random() < 0.5:
            _kill_agencies(round, lottery)
        lottery.kill_server()
        if round.random.random() < 0.5:
            _kill_agencies(round, lottery)
        lottery.restart_server()

    _hold(round, 1, 4, fault)


def _hold(round, least, most, fault):
    """Holds a lottery, and plays a fault at `least` to `most` random moments of it."""
    with round.lottery() as lottery:
        lottery.start_all()
        for moment in moments(round, least, most):
            lottery.wait_until_stored(moment)
            fault(lottery)
        lottery.finish()


def moments(round, least, most):
    """Returns moments for faults, each as the part of all bets that is stored by then."""
    count = round.random.randint(least, most)
    return sorted(round.random.uniform(0, 0.98) for _ in range(count))


def _kill_agencies(round, lottery):
    for agency in round.random.sample(sorted(lottery.agencies), round.random.randint(1, 2)):
        lottery.kill_agency(agency)
        time.sleep(round.pause(0.02))
        lottery.start_agency(agency)
