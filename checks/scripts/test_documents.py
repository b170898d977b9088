"""`make lint` finds documents that disagree with each other or with the sources."""

import re
import subprocess

import documents
import pytest
from lottery.checkouts import ROOT

# A document or a source, what is changed in it, and what is then found.
MISTAKES = [
    ("README.md", r"\(docs/testing\.md\)", "(docs/text.md)", "README.md: there is no docs/text.md"),
    ("PROTOCOL.md", "^## Codes$", "## Numbers", "docs/glosario.md: no heading for "),
    ("ARCHITECTURE.md", "`BetStore`", "`BetShop`", "no source declares BetShop"),
    ("Makefile", "^crowd:", "throng:", "README.md: make has no target crowd"),
    ("README.es.md", "docker-compose-dev.yaml 5", "docker-compose-dev.yaml 6", "other commands"),
    ("README.es.md", "^ .*CONFIRMED\n", "", "other commands or messages"),
    ("docs/glosario.md", r"^\| `draw`", "| `drawn`", "action drawn of LotteryServer is only in"),
    ("Sources/LotteryServer/Server.swift", '"recovery"', '"start"', "the action start of "),
    ("docs/operating.md", r"^\| 77 ", "| 79 ", "exit status 77"),
    ("PROTOCOL.md", r"^\| 9 \| too slow.*\n", "", "PROTOCOL.md: nothing about ErrorCode 9"),
    ("scripts/lottery.lua", "0x84", "0x74", "scripts/lottery.lua: no message of type 0x84"),
    ("PROTOCOL.md", r"^\| `packetSize` \| 8000", "| `packetSize` | 8192", "limit packetSize"),
    ("docs/operating.md", r"\| 1024 bytes \|", "| 1000 bytes |", "LogLine.valueLimit"),
]


def test_the_documents_agree_with_each_other_and_with_the_sources():
    assert documents.findings(ROOT) == []


@pytest.mark.parametrize("name, old, new, finding", MISTAKES)
def test_a_mistake_is_found(repository, name, old, new, finding):
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
