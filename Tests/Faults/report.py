"""What the rounds found, as a table."""

from dataclasses import dataclass, field

from sweep.calls import CALLS

HEADINGS = ("Scenario", "What happens", "Rounds", "Faults", "Bets", "Lost", "Twice",
            "Wrong winners", "Longest recovery")
CALL_HEADINGS = ("Call", "What comes of it", "Runs", "Faults found")


@dataclass
class Outcome:
    """What was found in some rounds of a scenario."""

    rounds: int = 0
    faults: int = 0
    # Bets of the lotteries that came to their end.
    bets: int = 0
    lost: int = 0
    twice: int = 0
    # Agencies that were told a wrong number of winners.
    wrong_winners: int = 0
    # Seconds from the start of a server to its listening, the longest.
    recovery: float = 0
    problems: list = field(default_factory=list)
    # By call: the runs in which it failed, and how many of them have problems.
    calls: dict = field(default_factory=dict)

    def problem(self, text):
        self.problems.append(text)

    def note_recovery(self, seconds):
        self.recovery = max(self.recovery, seconds)

    def add(self, other):
        """Adds the outcome of further rounds."""
        for name in ("rounds", "faults", "bets", "lost", "twice", "wrong_winners"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.note_recovery(other.recovery)
        self.problems += other.problems
        for call, numbers in other.calls.items():
            known = self.calls.get(call, (0, 0))
            self.calls[call] = tuple(map(sum, zip(known, numbers)))

    def note_call(self, call):
        """Notes a run in which that call failed."""
        self.calls[call] = (1, int(bool(self.problems)))


def table(outcomes):
    """Returns the table of the outcomes by scenario. The last row is their sum."""
    total = Outcome()
    rows = []
    for scenario, outcome in outcomes.items():
        total.add(outcome)
        rows.append(_row(scenario.name, scenario.description, outcome))
    return [HEADINGS, *rows, _row("all", "", total)]


def calls_table(outcomes):
    """Returns the table of the calls that failed, or None if there are none."""
    total = Outcome()
    for outcome in outcomes.values():
        total.add(outcome)
    if not total.calls:
        return None
    rows = [(name, call.effect, *map("{:,}".format, total.calls[name]))
            for name, call in CALLS.items() if name in total.calls]
    sums = map(sum, zip(*total.calls.values()))
    return [CALL_HEADINGS, *rows, ("all", "", *map("{:,}".format, sums))]


def text(table):
    """Formats a table for a terminal, without its second column."""
    lines = [(line[0], *line[2:]) for line in table]
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0])]
                  + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])])
        for line in lines)


def markdown(table):
    """Formats a table as Markdown."""
    headings, *rows = table
    lines = [headings, ("---", "---") + ("--:",) * (len(headings) - 2), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _row(name, description, outcome):
    numbers = (outcome.rounds, outcome.faults, outcome.bets, outcome.lost, outcome.twice,
               outcome.wrong_winners)
    recovery = f"{outcome.recovery * 1000:.0f} ms" if outcome.recovery else "–"
    return (name, description, *(f"{number:,}" for number in numbers), recovery)
