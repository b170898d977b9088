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


def settings(file):
    return set(re.findall(r'"((?:SERVER|LOGGING|CLI)_[A-Z_]+)"', text(file)))


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


@pytest.mark.parametrize("file, written", [
    ("Sources/LotteryServer/ServerConfiguration.swift", "config/config.ini"),
    ("Sources/AgencyClient/ClientConfiguration.swift", None)])
def test_each_setting_stands_in_the_files_and_in_the_document(file, written):
    assert settings(file)
    for setting in settings(file):
        assert f"`{setting}`" in text("docs/operating.md"), setting
        if written:
            assert re.search(rf"^(#   )?{setting} = ", text(written), re.MULTILINE), setting


def test_each_key_of_the_agency_stands_in_its_file():
    names = re.findall(r'"([a-z]+)(?:\.([a-zA-Z]+))?",\s*"CLI_',
                       text("Sources/AgencyClient/ClientConfiguration.swift"))
    assert names
    for section, key in names:
        assert re.search(rf"^ *(# +)?{key or section}: ", text("config/config.yaml"), re.MULTILINE)


def test_the_manifest_asks_for_the_swift_of_the_readme():
    version = re.search(r"swift-tools-version: (\S+)", text("Package.swift"))[1]
    for document in "README.md", "README.es.md":
        assert f"Swift {version}" in text(document)
