"""Log lines: of one program, and of all containers as Compose merges them."""

import re
from dataclasses import dataclass, field

from lottery.processes import Failure

LISTENING = "action: accept_connections | result: in_progress"
# Compose clears the terminal's line before each line, even without a terminal.
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_MERGED = re.compile(r"(?P<source>[a-z]+[0-9]*) *\| (?P<text>.*)")
_EXITED = re.compile(r"(?P<source>[a-z]+[0-9]*) exited with code (?P<code>[0-9]+)")
_UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|µs|ms|s|m|h)")


@dataclass(frozen=True)
class Line:
    """A line that a program logged, or Compose's own of its exit."""

    text: str
    # The container, in a merged log.
    source: str = ""
    fields: dict = field(default_factory=dict)
    # The status that Compose reports if the container exited.
    exit_code: int | None = None

    @property
    def action(self):
        return self.fields.get("action", "")

    @property
    def result(self):
        return self.fields.get("result", "")


def parse(text):
    """Returns the line `[TIME LEVEL ]KEY: VALUE | KEY: VALUE …`."""
    return Line(text.strip(), fields=_fields(text))


def parse_merged(text):
    """Returns the line that Compose printed as `text`."""
    text = _ESCAPES.sub("", text).strip()
    if exited := _EXITED.fullmatch(text):
        return Line(text, exited["source"], exit_code=int(exited["code"]))
    if not (logged := _MERGED.fullmatch(text)):
        return Line(text)
    return Line(text, logged["source"], _fields(logged["text"]))


def _fields(text):
    pairs = (part.partition(": ") for part in text.strip().split(" | "))
    # The first key follows the time and the level.
    return {name.split()[-1]: value for name, separator, value in pairs
            if separator and name.strip()}


class Log:
    """Lines in the order in which they were read."""

    def __init__(self, lines):
        self.lines = list(lines)

    @staticmethod
    def of(text):
        """The log of one program."""
        return Log(map(parse, text.splitlines()))

    def places(self, action, source=None, result="success", **fields):
        """Returns the places of an action, of one container ("server", "client2"), of all clients
        ("client") or of any."""
        return [place for place, line in enumerate(self.lines)
                if line.action == action and line.result == result
                and source in (None, line.source, line.source.rstrip("0123456789"))
                and all(line.fields.get(key) == value for key, value in fields.items())]

    def values(self, key, action, source=None):
        """Returns the values of a field in an action's lines, in their order."""
        return [self.lines[place].fields.get(key) for place in self.places(action, source)]

    def exits(self):
        """Returns the containers that exited, as Compose reports them, with their status."""
        return [(line.source, line.exit_code) for line in self.lines if line.exit_code is not None]

    def __str__(self):
        return "".join(f"{line.text}\n" for line in self.lines)


def seconds(duration):
    """Returns the seconds in a duration as Go writes it: `1m2.5s`, `350ms`, `12.5µs`."""
    parts = _DURATION.findall(duration)
    if not parts or "".join(map("".join, parts)) != duration:
        raise Failure(f"no duration: {duration}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
