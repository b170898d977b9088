"""What is written in several places is the same in all of them."""

import re

import pytest
from lottery.checkouts import ROOT

CODES = "Sources/LotteryProtocol/Wire/MessageCodes.swift"


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def codes(kind):
    """Returns the numbers of an enumeration of the messages' codes."""
    body = re.search(rf"enum {kind}\b.*?\n\}}", text(CODES), re.DOTALL)
    return {int(number, 0) for number in re.findall(r"case \w+ = (\w+)", body[0])}


def enumerations():
    return re.findall(r"enum (\w+)", text(CODES))


def test_each_type_of_message_stands_in_protocol_dissector_and_tests():
    types = codes("MessageType")
    assert types
    for number in types:
        assert f"`0x{number:02X}`" in text("PROTOCOL.md")
        assert re.search(rf"0x{number:02x}\b", text("tools/lottery.lua"), re.IGNORECASE)


@pytest.mark.parametrize("kind", [name for name in enumerations() if name != "MessageType"])
def test_each_code_stands_in_protocol_and_dissector(kind):
    for number in codes(kind):
        # The protocol describes an agency's state in a sentence.
        if kind != "AgencyState":
            assert re.search(rf"^\| {number} \| ", text("PROTOCOL.md"), re.MULTILINE)
        assert f"[{number}] = " in text("tools/lottery.lua")


def test_the_manifest_asks_for_the_swift_of_the_readme():
    version = re.search(r"swift-tools-version: (\S+)", text("Package.swift"))[1]
    for document in "README.md", "README.es.md":
        assert f"Swift {version}" in text(document)
