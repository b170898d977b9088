"""Checks after a fault, and after the lottery."""

import re
from collections import Counter

_winners = re.compile(r"action: consulta_ganadores \| result: success \| cant_ganadores: (\d+)")


def stored_rows(lottery):
    """Returns the whole rows of `bets.csv` by agency, in the order of the file. No text in a bet
    may hold a line end."""
    rows = {agency: [] for agency in lottery.bets.by_agency}
    path = lottery.data / "bets.csv"
    content = path.read_bytes() if path.exists() else b""
    for row in content.split(b"\r\n")[:-1]:
        rows.setdefault(int(row.partition(b",")[0]), []).append(row + b"\r\n")
    return rows


def check_promises(lottery, promised):
    """Checks that every acknowledged bet is on the disk."""
    rows = stored_rows(lottery)
    for agency, count in promised.items():
        lost = count - lottery.written_off[agency] - len(rows[agency])
        if lost > 0:
            lottery.written_off[agency] += lost
            lottery.outcome.lost += lost
            lottery.outcome.problem(f"agency {agency}: {lost} bets acknowledged, not on the disk")


def check_bets(lottery, complete):
    """Checks that `bets.csv` holds each agency's bets once and in order: all of them if the lottery
    is complete, the first ones otherwise."""
    rows = stored_rows(lottery)
    for agency in rows.keys() - lottery.bets.by_agency.keys():
        lottery.outcome.problem(f"bets of agency {agency}, which does not take part")
    for agency, bets in lottery.bets.by_agency.items():
        wanted = bets.rows if complete else bets.rows[:len(rows[agency])]
        if rows[agency] != wanted:
            _explain(lottery.outcome, agency, wanted, bets.rows, rows[agency])
    if complete:
        lottery.outcome.bets += lottery.bets.count


def _explain(outcome, agency, wanted, ever, got):
    twice = (Counter(got) - Counter(ever)).total()
    lost = (Counter(wanted) - Counter(got)).total()
    outcome.twice += twice
    outcome.lost += lost
    place = next((index for index, (a, b) in enumerate(zip(wanted, got)) if a != b),
                 min(len(wanted), len(got)))
    outcome.problem(f"agency {agency}: {twice} bets too often, {lost} missing, wrong from bet "
                    f"{place} on")


def check_winners(lottery):
    """Checks that every agency was told its winners, and the right number of them."""
    for agency, bets in lottery.bets.by_agency.items():
        told = [count for process in lottery.speakers[agency] for count in told_winners(process)]
        check_told(lottery, agency, told, len(bets.winning))


def told_winners(process):
    """Returns the numbers of winners that an agency was told."""
    return [int(count) for count in _winners.findall(process.text())]


def check_told(lottery, agency, told, winners):
    """Checks that an agency was told its winners, and never wrong ones."""
    if not told or any(answer != winners for answer in told):
        lottery.outcome.wrong_winners += 1
        lottery.outcome.problem(
            f"agency {agency} has {winners} winners and was told {told or 'nothing'}")
