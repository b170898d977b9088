"""Figures, and their medians, ratios, targets, tables and JSON."""

import statistics
from dataclasses import asdict, dataclass, field


@dataclass
class Target:
    """A limit for a figure, or for its ratio to another one."""

    limit: float
    at_most: bool
    # The name of the figure that it is divided by; None for the figure itself.
    reference: str = None


@dataclass
class Figure:
    """A quantity that was measured once a run."""

    name: str
    unit: str
    values: list = field(default_factory=list)
    # The names of the figures that it is compared with.
    references: list = field(default_factory=list)
    targets: list = field(default_factory=list)


@dataclass
class Summary:
    """A summary of several runs of one measurement."""

    min: float
    median: float
    max: float

    @classmethod
    def of(cls, values):
        return cls(min(values), statistics.median(values), max(values))

    def text(self, unit=""):
        spread = f"({number(self.min)} to {number(self.max)})"
        return " ".join(filter(None, (number(self.median), unit, spread)))


@dataclass
class Plot:
    """A plot of figures of one unit: bars, or lines over a logarithmic axis."""

    title: str
    style: str
    # Pairs of a label and a figure's name. For lines, lists of them by the line's name.
    figures: list


class Report:
    """The figures of one scenario."""

    def __init__(self, name, title):
        self.name = name
        self.title = title
        self.figures = {}
        self.plot = None

    def record(self, name, value, unit):
        """Adds a run's value."""
        self.figures.setdefault(name, Figure(name, unit)).values.append(value)

    def compare(self, name, *references):
        """Compares a figure with others, run by run. Every run must have recorded all of them."""
        self.figures[name].references += references

    def aim(self, name, reference=None, *, at_most=None, at_least=None):
        """Sets a target for a figure, or for its ratio to a reference."""
        limit = at_least if at_most is None else at_most
        figure = self.figures[name]
        figure.targets.append(Target(limit, at_most is not None, reference))
        if reference and reference not in figure.references:
            figure.references.append(reference)

    def summary(self, name, reference=None):
        """Returns the summary of a figure, or of its ratios to a reference."""
        values = self.figures[name].values
        if reference:
            others = self.figures[reference].values
            values = [value / other for value, other in zip(values, others, strict=True)]
        return Summary.of(values)

    def is_met(self, name, target):
        """Returns whether the median meets the target."""
        median = self.summary(name, target.reference).median
        return median <= target.limit if target.at_most else median >= target.limit

    def targets(self):
        """Yields rows of figure, target, measured value, and whether the target is met."""
        for figure in self.figures.values():
            for target in figure.targets:
                goal = f"{'≤' if target.at_most else '≥'} {number(target.limit)} " + (
                    f"× {target.reference}" if target.reference else figure.unit)
                yield (figure.name, goal, self.summary(figure.name, target.reference).text(),
                       "met" if self.is_met(figure.name, target) else "not met")

    def comparisons(self, figure):
        """Returns the figure's ratios to its references, as texts."""
        return [f"{self.summary(figure.name, reference).text()} × {reference}"
                for reference in figure.references]

    def text(self):
        """Formats all figures, their ratios and the targets for a terminal."""
        rows = [("", "min", "median", "max", "", "")]
        for figure in self.figures.values():
            summary = self.summary(figure.name)
            rows.append((figure.name, number(summary.min), number(summary.median),
                         number(summary.max), figure.unit, "; ".join(self.comparisons(figure))))
        lines = [f"{self.name}: {self.title}", *_aligned(rows, right=(1, 2, 3))]
        if targets := list(self.targets()):
            lines += ["  targets:", *_aligned(targets)]
        return "\n".join(lines) + "\n"

    def markdown(self):
        """Yields table rows of the figures that have a reference or a target."""
        for figure in self.figures.values():
            targets = [f"{goal}: {met}" for name, goal, _, met in self.targets()
                       if name == figure.name]
            if figure.references or targets:
                cells = (f"{self.name}: {figure.name}", self.summary(figure.name).text(figure.unit),
                         "; ".join(self.comparisons(figure)), "; ".join(targets))
                yield "| " + " | ".join(cells) + " |"

    def json(self):
        """Returns what `from_json` takes, and the summaries for other readers."""
        return {
            "name": self.name, "title": self.title, "plot": self.plot and asdict(self.plot),
            "figures": [
                asdict(figure) | {
                    "summary": asdict(self.summary(figure.name)),
                    "ratios": {reference: asdict(self.summary(figure.name, reference))
                               for reference in figure.references},
                    "met": [self.is_met(figure.name, target) for target in figure.targets],
                } for figure in self.figures.values()]}

    @classmethod
    def from_json(cls, json):
        report = cls(json["name"], json["title"])
        report.plot = json["plot"] and Plot(**json["plot"])
        for figure in json["figures"]:
            report.figures[figure["name"]] = Figure(
                figure["name"], figure["unit"], figure["values"], figure["references"],
                [Target(**target) for target in figure["targets"]])
        return report


def number(value):
    """Formats a number with at least three significant digits, and thousands set apart."""
    if value == round(value):
        return f"{value:,.0f}"
    size = abs(value)
    return f"{value:,.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"


def _aligned(rows, right=()):
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        cells = (cell.rjust(width) if index in right else cell.ljust(width)
                 for index, (cell, width) in enumerate(zip(row, widths)))
        yield "  " + "  ".join(cells).rstrip()
