"""What rounds have played, as tables."""

from collections import Counter


class Tally(Counter):
    """Counts by name. A name that begins with "longest" is a maximum."""

    def add(self, other):
        """Adds what another one has counted."""
        for name, value in other.items():
            self[name] = max(self[name], value) if name.startswith("longest") else (
                self[name] + value)


def table(heading, tallies):
    """Returns a table in Markdown: a row for each tally by name, and their sum."""
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    rows = [(heading, *total), ("---", *["--:"] * len(total))]
    for name, tally in (tallies | {"all": total}).items():
        rows.append((name, *(f"{tally[key]:,.0f}" for key in total)))
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "".join(f"| {' | '.join(map(str.rjust, row, widths))} |\n" for row in rows)
