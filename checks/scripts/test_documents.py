"""`make lint` finds documents that disagree with each other or with the sources."""

import re
import subprocess

import documents
import pytest
from lottery.checkouts import ROOT

# A document or a source, what is changed in it, and what is then found.
MISTAKES = {
    "a link to a file that is gone": (
        "README.md", r"\(docs/run\.svg\)", "(docs/ran.svg)", "README.md: there is no docs/ran.svg"),
    "a heading that a link names": (
        "PROTOCOL.md", "^## Codes$", "## Numbers", "docs/glosario.md: no heading for "),
    "a section that a source cites": (
        "PROTOCOL.md", "^## A bet$", "## Bets", "Rules.swift: no heading for PROTOCOL.md, A bet"),
    "a type that is gone": (
        "ARCHITECTURE.md", "`BetStore`", "`BetShop`", "no source declares BetShop"),
    "a target of make that is gone": (
        "Makefile", "^crowd:", "throng:", "README.md: make has no target crowd"),
    "another command in Spanish": (
        "README.es.md", "docker-compose-dev.yaml 5", "docker-compose-dev.yaml 6", "other commands"),
    "a row missing in Spanish": ("README.es.md", r"^\| 3 \|.*\n", "", "other commands"),
    "a message missing in Spanish": ("README.es.md", "^ .*CONFIRMED\n", "", "other messages"),
    "an action missing in the glossary": (
        "docs/glosario.md", r"^\| `sorteo`.*\n", "", "action sorteo of LotteryServer is not in"),
    "an action that no source logs": (
        "docs/glosario.md", r"^\| `draw`", "| `drawn`", "action drawn of LotteryServer is only in"),
    "an action that is new": (
        "Sources/LotteryServer/Server.swift", '"recovery"', '"start"', "the action start of "),
    "an exit status missing in the table": (
        "docs/operating.md", r"^\| 77 .*\n", "", "exit status 77"),
    "an exit status that no program has": (
        "docs/operating.md", r"^\| 77 ", "| 79 ", "exit status 79"),
    "a code missing in the protocol": (
        "PROTOCOL.md", r"^\| 9 \| too slow.*\n", "", "PROTOCOL.md: nothing about ErrorCode 9"),
    "a message missing in the dissector": (
        "scripts/lottery.lua", "0x84", "0x74", "scripts/lottery.lua: no message of type 0x84"),
    "a setting missing in the document": (
        "docs/operating.md", r"^\| `SERVER_TIMEOUT`.*\n", "", "SERVER_TIMEOUT is in one"),
    "a setting missing in its file": (
        "config/config.ini", "SERVER_TIMEOUT", "SERVER_PATIENCE", "config.ini: no SERVER_TIMEOUT"),
    "a key missing in its file": (
        "config/config.yaml", "maxPause", "longestPause", "config.yaml: no retry.maxPause"),
    "another limit of the protocol": (
        "PROTOCOL.md", r"^\| `packetSize` \| 8000", "| `packetSize` | 8192", "limit packetSize"),
    "another limit of a program": (
        "docs/operating.md", r"\| 1024 bytes \|", "| 1000 bytes |", "LogLine.valueLimit"),
    "another version of Swift": (
        "Package.swift", r"swift-tools-version: \S+", "swift-tools-version: 5.9", "asks for 5.9"),
}


def test_the_documents_agree_with_each_other_and_with_the_sources():
    assert documents.findings(ROOT) == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(repository, mistake):
    name, old, new, finding = MISTAKES[mistake]
    path = repository.top / name
    text = path.read_text(encoding="utf-8")
    wrong, changes = re.subn(old, new, text, flags=re.MULTILINE)
    assert changes
    path.write_text(wrong, encoding="utf-8")
    try:
        assert any(finding in line for line in documents.findings(repository.top))
    finally:
        path.write_text(text, encoding="utf-8")


def test_the_readmes_say_how_many_winners_generated_files_have(tmp_path):
    subprocess.run(["sh", ROOT / "scripts/generate-data.sh", tmp_path], check=True)
    winners = [(tmp_path / f"agency-{agency}.csv").read_text(encoding="utf-8").count(",7574\n")
               for agency in range(1, 6)]
    *first, last = map(str, winners)
    for document, conjunction in (("README.md", "and"), ("README.es.md", "y")):
        told = f"{', '.join(first)} {conjunction} {last}"
        assert told in re.sub(r"\s+", " ", (ROOT / document).read_text(encoding="utf-8"))
