"""What Python makes of documents: the answers that ours must give, too.

    python checks/oracles/oracles.py DIRECTORY [SEED COUNT]

writes a file for each oracle: a JSON list of documents and answers, one a line, in ASCII because
texts hold marks that an editor does not show. `swift test` compares those in
`Tests/Oracles/recorded`, or in the directory that ORACLES names.
"""

import configparser
import csv
import datetime
import io
import json
import pathlib
import random
import sys
import tempfile

import yaml

RECORDED = (1, 300)


# The csv module

CSV_PIECES = ["a", "ñ", " ", ",", ",", '"', '"', '""', '","', "\n", "\r\n", "\r", "🎲"]


def csv_text(chance):
    return pick(chance, CSV_PIECES, 14)


def read_csv(text):
    """Returns the rows up to the first error, without those of blank lines."""
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="\n")
    rows = []
    try:
        rows.extend(row for row in csv.reader(lines, strict=True) if row)
    except csv.Error:
        return {"rows": rows, "isGood": False}
    return {"rows": rows, "isGood": True}


# The course's store_bets

TEXTS = ["", " ", "Ana", " Ana ", "O'Higgins", "Ñandú 🎲", "a,b", ",", '"', '""', 'a"b', '"a"',
         "a\nb", "a\rb", "a\r\nb", "\n", "\r", "a\tb", "a;b", "a\\b", "a|b", "#", "=1+1", "\ufeff",
         "\u2028", "\x7f", "e\u0301"]
LONG_TEXTS = ['"' * 255, "x" * 255]
LETTERS = [*"aZ0 ,;'-\"ñéí水🎲"]


def store_bets(path, bets):
    with open(path, "a+", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_MINIMAL)
        for agency, first_name, last_name, document, birthdate, number in bets:
            writer.writerow([int(agency), first_name, last_name, document,
                             datetime.date.fromisoformat(birthdate), int(number)])


def bets(chance):
    """Returns the fields of one to three bets, whose texts need quotes or only seem to."""
    def text():
        return chance.choice([chance.choice(TEXTS), pick(chance, LETTERS, 12)]
                             if chance.randrange(50) else LONG_TEXTS)

    def bet():
        date = datetime.date.fromordinal(
            chance.randrange(1, datetime.date.max.toordinal() + 1))
        document = str(chance.randrange(10 ** chance.randint(1, 20))).zfill(chance.randint(1, 20))
        return [chance.choice(["1", "5", "4294967295"]), text(), text(),
                chance.choice(["0", "007", "9" * 20, document]),
                chance.choice(["0001-01-01", "2000-02-29", "9999-12-31", str(date)]),
                chance.choice(["0", "7574", "4294967295", str(chance.randrange(2 ** 32))])]

    return [bet() for _ in range(chance.randint(1, 3))]


def store(bets):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "bets.csv")
        store_bets(path, bets)
        return path.read_bytes().decode()


# configparser and PyYAML. An answer has the keys (lower case, points between those inside one
# another) and values, or is null if the reference refuses the document. A regular document must be
# accepted by ours; a wild one is made of bits of the format in any order.

INI_BITS = ["[DEFAULT]\n", "[DEFAULT]", "[b]\n", "\n", "\r\n", "\r", " ", "\t", "=", ":", "a", "B",
            "key", "#", ";", "%", "%%", "[", "]", "\u0301", "é", "\xa0", "\x85", "\u2028",
            "a = 1\n", "b: 2\n", "\ufeff", "\x1c", "\\", '"']
YAML_BITS = ["\n", "\n", "\r\n", "  ", " ", "\t", ":", ": ", ": ", "a", "b", "1", "key: ", "k: v\n",
             "g:\n", "  x: ", "-", "- ", "#", " #", "'", '"', "\\", '\\"', "''", "?", "? ", "&",
             "*", "!", "|", ">", "%", "@", "`", "{", "}", "[", "]", ",", "---", "---\n", "...", "~",
             "é", "\u0301", "\xa0", "\x85", "\u2028", "\ufeff", "<<", "=", ".", "_"]


def regular_ini(chance):
    return "[DEFAULT]\n" + "".join(
        chance.choice(["", "# note\n", "  ; note = 1\n", "\n", " \t\n"]) + f"Key_{index}"
        + chance.choice(["=", ":", " = ", "\t:  "])
        + chance.choice(["", "5", "a b", "a=b", "x # y", "ñandú", "[x]", "\xa0é\u3000"])
        + chance.choice(["\n", "\r\n", "  \n"]) for index in range(chance.randint(0, 6)))


def wild_ini(chance):
    return chance.choice(["", "[DEFAULT]\n", "[DEFAULT]\n"]) + pick(chance, INI_BITS, 8)


def read_ini(text):
    parser = configparser.ConfigParser()
    try:
        # As a file is read: line ends are \n, \r\n or \r.
        parser.read_file(io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
        return dict(parser["DEFAULT"])
    except configparser.Error:
        return None


def regular_yaml(chance):
    text = chance.choice(["", "---\n", "# note\n"])
    for group in range(chance.randint(0, 4)):
        is_flat = chance.randrange(3) == 0
        text += "" if is_flat else f"group{group}:\n"
        for key in range(chance.randint(1, 3)):
            text += (f"flat{group}" if is_flat else "  ") + f"key{key}: " + chance.choice([
                "", "5", "5s", "a b", '"q: #\\""', "'it''s'", "a#b", "ñ:é", "x:y", "-1", "~",
                "yes", "2001-01-01", '""', "''", "a\\b"])
            text += chance.choice(["\n", "  \n", " # note\n", "\n\n", "\r\n"])
    return text


def wild_yaml(chance):
    return pick(chance, YAML_BITS, 9)


def flatten(node, prefix=""):
    if node in (None, ""):
        return {}
    values = {}
    for key, value in node.items():
        path = prefix + key.lower()
        if isinstance(value, dict):
            values.update(flatten(value, path + "."))
        elif isinstance(value, str):
            values[path] = value
        else:
            raise TypeError(f"{path} is no text")
    return values


def read_yaml(text):
    try:
        return flatten(yaml.load(text, Loader=yaml.BaseLoader))
    except (yaml.YAMLError, TypeError, AttributeError):
        return None


# The name of a file, what makes its documents, and what answers. A second maker is of documents
# that must be accepted.
ORACLES = {
    "csv-read": (read_csv, csv_text),
    "store-bets": (store, bets),
    "ini": (read_ini, wild_ini, regular_ini),
    "yaml": (read_yaml, wild_yaml, regular_yaml),
}


def pick(chance, pieces, most):
    return "".join(chance.choice(pieces) for _ in range(chance.randint(0, most)))


def exchanges(name, seed, count):
    """Returns documents and what Python makes of them."""
    answer, *makers = ORACLES[name]
    chance = random.Random(f"{name} {seed}")
    made = []
    for _ in range(count):
        is_regular = len(makers) == 2 and chance.randrange(3) == 0
        document = makers[is_regular](chance)
        made.append({"document": document, "python": answer(document)}
                    | ({"isRegular": True} if is_regular else {}))
    return made


def text(exchanges):
    """Returns the bytes of a file."""
    lines = [json.dumps(exchange, separators=(",", ":")) for exchange in exchanges]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def write(directory, seed, count):
    for name in ORACLES:
        (directory / f"{name}.json").write_text(text(exchanges(name, seed, count)),
                                                encoding="ascii")


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]), *(map(int, sys.argv[2:]) if sys.argv[2:] else RECORDED))
