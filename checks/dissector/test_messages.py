"""The dissection of made-up connections."""

import re
import subprocess

import pytest
from dissector import captures
from dissector.tshark import ACCIDENTS, Capture, tshark

MADE_UP = captures.made_up()
MIDDLE = ("0x04 0x05 0x10 0x81 0x81 0x82 0x83 0x84 0x85 0x85 0x8f 0x90")
# Each field of the documented messages, and its values in their order.
VALUES = {
    "type": "0x01 0x02 0x03 0x03 " + MIDDLE,
    "length": "7 48 40 79 9 1 1 11 40 9 51 1 13 4 27 51",
    # Each message has its connection's.
    "agency": "3 " * 15 + "3",
    "offset": "0 1 0 2",
    "count": "1 2 1 0 1",
    "stored": "0 2 2",
    "total": "2",
    "bet.document": "30904465 04712339 30904465 04712339 04712339",
    "bet.position": "0 1 0 1 1",
    "bet.birthdate": "1999-03-17 1998-04-18 1999-03-17 1998-04-18 1998-04-18",
    "winner": "30904465",
    "status.agency": "3", "status.stored": "2", "status.finished": "1", "status.connected": "0",
    "status.syncs": "3", "status.sync_time": "12000000", "status.longest_sync": "6000000",
}

@pytest.fixture(scope="module")
def dissection(tmp_path_factory):
    """A function that returns a capture by name."""
    directory = tmp_path_factory.mktemp("captures")
    for name, pieces in MADE_UP.items():
        captures.write(directory / f"{name}.pcap", pieces)
    # Packets captured in part.
    subprocess.run(["editcap", "-s", "90", directory / "whole.pcap", directory / "short.pcap"],
                   check=True)
    return lambda name: Capture(directory / f"{name}.pcap")


@pytest.mark.parametrize("field", VALUES)
def test_a_field_has_its_values(dissection, field):
    assert " ".join(dissection("whole").values(f"lottery.{field}")) == VALUES[field]


def test_each_field_that_is_declared_is_found(dissection, tmp_path):
    declared = {row.split("\t")[2] for row in tshark(tmp_path, "-G", "fields").splitlines()
                if row.startswith("F\t") and row.split("\t")[2].startswith("lottery.")}
    assert declared
    found = "".join(dissection(name).dissect("-T", "pdml")
                    for name in ("whole", "echo", "length-0", "short"))
    assert declared == set(re.findall(r'<field name="(lottery\.[^"]*)', found))


def test_a_filter_selects_by_document(dissection):
    assert dissection("whole").packets('lottery.bet.document == "04712339"') == [3, 4, 9]


@pytest.mark.parametrize(
    "name", ["whole", "split-header", "split-body", "bytes", "straddling", "together"])
def test_segments_change_nothing(dissection, name):
    """Also in two passes, the first of which builds no tree, as Wireshark's own does not."""
    whole = dissection("whole").tree()
    assert whole and dissection("whole").packets("lottery.malformed") == []
    assert dissection(name).tree() == whole
    assert dissection(name).tree("-2") == whole


def test_each_bet_of_many_is_found_in_its_order(dissection):
    wanted = list(map(str, range(captures.BETS * captures.BATCHES)))
    assert dissection("many").values("lottery.bet.document") == wanted
    assert dissection("many").values("lottery.bet.position") == wanted
    assert dissection("many").tree() == dissection("many").tree("-2")
    # At another port nothing is dissected.
    elsewhere = Capture(dissection("many").path, "-o", "lottery.port:9")
    assert elsewhere.packets("lottery") == []


def test_messages_are_found_where_a_capture_begins_in_the_middle(dissection):
    assert " ".join(dissection("midway").values("lottery.type")) == MIDDLE


def test_packets_captured_in_part_are_no_error(dissection):
    assert dissection("short").packets("lottery.truncated") == [2, 4, 11, 16]


def experts(capture, kind, severity):
    return capture.values("_ws.expert.message", "-Y",
                          f"lottery.{kind} && _ws.expert.severity == {severity}")


def test_an_expert_tells_a_refusal(dissection):
    assert experts(dissection("whole"), "rejected", "Warning") == [
        'Rejected, code 1 (a field breaks its rule): document "12a": must be 1 to 20 digits']
    assert experts(dissection("whole"), "error", "Error") == [
        "Error, code 3 (no such agency): agency 9: must be 1 to 5"]


@pytest.mark.parametrize("name", captures.MALFORMED)
def test_a_malformed_message_is_told(dissection, name):
    """And the message before it is dissected."""
    assert experts(dissection(name), "malformed", "Error") == [captures.MALFORMED[name][1]]
    assert dissection(name).packets("lottery.type == 1 && lottery.agency == 3") == [1]


def test_lines_of_an_echo_are_text(dissection):
    assert dissection("echo").values("lottery.echo") == [
        "¿hay ", r"alguien?\n", r"¿hay alguien?\n"]


@pytest.mark.parametrize("name", [*MADE_UP, "short"])
def test_no_bytes_cause_an_accident(dissection, name):
    assert dissection(name).packets(ACCIDENTS) == []
