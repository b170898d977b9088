"""The merged log, as `docker compose logs` prints it."""

import re
from dataclasses import dataclass, field

# Compose clears the terminal's line before each line, even without a terminal.
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LOGGED = re.compile(r"(?P<source>[a-z]+[0-9]*) *\| (?P<text>.*)")
_ACTION = re.compile(r"\baction: (?P<action>\w+) \| result: (?P<result>\w+)(?: \| (?P<fields>.*))?")
_EXITED = re.compile(r"(?P<source>[a-z]+[0-9]*) exited with code (?P<code>[0-9]+)")


@dataclass(frozen=True)
class Line:
    """A line of the merged log: one that a container logged, or Compose's own of its exit."""

    text: str
    source: str = ""
    action: str = ""
    result: str = ""
    fields: dict = field(default_factory=dict)
    # The status that Compose reports if the container exited.
    exit_code: int | None = None

    @property
    def is_client(self):
        return self.source.startswith("client")


def parse(text):
    """Returns the line that Compose printed as `text`."""
    text = _ESCAPES.sub("", text).strip()
    if exited := _EXITED.fullmatch(text):
        return Line(text, exited["source"], exit_code=int(exited["code"]))
    if not (logged := _LOGGED.fullmatch(text)):
        return Line(text)
    if not (found := _ACTION.search(logged["text"])):
        return Line(text, logged["source"])
    pairs = [pair.partition(": ") for pair in (found["fields"] or "").split(" | ")]
    fields = {key: value for key, _, value in pairs if key}
    return Line(text, logged["source"], found["action"], found["result"], fields)


class MergedLog:
    """The lines of all containers in the order in which they were read."""

    def __init__(self, lines):
        self.lines = list(lines)

    def places(self, action, source=None, result="success", **fields):
        """Returns the places of an action, of one container ("server", "client2") or of all
        clients ("client")."""
        return [place for place, line in enumerate(self.lines)
                if line.action == action and line.result == result and _is_of(line, source)
                and all(line.fields.get(key) == value for key, value in fields.items())]

    def values(self, key, action, source=None):
        """Returns the values of a field in an action's lines, in their order."""
        return [self.lines[place].fields.get(key) for place in self.places(action, source)]

    def exits(self):
        """Returns the containers that exited, as Compose reports them, with their status."""
        return [(line.source, line.exit_code) for line in self.lines if line.exit_code is not None]

    def __str__(self):
        return "".join(f"{line.text}\n" for line in self.lines)


def _is_of(line, source):
    return source is None or line.source == source or source == "client" and line.is_client
