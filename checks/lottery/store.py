"""What the server keeps, and what must be true of it."""

from collections import Counter

from lottery.processes import Failure

FILES = ("bets.csv", "finished.csv")


def whole_rows(data):
    """Returns the whole rows of both files, by name. No text in a bet may hold a line end."""
    contents = {name: _read(data / name) for name in FILES}
    return {name: content[:content.rfind(b"\n") + 1] for name, content in contents.items()}


def bets_by_agency(data):
    """Returns the whole rows of `bets.csv` by agency, in the order of the file."""
    rows = {}
    for row in whole_rows(data)["bets.csv"].split(b"\r\n")[:-1]:
        rows.setdefault(int(row.partition(b",")[0]), []).append(row + b"\r\n")
    return rows


def finished(data):
    """Returns the rows of `finished.csv`, each an agency and its total."""
    return [tuple(map(int, row.split(b",")))
            for row in whole_rows(data)["finished.csv"].split(b"\r\n")[:-1]]


def check_promises(data, promised):
    """Checks that every acknowledged bet is on the disk."""
    rows = bets_by_agency(data)
    for agency, count in promised.items():
        if (lost := count - len(rows.get(agency, ()))) > 0:
            raise Failure(f"agency {agency}: {lost} bets acknowledged, not on the disk")


def check_bets(data, bets, complete):
    """Checks that `bets.csv` holds each agency's bets once and in order: all of them if the lottery
    is complete, the first ones otherwise."""
    rows = bets_by_agency(data)
    if strangers := rows.keys() - bets.by_agency.keys():
        raise Failure(f"bets of agencies {strangers}, which do not take part")
    for agency, own in bets.by_agency.items():
        got = rows.get(agency, [])
        wanted = own.rows if complete else own.rows[:len(got)]
        if got != wanted:
            twice = (Counter(got) - Counter(own.rows)).total()
            lost = (Counter(wanted) - Counter(got)).total()
            place = next((index for index, (a, b) in enumerate(zip(wanted, got)) if a != b),
                         min(len(wanted), len(got)))
            raise Failure(f"agency {agency}: {twice} bets too often, {lost} missing, wrong from "
                          f"bet {place} on")


def check_finished(data, bets):
    """Checks that each agency finished at most once, with all its bets."""
    for (agency, total), count in Counter(finished(data)).items():
        if count > 1 or total != len(bets.by_agency[agency].rows):
            raise Failure(f"finished.csv has {count} times {agency},{total}")


def check_kept(data, before):
    """Checks that the files still hold the whole rows that were in them `before`."""
    for name, content in whole_rows(data).items():
        if not content.startswith(before[name]):
            raise Failure(f"{name} has lost what was in it")


def check_told(agency, told, winners):
    """Checks that an agency was told its winners, and never wrong ones."""
    if not told or any(answer != winners for answer in told):
        raise Failure(f"agency {agency} has {winners} winners and was told {told or 'nothing'}")


def _read(path):
    return path.read_bytes() if path.exists() else b""
