"""The branches to hand in, in a repository of their own, and what graders write into them."""

import configparser
import re
import subprocess

import yaml

from lottery.bets import WINNING_NUMBER

SERVER_CONFIG = "server/config.ini"
CLIENT_CONFIG = "client/config.yaml"


def switch(directory, branch):
    """Drops what was written into the work tree, and checks out `branch`."""
    subprocess.run(["git", "checkout", "-q", "."], cwd=directory, check=True)
    subprocess.run(["git", "switch", "-q", branch], cwd=directory, check=True)
    for path in (directory / ".data").glob("*.csv"):
        path.unlink()


def edit_with_sed(directory, server, client):
    """Changes values in place, as `sed -i` does. `client` is by the last name of the key."""
    for name, pattern, values in ((SERVER_CONFIG, r"^({} *= *).*$", server),
                                  (CLIENT_CONFIG, r"^( *{}: *)[^ \n]*$", client)):
        text = (directory / name).read_text(encoding="utf-8")
        for key, value in values.items():
            text, count = re.subn(pattern.format(key), rf"\g<1>{value}", text, flags=re.MULTILINE)
            assert count == 1, f"{name}: {count} lines with {key}"
        (directory / name).write_text(text, encoding="utf-8")


def edit_with_parsers(directory, server, client):
    """Loads the files, changes values and writes the files anew, in the libraries' own style and
    without comments."""
    path = directory / SERVER_CONFIG
    ini = configparser.ConfigParser()
    ini.optionxform = str
    ini.read_string(path.read_text(encoding="utf-8"))
    ini["DEFAULT"].update(server)
    path.unlink()
    with open(path, "w", encoding="utf-8") as file:
        ini.write(file)
    path = directory / CLIENT_CONFIG
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for section in document.values():
        for key in section.keys() & client.keys():
            section[key] = int(client[key]) if client[key].isdigit() else client[key]
    path.unlink()
    path.write_text(yaml.safe_dump(document), encoding="utf-8")


def write_bets(directory, clients, chance):
    """Writes the agencies' files of made-up bets. Returns how many bets each has, and how many of
    them win."""
    bets, winners = [], []
    for agency in range(1, clients + 1):
        numbers = [chance.choice([WINNING_NUMBER, *range(20)])
                   for _ in range(chance.randint(1, 400))]
        rows = [f"Ana María,Paz,{chance.randrange(10**7, 10**8)},1990-0{chance.randint(1, 9)}-15,"
                f"{number}\n" for number in numbers]
        (directory / f".data/agency-{agency}.csv").write_text("".join(rows), encoding="utf-8")
        bets.append(len(numbers))
        winners.append(str(numbers.count(WINNING_NUMBER)))
    return bets, winners
