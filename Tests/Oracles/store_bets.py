"""store_bets and load_bets as the course's server has them: what bets.csv is held against.

Takes JSON on standard input and answers with JSON on standard output:

    store_bets.py store    [[bet, ...], ...]  ->  [text, ...]    the file with the bets of a list
    store_bets.py load     [text, ...]  ->  [[bet, ...], ...]    the bets in a file with that text

A bet is a list of its fields.
"""
import csv
import datetime
import json
import pathlib
import sys
import tempfile


class Bet:
    def __init__(self, agency, first_name, last_name, document, birthdate, number):
        self.agency = int(agency)
        self.first_name = first_name
        self.last_name = last_name
        self.document = document
        self.birthdate = datetime.date.fromisoformat(birthdate)
        self.number = int(number)


def store_bets(path, bets):
    with open(path, "a+", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_MINIMAL)
        for bet in bets:
            writer.writerow([bet.agency, bet.first_name, bet.last_name,
                             bet.document, bet.birthdate, bet.number])


def load_bets(path):
    with open(path, "r", encoding="utf-8") as file:
        reader = csv.reader(file, quoting=csv.QUOTE_MINIMAL)
        for row in reader:
            yield Bet(row[0], row[1], row[2], row[3], row[4], row[5])


def store(path, bets):
    path.unlink(missing_ok=True)
    store_bets(path, [Bet(*fields) for fields in bets])
    return path.read_bytes().decode()


def load(path, text):
    path.write_bytes(text.encode())
    return [[str(bet.agency), bet.first_name, bet.last_name, bet.document,
             str(bet.birthdate), str(bet.number)] for bet in load_bets(path)]


def main():
    answer = {"store": store, "load": load}[sys.argv[1]]
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "bets.csv")
        json.dump([answer(path, case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
