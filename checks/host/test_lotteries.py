"""Lotteries of processes of this machine, in which nothing goes wrong."""

import resource
import subprocess
import time

import pytest
from lottery.bets import Bets
from lottery.checkouts import ROOT
from lottery.host import Lottery
from lottery.log import Log
from lottery.processes import Deadline

CROWD_ROWS = 50
CROWD_SECONDS = 600
REPORTS = ("ERROR: AddressSanitizer", "WARNING: ThreadSanitizer")


@pytest.fixture
def hold(where, tmp_path, chance):
    """A function that makes a lottery of made-up bets."""
    # A crowd needs a descriptor for each connection, and one for each log.
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))

    def make(*sizes):
        subprocess.run(["sh", ROOT / "scripts/generate-data.sh", tmp_path / "agencies",
                        *map(str, sizes)], check=True)
        lottery = Lottery(where, Bets(tmp_path / "agencies"), tmp_path / "run", chance)
        lottery.deadline = Deadline(CROWD_SECONDS)
        return lottery

    yield make
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def check_logs(lottery):
    """Checks that no program logged a failure, and no sanitizer a report."""
    for process in [lottery.server, *lottery.agencies.values()]:
        text = process.text()
        assert not [line.text for line in Log.of(text).lines if line.result == "fail"]
        assert not any(report in text for report in REPORTS), text


def test_five_agencies(hold):
    """Also under a sanitizer (`make sanitize`)."""
    lottery = hold()
    lottery.start_all()
    lottery.finish()
    check_logs(lottery)


def test_crowd(request, hold, tables):
    """Each agency is a process with a small file."""
    agencies = request.config.option.agencies
    lottery = hold(agencies, CROWD_ROWS)
    lottery.start_server(SERVER_LISTEN_BACKLOG="1024")
    start = time.monotonic()
    for agency in lottery.bets.by_agency:
        lottery.start_agency(agency, CLI_LOG_LEVEL="INFO")
        lottery.server.look()
    while not lottery.has_ended():
        lottery.check_alive()
        lottery.server.look()
        time.sleep(0.1)
    tables("crowd", f"{agencies} agencies", {
        "ms": (time.monotonic() - start) * 1000, "memory, kB": lottery.server.memory >> 10,
        "threads": lottery.server.threads})
    lottery.finish()
    check_logs(lottery)
