"""Options and fixtures of everything that is tested from outside."""

import random
import signal
from collections import Counter
from pathlib import Path

import pytest

from lottery import programs
from lottery.checkouts import checkout, repository, stand_in  # noqa: F401
from lottery.containers import engine, project, tree  # noqa: F401
from lottery.processes import kill_all

_tables = pytest.StashKey()


def pytest_addoption(parser):
    group = parser.getgroup("lottery")
    group.addoption("--rounds", type=int, help="rounds of each test that plays rounds")
    group.addoption("--round", type=int, help="this round alone, counted from 0")
    group.addoption("--seed", type=int, help="repeats the random choices of the run of that seed")
    group.addoption("--case", help="this case alone of the sweep of system calls")
    group.addoption("--seconds", type=float, default=60, help="for each side of resets (60)")
    group.addoption("--agencies", type=int, default=1000, help="of the crowd (1000)")
    group.addoption("--image", help="the server's image for resets, instead of a process")
    group.addoption("--delay", help="graders: another SERVER_WINNERS_DELAY than the branches'")
    group.addoption("--no-load", action="store_true", help="graders: keep no core busy")
    group.addoption("--programs", type=Path, help="where the two programs are (builds them)")
    group.addoption("--table", type=Path, help="file for the tables, as Markdown")


def pytest_configure(config):
    # A shell that starts this in the background ignores them, and what is started here would, too.
    for number in (signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    # As on an interruption from the keyboard, fixtures clean up.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    config.stash[_tables] = {}
    if config.option.seed is None:
        config.option.seed = random.SystemRandom().randrange(10**6)


def pytest_unconfigure():
    kill_all()


def pytest_report_header(config):
    return f"seed: {config.option.seed}"


def pytest_generate_tests(metafunc):
    """A test that takes `number` is played in rounds: ROUNDS of its module, or `--rounds`."""
    if "number" in metafunc.fixturenames:
        option = metafunc.config.option
        rounds = range(metafunc.module.ROUNDS if option.rounds is None else option.rounds)
        metafunc.parametrize("number", rounds if option.round is None else [option.round])


def _table(heading, counters):
    """Returns a table in Markdown: a row for each counter by name, and their sum."""
    total = Counter()
    for counter in counters.values():
        total.update(counter)
    rows = [(heading, *total), ("---", *["--:"] * len(total))]
    for name, counter in (counters | ({"all": total} if len(counters) > 1 else {})).items():
        rows.append((name, *(f"{counter[key]:,.0f}" for key in total)))
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "".join(f"| {' | '.join(map(str.rjust, row, widths))} |\n" for row in rows)


def pytest_terminal_summary(terminalreporter, config):
    tables = [_table(heading, rows) for heading, rows in config.stash[_tables].items()]
    terminalreporter.write("\n".join(["", *tables]))
    if config.option.table:
        config.option.table.write_text("\n".join(tables), encoding="utf-8")


@pytest.fixture
def chance(request):
    """Random choices that depend only on the seed and on the name of the test."""
    return random.Random(f"{request.config.option.seed}/{request.node.name}")


@pytest.fixture(scope="session")
def tables(request):
    """Provides a function that adds numbers to a row of the table with that heading."""
    def add(heading, row, numbers):
        request.config.stash[_tables].setdefault(heading, {}).setdefault(
            row, Counter()).update(numbers)

    return add


@pytest.fixture(scope="session")
def where(request):
    """The directory of the two programs. A library can be loaded into them."""
    return request.config.option.programs or programs.build()


@pytest.fixture(autouse=True)
def no_process_survives():
    """Ends what a test has started and left running."""
    yield
    kill_all()
