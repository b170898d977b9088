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
DURATIONS = {"nanoseconds": 1e-9, "microseconds": 1e-6, "milliseconds": 1e-3, "seconds": 1}
UNITS = {"": 1, "bytes": 1, "KiB": 2**10, "MiB": 2**20, "ms": 1e-3, "s": 1, "min": 60}


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
        return [path.read_text(encoding="utf-8") for path in sorted(
            (self.top / under).rglob("*.swift"))]

    @cached_property
    def swift(self):
        return "\n".join(self.sources("Sources") + self.sources("Tests"))

    def prose(self, name):
        """Returns a document without its blocks of code."""
        return re.sub(r"^ *```.*?^ *```$", "", self.text(name), flags=re.DOTALL | re.MULTILINE)

    def headings(self, name):
        return re.findall(r"^#+ +(.*)", self.prose(name), re.MULTILINE)

    def section(self, name, heading):
        """Returns what stands under a heading, up to the next one of its level or above."""
        before, _, after = ("\n" + self.text(name)).partition(f"# {heading}\n")
        level = len(before) - len(before.rstrip("#")) + 1
        return re.split(rf"^#{{1,{level}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]

    def rows(self, name, heading):
        """Returns the rows of the tables under a heading, each as its cells."""
        lines = re.findall(r"^\|(.*)\|$", self.section(name, heading), re.MULTILINE)
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


def anchor(heading):
    """Returns the anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def links(tree):
    """The target of every relative link exists, and so does its heading."""
    for name in tree.documents:
        prose = re.sub(r"`[^`]*`", "", tree.prose(name))
        for link in re.findall(r"\]\((?![a-z]+:)([^)\s]+)", prose):
            path, _, heading = link.partition("#")
            target = (tree.top / name).parent / path if path else tree.top / name
            if not target.exists():
                yield f"{name}: there is no {link}"
            elif heading and heading not in map(anchor, tree.headings(target)):
                yield f"{name}: no heading for {link}"


def citations(tree):
    """Sources cite sections that a document has: document, section, section."""
    for folder in "Sources", "Tests", "bench", "checks":
        for path in sorted((tree.top / folder).rglob("*")):
            if path.suffix not in (".swift", ".py", ".h", ".c") or ".build" in path.parts:
                continue
            text = re.sub(r"\s*\n *(?:///?|#) ?", " ", path.read_text(encoding="utf-8"))
            for document, cited in re.findall(r"`([A-Z]+\.md)`, ([^)`]*)\)", text):
                rest = cited
                for heading in sorted(tree.headings(document), key=len, reverse=True):
                    rest = rest.replace(heading, "")
                if rest.strip(", "):
                    yield f"{path.relative_to(tree.top)}: no heading for {document}, {cited}"


def types(tree):
    """The types and their members that ARCHITECTURE.md names exist."""
    for quoted in sorted(set(re.findall(r"`([A-Z][\w.]*[a-z][\w.]*)(?:\(\))?`",
                                        tree.prose("ARCHITECTURE.md")))):
        names = quoted.split(".")
        if names[0] in STANDARD or quoted.endswith((".swift", ".md")):
            continue
        folders = {path.name for path in (tree.top / "Sources").rglob("*") if path.is_dir()}
        if names[0] not in folders and not all(map(tree.declares, names)):
            yield f"ARCHITECTURE.md: no source declares {quoted}"


def targets(tree):
    """The targets of make that a document names exist."""
    known = set(re.findall(r"^([a-z-]+):", tree.text("Makefile"), re.MULTILINE))
    for name in tree.documents:
        for command in re.findall(r"\bmake ((?:[a-z]+(?:-[a-z]+)*(?: |\b))+)",
                                  "\n".join(re.findall(r"`[^`]*`|^ *make .*", re.sub(
                                      r" #.*", "", tree.text(name)), re.MULTILINE))):
            for target in command.split():
                if target not in known and target != "make":
                    yield f"{name}: make has no target {target}"


def commands(cell):
    return re.findall(r"`([^`]*)`", cell)


def translation(tree):
    """The Spanish README has the commands and the conversation of the English one."""
    english = [commands(row[-1]) for row in tree.rows("README.md", "Exercises")]
    spanish = [commands(row[-1]) for row in tree.rows("README.es.md", "Los ejercicios")]
    if not english or english != spanish:
        yield "README.es.md: the exercises have other commands than in README.md"
    one, other = (re.findall(r"^ +(\w+->>\w+): (\S+)", tree.text(name), re.MULTILINE)
                  for name in ("README.md", "README.es.md"))
    if not one or one != other:
        yield "README.es.md: the conversation has other messages than in README.md"


def actions(tree):
    """The glossary explains each action of the log, and no other."""
    for module, heading in (("ProcessSupport", "Los dos programas"),
                            ("LotteryServer", "El servidor"), ("AgencyClient", "La agencia")):
        sources = "\n".join(tree.sources(f"Sources/{module}"))
        logged = set(re.findall(r'LogLine\(\s*"(\w+)"', sources))
        explained = {name for row in tree.rows("docs/glosario.md", heading)
                     for name in re.findall(r"^`(\w+)`$", row[0])}
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
    tests = "\n".join(tree.sources("Tests"))
    for number in sorted(tree.enumeration("MessageType")):
        if f"`0x{number:02X}`" not in protocol:
            yield f"PROTOCOL.md: no message of type 0x{number:02X}"
        if not re.search(rf"0x{number:02x}\b", dissector, re.IGNORECASE):
            yield f"scripts/lottery.lua: no message of type 0x{number:02X}"
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


def settings(tree):
    """Each setting stands in the configuration files and in the document, and no other."""
    document = {row[0].strip("`") for row in tree.rows("docs/operating.md", "The server")} - {"key"}
    server = set(re.findall(r'"((?:SERVER|LOGGING)_[A-Z_]+)"', "\n".join(
        tree.sources("Sources/LotteryServer"))))
    for name in sorted(document ^ server):
        yield f"docs/operating.md: {name} is in one of the table and the sources"
    for name in sorted(server):
        if not re.search(rf"^(#   )?{name} = ", tree.text("config/config.ini"), re.MULTILINE):
            yield f"config/config.ini: no {name}"
    rows = [[cell.strip("`") for cell in row]
            for row in tree.rows("docs/operating.md", "The agency")]
    agency = "\n".join(tree.sources("Sources/AgencyClient"))
    keys = set(sum(re.findall(
        r'Setting\(\s*"([a-z]+(?:\.\w+)?)"|"([a-z]+(?:\.\w+)?)",\s*"CLI_', agency), ())) - {""}
    for key in sorted({row[0] for row in rows if row[0] != "key"} ^ keys):
        yield f"docs/operating.md: {key} is in one of the table and the sources"
    for row in rows[1:]:
        if row[1] != f"CLI_{row[0].upper().replace('.', '_')}":
            yield f"docs/operating.md: {row[1]} is not the variable of {row[0]}"
    for key in sorted(keys):
        if not re.search(rf"^ *(# +)?{key.split('.')[-1]}: ", tree.text("config/config.yaml"),
                         re.MULTILINE):
            yield f"config/config.yaml: no {key}"


def value(expression, constants):
    """Returns the number of a constant's expression, or nil."""
    expression = re.sub(r"Duration\.(\w+)\(([\d_]+)\)|^\.(\w+)\(([\d_]+)\)$", lambda found: str(
        float(found[2] or found[4]) * DURATIONS[found[1] or found[3]]), expression)
    expression = re.sub(r"Int\(UInt16\.max\)", "65535", expression.replace("_", ""))
    expression = re.sub(r"(?:ProtocolLimits\.)?([a-z]\w*)",
                        lambda found: str(constants.get(found[1], found[1])), expression)
    bounds = re.split(r"\.\.\.", expression)
    if all(re.fullmatch(r"[\d.()*/<>+ -]+", bound) for bound in bounds):
        return tuple(eval(bound) for bound in bounds)  # Digits and operators only.
    return None


def stated(cell):
    """Returns the number or the range in a cell of a table of limits."""
    number = r"(\d+(?: \d{3})*(?:\.\d+)?)"
    found = re.match(rf"(?:within )?{number}(?: to {number})?(?: (\w+))?", cell)
    if not found:
        return None
    unit = UNITS.get(found[3] or "", 1)
    return tuple(float(text.replace(" ", "")) * unit for text in found.groups()[:2] if text)


def limits(tree):
    """The limits of the tables are those of the sources."""
    pattern = r"^ *(?:(?:public|package|private|fileprivate) )*(?:static )?(?:let|var) (\w+)" \
              r"(?:: [\w<>]+)? = (.*)$"
    declared = {}
    wire = "\n".join(tree.sources("Sources/LotteryProtocol/Wire"))
    body = re.search(r"enum ProtocolLimits \{(.*?)^\}", wire, re.DOTALL | re.MULTILINE)[1]
    for name, expression in re.findall(pattern, body, re.MULTILINE):
        numbers = value(expression, declared)
        declared[name] = numbers[0] if numbers and len(numbers) == 1 else numbers
    table = {row[0].strip("`"): row[1] for row in tree.rows("PROTOCOL.md", "Limits")}
    for name, number in declared.items():
        expected = number if isinstance(number, tuple) else (number,)
        if name not in table or stated(table[name]) != tuple(map(float, expected)):
            yield f"PROTOCOL.md: the limit {name} is {expected} in the sources"
    for row in tree.rows("docs/operating.md", "Limits")[1:]:
        for type_name, name in re.findall(r"`(\w+)\.([a-z]\w*)`", row[-1]):
            found = [value(text, declared) for body in re.findall(
                rf"^(?:[a-z]+ )*(?:struct|class|enum|extension|actor) {type_name}\b.*?^\}}",
                tree.swift, re.DOTALL | re.MULTILINE)
                for constant, text in re.findall(pattern, body, re.MULTILINE)
                if constant == name]
            if not found or found[0] is None or stated(row[1]) != tuple(map(float, found[0])):
                yield f"docs/operating.md: the limit {type_name}.{name} is {found} in the sources"


def toolchain(tree):
    """The manifest asks for the Swift that the documents name."""
    version = re.search(r"swift-tools-version: (\S+)", tree.text("Package.swift"))[1]
    for name in "README.md", "README.es.md", "docs/testing.md", ".github/CONTRIBUTING.md":
        for named in re.findall(r"Swift (\d[\d.]*\d)", tree.text(name)) or ["none"]:
            if named != version:
                yield f"{name}: Swift {named}, and the manifest asks for {version}"


CHECKS = (links, citations, types, targets, translation, actions, statuses, codes, settings, limits,
          toolchain)


def findings(top):
    """Returns what is wrong in the work tree at `top`, a line each."""
    tree = Tree(top)
    return [line for check in CHECKS for line in check(tree)]


if __name__ == "__main__":
    found = findings(Path(__file__).resolve().parents[1])
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    sys.exit(bool(found))
