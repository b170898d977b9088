"""`make run`: the lottery of the five agencies without Docker, as a user starts it."""

import re

import pytest

WINNERS = re.compile(r" *(\d) +(\d+) +(\d+)  (.*)")


@pytest.fixture
def prepared(checkout, where):
    """A checkout in which the programs are built."""
    (checkout.top / ".build").mkdir()
    (checkout.top / ".build/release").symlink_to(where)
    for agency in range(1, 6):
        rows = [f"Ana,Paz,{agency}000000{row},1990-01-15,{7574 if row < agency else 1}\r\n"
                for row in range(9)]
        (checkout.top / f".data/agency-{agency}.csv").write_text("".join(rows), newline="")
    return checkout


def test_it_shows_the_winners_and_ends(prepared, stand_in):
    done = prepared.run("sh", "scripts/run-lottery.sh", PATH=stand_in("make", "exit 0"))
    assert (done.returncode, done.stderr) == (0, "")
    found = map(WINNERS.fullmatch, done.stdout.splitlines())
    assert [match.groups() for match in found if match] == [
        (str(agency), "9", str(agency), " ".join(f"{agency}000000{row}" for row in range(agency)))
        for agency in range(1, 6)]
    # The logs and the server's files stay, and the last line says where.
    assert done.stdout.splitlines()[-1] == "logs, and the server's files: .run"
    assert (prepared.top / ".run/bets.csv").read_bytes().count(b"\n") == 45
    assert "action: exit | result: success" in (prepared.top / ".run/server.log").read_text()


def test_an_agency_that_fails_ends_it_with_1(prepared, stand_in):
    (prepared.top / ".data/agency-3.csv").write_text("no bet\r\n", newline="")
    done = prepared.run("sh", "scripts/run-lottery.sh", PATH=stand_in("make", "exit 0"))
    assert done.returncode == 1
    assert "agency 3 failed:\n" in done.stderr


def test_a_server_that_does_not_start_ends_it_with_1(prepared, stand_in):
    (prepared.top / "config/config.ini").write_text("nothing", newline="")
    done = prepared.run("sh", "scripts/run-lottery.sh", PATH=stand_in("make", "exit 0"))
    assert done.returncode == 1
    assert "config/config.ini" in done.stderr
