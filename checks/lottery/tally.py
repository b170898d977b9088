"""What rounds have played, as tables."""

from collections import Counter


class Tally(Counter):
    """Counts by name. A name that begins with "longest" is a maximum."""

    def note_longest(self, name, value):
        self[name] = max(self[name], value)

    def add(self, other):
        """Adds what another one has counted."""
        for name, value in other.items():
            self[name] = max(self[name], value) if name.startswith("longest") else (
                self[name] + value)


def table(heading, tallies):
    """Returns the lines of a table: a row for each tally by name, and their sum."""
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    rows = [(heading, *total), *((name, *(_number(tally[key]) for key in total))
                                 for name, tally in (tallies | {"all": total}).items())]
    return rows


def text(rows):
    """Formats a table for a terminal."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join([row[0].ljust(widths[0])] + [
        cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]) for row in rows)


def markdown(rows):
    """Formats a table as Markdown."""
    lines = [rows[0], ("---",) + ("--:",) * (len(rows[0]) - 1), *rows[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _number(value):
    return f"{value:,.0f}"
