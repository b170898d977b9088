"""What was found, as a table."""

from dataclasses import dataclass, field

HEADINGS = ("Scenario", "What happens", "Rounds", "Faults", "Bets", "Lost", "Twice",
            "Wrong winners", "Longest recovery")


@dataclass
class Outcome:
    """What was found in some rounds of a scenario."""

    rounds: int = 0
    faults: int = 0
    # Bets of the lotteries that came to their end.
    bets: int = 0
    lost: int = 0
    twice: int = 0
    # Agencies that were told another number of winners than they have.
    wrong_winners: int = 0
    # Seconds from the start of a server to its listening, the longest.
    recovery: float = 0
    problems: list = field(default_factory=list)

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


def rows(outcomes):
    """The rows of the table, the last one being the sum; `outcomes` by scenario."""
    total = Outcome()
    table = []
    for scenario, outcome in outcomes.items():
        total.add(outcome)
        table.append(_row(scenario.name, scenario.description, outcome))
    return table + [_row("all", "", total)]


def text(table):
    """The table for a terminal, without what happens."""
    lines = [HEADINGS, *table]
    lines = [(line[0], *line[2:]) for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0])]
                  + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])])
        for line in lines)


def markdown(table):
    """The table for a document."""
    lines = [HEADINGS, ("---", "---") + ("--:",) * (len(HEADINGS) - 2), *table]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _row(name, description, outcome):
    numbers = (outcome.rounds, outcome.faults, outcome.bets, outcome.lost, outcome.twice,
               outcome.wrong_winners)
    recovery = f"{outcome.recovery * 1000:.0f} ms" if outcome.recovery else "–"
    return (name, description, *(f"{number:,}" for number in numbers), recovery)
