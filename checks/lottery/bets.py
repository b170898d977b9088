"""The agencies' files, and what the server must make of them."""

import csv
import io
import subprocess
import zipfile
from pathlib import Path

from lottery.programs import ROOT

WINNING_NUMBER = 7574
ZIPS = ("../shared/data/dataset.zip", ".data/dataset.zip", ".data/datasets.zip")


class AgencyBets:
    """The bets of one agency: its file, the rows that `bets.csv` must hold in the end, and the
    documents of its winners."""

    def __init__(self, agency, path):
        self.agency = agency
        self.path = path
        with open(path, encoding="utf-8", newline="") as file:
            self.bets = list(csv.reader(file))
        self.rows = [_stored_row(agency, bet) for bet in self.bets]
        self.winning = [bet[2] for bet in self.bets if int(bet[-1]) == WINNING_NUMBER]
        self.size = sum(map(len, self.rows))


class Bets:
    """The bets of all agencies of a lottery."""

    def __init__(self, directory):
        paths = sorted(directory.glob("agency-*.csv"), key=_number)
        self.by_agency = {_number(path): AgencyBets(_number(path), path) for path in paths}
        self.count = sum(len(bets.rows) for bets in self.by_agency.values())
        self.size = sum(bets.size for bets in self.by_agency.values())


def unpack(directory):
    """Puts the five agencies' files into `directory`, which it makes: the course's if there are
    any, else made-up ones of the same sizes. Returns where they come from."""
    directory.mkdir()
    for path in map(ROOT.joinpath, ZIPS):
        if not path.exists():
            continue
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                base = Path(name).name
                if base.startswith("agency-") and base.endswith(".csv"):
                    (directory / base).write_bytes(archive.read(name))
        return path.name
    subprocess.run([ROOT / "scripts/generate-data.sh", directory], check=True)
    return "made-up bets"


def _number(path):
    return int(path.stem.split("-")[1])


# By the implementation that the contract names (`PROTOCOL.md`, What the server keeps), which is not
# the server's.
def _stored_row(agency, bet):
    first_name, last_name, document, birthdate, number = bet
    row = io.StringIO(newline="")
    csv.writer(row, quoting=csv.QUOTE_MINIMAL).writerow(
        [agency, first_name, last_name, document, birthdate, int(number)])
    return row.getvalue().encode()
