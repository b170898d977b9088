"""Checks that the documents agree with each other and with the sources: `make lint`.

Prints a line for each disagreement, and ends with status 1 if there is one. Needs Python 3 only.
"""

import re
import sys
from functools import cached_property
from pathlib import Path

# Types and calls of the language and its libraries, which the documents name too.
STANDARD = {"CheckedContinuation", "DispatchIO", "Process", "SIMD64", "SIMD8", "SIMDMask", "Span",
            "Task", "UnsafeContinuation", "Bytes"}
# How the documents write what a constant's expression says.
WRITTEN = [(r"_|Duration", ""), (r"Int\(UInt16\.max\)", "65535"),
           (r"\((\d+) - (\d+)\)", lambda found: str(int(found[1]) - int(found[2]))),
           (r" \* 1024 \* 1024$", " MiB"), (r" \* 1024$", " KiB"), (r"\.\.\.", " to "),
           (r"\.seconds\((\d+)\)", r"\1 s"), (r"\.milliseconds\((\d+)\)", r"\1 ms")]
CONSTANT = re.compile(r"^ *(?:(?:public|package|private|fileprivate) )*(?:static )?(?:let|var) "
                      r"(\w+)(?:: [\w<>]+)? (?:= |\{ )(.*?)(?: \})?(?:  //.*)?$", re.MULTILINE)


class Tree:
    """A work tree's documents and sources."""

    def __init__(self, top):
        self.top = Path(top)

    def text(self, name):
        return (self.top / name).read_text(encoding="utf-8")

    @cached_property
    def documents(self):
        names = [".data/*.md", "*.md", "bench/*.md", "docs/*.md", ".github/*.md"]
        return sorted(str(path.relative_to(self.top)) for name in names
                      for path in self.top.glob(name))

    def sources(self, under):
        return "\n".join(path.read_text(encoding="utf-8") for path in sorted(
            (self.top / under).rglob("*.swift")))

    @cached_property
    def swift(self):
        return self.sources("Sources") + self.sources("Tests")

    def prose(self, name):
        """Returns a document without its blocks of code."""
        return re.sub(r"^ *```.*?^ *```$", "", self.text(name), flags=re.DOTALL | re.MULTILINE)

    def rows(self, name, heading):
        """Returns the rows of the tables under a heading, each as its cells."""
        before, _, after = ("\n" + self.text(name)).partition(f"# {heading}\n")
        level = len(before) - len(before.rstrip("#")) + 1
        section = re.split(rf"^#{{1,{level}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]
        lines = re.findall(r"^\|(.*)\|$", section, re.MULTILINE)
        cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]
        return [row for row in cells if not set("".join(row)) <= set("-: ")]

    def declares(self, name):
        return re.search(rf"\b(?:actor|class|enum|extension|protocol|struct|typealias|func|let|var|"
                         rf"case|suite)\b[^\n]*\b{name}\b", self.swift, re.IGNORECASE)

    def enumeration(self, name):
        """Returns the numbers of an enumeration's cases, with their names."""
        found = re.search(rf"enum {name}\b.*?\n\}}", self.swift, re.DOTALL)
        return {int(number, 0): case
                for case, number in re.findall(r"case (\w+) = (\w+)", found[0])}


def links(tree):
    """The target of every relative link exists, and so does its heading."""
    for name in tree.documents:
        prose = re.sub(r"`[^`]*`", "", tree.prose(name))
        for link in re.findall(r"\]\((?![a-z]+:)([^)\s]+)", prose):
            path, _, heading = link.partition("#")
            target = (tree.top / name).parent / path if path else tree.top / name
            if not target.exists():
                yield f"{name}: there is no {link}"
            elif heading:
                headings = re.findall(r"^#+ +(.*)", tree.prose(target), re.MULTILINE)
                # The anchors that GitHub makes of them.
                if heading not in [re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-")
                                   for one in headings]:
                    yield f"{name}: no heading for {link}"


def types(tree):
    """The types and their members that ARCHITECTURE.md names exist."""
    folders = {path.name for path in (tree.top / "Sources").rglob("*") if path.is_dir()}
    for quoted in sorted(set(re.findall(r"`([A-Z][\w.]*[a-z][\w.]*)(?:\(\))?`",
                                        tree.prose("ARCHITECTURE.md")))):
        names = quoted.split(".")
        if names[0] not in STANDARD | folders and not quoted.endswith((".swift", ".md")) and (
                not all(map(tree.declares, names))):
            yield f"ARCHITECTURE.md: no source declares {quoted}"


