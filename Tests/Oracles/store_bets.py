"""store_bets and load_bets as the course's server has them: what bets.csv is held against.

    store_bets.py store FILE   appends the bets on standard input, a JSON list of lists of fields
    store_bets.py load FILE    writes the bets in FILE to standard output, likewise
"""
import csv
import datetime
import json
import sys


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


def main(command, path):
    if command == "store":
        store_bets(path, [Bet(*fields) for fields in json.load(sys.stdin.buffer)])
        print("[]")
    elif command == "load":
        json.dump([[str(bet.agency), bet.first_name, bet.last_name, bet.document,
                    str(bet.birthdate), str(bet.number)] for bet in load_bets(path)], sys.stdout)
    else:
        sys.exit(f"{command}: must be store or load")


if __name__ == "__main__":
    main(*sys.argv[1:])
