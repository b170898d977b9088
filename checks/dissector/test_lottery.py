"""The dissection of a real lottery equals what the server stored. Capturing needs root."""

import random
import socket
import subprocess

import pytest
from dissector.tshark import ACCIDENTS, Capture, Recording
from lottery import store
from lottery.bets import Bets
from lottery.checkouts import ROOT
from lottery.host import Lottery
from lottery.processes import Deadline

AGENCIES, ROWS = 3, 1000
BET = [f"lottery.bet.{field}" for field in (
    "position", "first_name", "last_name", "document", "birthdate", "number")]
LAST_LINE = b"the end of the capture\n"


@pytest.fixture(scope="module")
def lottery(where, tmp_path_factory):
    """A lottery that was captured to its end as `lottery.pcap`."""
    top = tmp_path_factory.mktemp("lottery")
    subprocess.run(["sh", ROOT / "scripts/generate-data.sh", top / "agencies", str(AGENCIES),
                    str(ROWS)], check=True)
    lottery = Lottery(where, Bets(top / "agencies"), top, random.Random(7574))
    lottery.start_server()
    recording = Recording(top / "lottery.pcap", lottery.port)
    lottery.start_agencies()
    lottery.wait(lottery.has_ended, "the end of all agencies")
    with socket.create_connection(("127.0.0.1", lottery.port), 20) as connection:
        connection.sendall(LAST_LINE)
        assert connection.makefile("rb").readline() == LAST_LINE
    # If the line and its echo are in the file, so is all that went before.
    Deadline(20).wait(lambda: recording.path.read_bytes().count(LAST_LINE[:-1]) >= 2,
                      "everything is captured")
    recording.stop()
    lottery.finish()
    return lottery


@pytest.fixture
def capture(lottery):
    # The lottery's port is drawn, so the dissector must be told.
    return Capture(lottery.directory / "lottery.pcap", "-o", f"lottery.port:{lottery.port}")


def test_bets_are_those_of_the_server(lottery, capture):
    bets = {agency: {} for agency in lottery.bets.by_agency}
    rows = capture.rows(["lottery.agency", *BET], "-Y", "lottery.bet")
    for (agency, *_), places, *fields in rows:
        for place, *values in zip(places, *fields):
            bets[int(agency)][int(place)] = f"{agency},{','.join(values)}\r\n".encode()
    assert {agency: [rows[place] for place in sorted(rows)] for agency, rows in bets.items()} == (
        store.bets_by_agency(lottery.data))
    assert len(capture.values("lottery.bet.document")) == AGENCIES * ROWS


def test_each_agency_is_told_its_winners(lottery, capture):
    told = {agency: [] for agency in lottery.bets.by_agency}
    for (agency, *_), documents in capture.rows(
            ["lottery.agency", "lottery.winner"], "-Y", "lottery.winner"):
        told[int(agency)] += documents
    winning = {agency: bets.winning for agency, bets in lottery.bets.by_agency.items()}
    assert any(winning.values())
    assert told == winning


def test_nothing_is_malformed_in_either_pass(capture):
    assert capture.packets(f"lottery.malformed || lottery.truncated || {ACCIDENTS}") == []
    assert capture.tree() == capture.tree("-2")
    # At another port nothing is dissected.
    assert Capture(capture.path).packets("lottery") == []
