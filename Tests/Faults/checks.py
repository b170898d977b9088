"""What must be true after a fault, and after the lottery."""

import re
from collections import Counter

_winners = re.compile(r"action: consulta_ganadores \| result: success \| cant_ganadores: (\d+)")


def stored_rows(lottery):
    """The whole rows of `bets.csv` by agency, each agency's in the order of the file.

    For bets without line ends in their texts.
    """
    rows = {agency: [] for agency in lottery.bets.by_agency}
    path = lottery.data / "bets.csv"
    content = path.read_bytes() if path.exists() else b""
    for row in content.split(b"\r\n")[:-1]:
        rows.setdefault(int(row.partition(b",")[0]), []).append(row + b"\r\n")
    return rows


def check_promises(lottery, promised):
    """Every bet that was acknowledged is on the disk."""
    rows = stored_rows(lottery)
    for agency, count in promised.items():
        lost = count - lottery.written_off[agency] - len(rows[agency])
        if lost > 0:
            lottery.written_off[agency] += lost
            lottery.outcome.lost += lost
            lottery.outcome.problem(f"agency {agency}: {lost} bets acknowledged, not on the disk")


def check_bets(lottery, complete):
    """`bets.csv` holds each agency's bets once and in order: all of them where the lottery is
    complete, the first ones otherwise."""
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
    """Whoever was told its winners was told the right number, and everybody was told."""
    for agency, bets in lottery.bets.by_agency.items():
        told = [count for process in lottery.speakers[agency] for count in told_winners(process)]
        check_told(lottery, agency, told, len(bets.winning))


def told_winners(process):
    """The numbers of winners that an agency was told."""
    return [int(count) for count in _winners.findall(process.text())]


def check_told(lottery, agency, told, winners):
    """All that an agency was told about its winners is right, and it was told something."""
    if not told or any(answer != winners for answer in told):
        lottery.outcome.wrong_winners += 1
        lottery.outcome.problem(
            f"agency {agency} has {winners} winners and was told {told or 'nothing'}")