def targets(tree):
    """The targets of make that a document names exist."""
    known = set(re.findall(r"^([a-z-]+):", tree.text("Makefile"), re.MULTILINE)) | {"make"}
    for name in tree.documents:
        code = re.findall(r"`[^`]*`|^ *make .*", re.sub(r" #.*", "", tree.text(name)), re.MULTILINE)
        for command in re.findall(r"\bmake ((?:[a-z]+(?:-[a-z]+)*(?: |\b))+)", "\n".join(code)):
            for target in set(command.split()) - known:
                yield f"{name}: make has no target {target}"


def translation(tree):
    """The Spanish README has the commands and the conversation of the English one."""
    english, spanish = (
        [re.findall(r"`([^`]*)`", row[-1]) for row in tree.rows(name, heading)]
        + re.findall(r"^ +(\w+->>\w+): (\S+)", tree.text(name), re.MULTILINE)
        for name, heading in (("README.md", "Exercises"), ("README.es.md", "Los ejercicios")))
    if english != spanish:
        yield "README.es.md: other commands or messages than in README.md"


def actions(tree):
    """The glossary explains each action of the log, and no other."""
    for module, heading in (("ProcessSupport", "Los dos programas"),
                            ("LotteryServer", "El servidor"), ("AgencyClient", "La agencia")):
        logged = set(re.findall(r'LogLine\(\s*"(\w+)"', tree.sources(f"Sources/{module}")))
        explained = {row[0].strip("`") for row in tree.rows("docs/glosario.md", heading)
                     if row[0].startswith("`")}
        for action in sorted(logged ^ explained):
            where = "is not in" if action in logged else "is only in"
            yield f"docs/glosario.md: the action {action} of {module} {where} the glossary"


def statuses(tree):
    """The table of exit statuses has those of the sources."""
    listed = {int(row[0]) for row in tree.rows("docs/operating.md", "Exit statuses")
              if row[0].isdigit()}
    for status in sorted(listed ^ set(tree.enumeration("ExitStatus"))):
        yield f"docs/operating.md: exit status {status} is in one of the table and ExitStatus"


def codes(tree):
    """Each message and code stands in the protocol page, the dissector and the tests."""
    protocol, dissector = tree.text("PROTOCOL.md"), tree.text("scripts/lottery.lua")
    tests = tree.sources("Tests")
    for number in sorted(tree.enumeration("MessageType")):
        for name, text in ("PROTOCOL.md", protocol), ("scripts/lottery.lua", dissector):
            if f"0x{number:02X}" not in text:
                yield f"{name}: no message of type 0x{number:02X}"
    for kind in "AgencyState", "RejectionCode", "ErrorCode":
        for number, case in sorted(tree.enumeration(kind).items()):
            # The protocol describes an agency's state in a sentence.
            row = rf"\*\*{number}\*\* " if kind == "AgencyState" else rf"^\| {number} \| "
            if not re.search(row, protocol, re.MULTILINE):
                yield f"PROTOCOL.md: nothing about {kind} {number}"
            if not re.search(rf"\.{case}\b", tests):
                yield f"Tests: none with {kind}.{case}"
            if f"[{number}] = " not in dissector:
                yield f"scripts/lottery.lua: no {kind} {number}"


def limits(tree):
    """The limits of the tables are those of the sources."""
    def says(cell, expression):
        for pattern, written in WRITTEN:
            expression = re.sub(pattern, written, expression)
        return re.match(re.escape(expression) + r"(?!\d| to )", cell)

    declared = {}
    body = re.search(r"enum ProtocolLimits \{(.*?)^\}", tree.swift, re.DOTALL | re.MULTILINE)[1]
    table = {row[0].strip("`"): row[1] for row in tree.rows("PROTOCOL.md", "Limits")}
    for name, expression in CONSTANT.findall(body):
        # One limit may be made of others.
        declared[name] = re.sub(
            r"[a-z]\w+", lambda found: declared.get(found[0], found[0]), expression)
        if not says(table.get(name, ""), declared[name]):
            yield f"PROTOCOL.md: the limit {name} is {declared[name]} in the sources"
    for row in tree.rows("docs/operating.md", "Limits")[1:]:
        for type_name, name in re.findall(r"`(\w+)\.([a-z]\w*)`", row[-1]):
            bodies = re.findall(
                rf"^(?:[a-z]+ )*(?:struct|class|enum|extension|actor) {type_name}\b.*?^\}}",
                tree.swift, re.DOTALL | re.MULTILINE)
            found = [text for body in bodies for constant, text in CONSTANT.findall(body)
                     if constant == name]
            if not any(says(row[1], text) for text in found):
                yield f"docs/operating.md: the limit {type_name}.{name} is {found} in the sources"


CHECKS = (links, types, targets, translation, actions, statuses, codes, limits)


def findings(top):
    """Returns what is wrong in the work tree at `top`, a line each."""
    tree = Tree(top)
    return [line for check in CHECKS for line in check(tree)]


if __name__ == "__main__":
    found = findings(Path(__file__).resolve().parents[1])
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    sys.exit(bool(found))
