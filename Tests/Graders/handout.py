"""The branches to hand in, in a repository of their own, and what graders write into them."""

import configparser
import io
import random
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVER_CONFIG = "server/config.ini"
CLIENT_CONFIG = "client/config.yaml"
WINNING_NUMBER = 7574


def make(directory):
    """Makes a repository with the work tree as its only commit, and the branches of it."""
    listed = _git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, directory / name
        if source.exists() or source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    _git(directory, "init", "-q", "-b", "main")
    _git(directory, "config", "user.name", "Grader")
    _git(directory, "config", "user.email", "grader@example.org")
    _git(directory, "add", "-A")
    _git(directory, "commit", "-q", "-m", "The work tree")
    subprocess.run(["scripts/entrega.sh"], cwd=directory, check=True, stdout=subprocess.DEVNULL)


def switch(directory, branch):
    """Leaves what was written into the work tree, and goes on with `branch`."""
    _git(directory, "checkout", "-q", ".")
    _git(directory, "switch", "-q", branch)
    for path in (directory / ".data").glob("*.csv"):
        path.unlink()


def edit_with_sed(directory, server, client):
    """Changes values where they stand, as `sed -i` does; `client` by the last name of the key."""
    _substitute(directory / SERVER_CONFIG, r"^({} *= *).*$", server)
    _substitute(directory / CLIENT_CONFIG, r'^( *{}: *)[^ \n]*$', client)


def edit_with_parsers(directory, server, client):
    """Loads the files, changes values and writes the files anew, in the libraries' own style and
    without comments."""
    # Only this needs PyYAML.
    import yaml

    path = directory / SERVER_CONFIG
    ini = configparser.ConfigParser()
    ini.optionxform = str
    ini.read_string(path.read_text(encoding="utf-8"))
    ini["DEFAULT"].update(server)
    with open(path, "w", encoding="utf-8") as file:
        ini.write(file)
    path = directory / CLIENT_CONFIG
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for section in document.values():
        for key in section.keys() & client.keys():
            value = client[key]
            section[key] = int(value) if value.isdigit() else value
    path.write_text(yaml.safe_dump(document), encoding="utf-8")


class AgencyFile:
    """A file of made-up bets, of which some win."""

    def __init__(self, path, random, count):
        self.count = count
        numbers = [random.choice([WINNING_NUMBER, *range(20)]) for _ in range(count)]
        self.winners = numbers.count(WINNING_NUMBER)
        text = io.StringIO()
        for number in numbers:
            document = random.randrange(10**7, 10**8)
            text.write(f"Ana María,Paz,{document},1990-0{random.randint(1, 9)}-15,{number}\n")
        path.write_text(text.getvalue(), encoding="utf-8")


def write_bets(directory, clients, seed):
    """Writes the agencies' files, and returns them in the order of their numbers."""
    chance = random.Random(seed)
    return [AgencyFile(directory / ".data" / f"agency-{number}.csv", chance, chance.randint(1, 400))
            for number in range(1, clients + 1)]


def _substitute(path, pattern, values):
    text = path.read_text(encoding="utf-8")
    for key, value in values.items():
        text, count = re.subn(pattern.format(key), rf"\g<1>{value}", text, flags=re.MULTILINE)
        assert count == 1, f"{path}: {count} lines with {key}"
    path.write_text(text, encoding="utf-8")


def _git(directory, *command):
    return subprocess.run(["git", *command], cwd=directory, check=True, text=True,
                          stdout=subprocess.PIPE).stdout
