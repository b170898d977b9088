"""What was measured, as tables: ratios to a reference of the same run, then absolute figures."""

from dataclasses import dataclass
from pathlib import Path

import pandas

BEGIN = "<!-- figures: written by `make bench-publish` -->\n"
END = "<!-- end of the figures -->\n"


@dataclass
class Target:
    """A limit for a figure, or for its ratio to a reference."""

    scenario: str
    figure: str
    reference: str | None
    limit: float | None = None


TARGETS = [
    Target("real", "ours: time (ms)", "durable copier: time (ms)", 0.35),
    Target("real", "ours: time (ms)", "copier without sync: time (ms)", 1.8),
    Target("flood", "ours: CPU (ns a bet)", "copier: CPU (ns a bet)", 1.5),
    Target("flood", "ours: time (ms)", "copier: time (ms)", 1.25),
    Target("flood", "ours: own CPU (ns a bet)", "copier: CPU (ns a bet)"),
    Target("flood", "ours: kernel's CPU (ns a bet)", "copier: CPU (ns a bet)"),
    Target("crowd", "10000 ours: time (ms)", "10000 copier: time (ms)", 2.0),
    Target("crowd", "10000 ours: CPU (µs a connection)", "10000 copier: CPU (µs a connection)",
           2.2),
    Target("crowd", "1000 ours: CPU (µs a connection)", "1000 copier: CPU (µs a connection)"),
    Target("fair", "ours beside the flood: p50 (ms)", "copier beside the flood: p50 (ms)"),
    Target("fair", "ours beside the flood: p99 (ms)", "copier beside the flood: p99 (ms)", 1.0),
    Target("growth", "recovery (ms)", "read (ms)", 10),
    Target("growth", "draw (ms)", "read (ms)", 3),
    Target("start", "agency with one bet: CPU (ms)", "empty C program: CPU (ms)", 1.5),
    Target("flood", "server memory (MB)", None, 22),
    Target("crowd", "1000 server memory (MB)", None, 22),
    Target("crowd", "1000 server threads", None, 16),
    Target("crowd", "10000 server memory (MB)", None, 111),
]


class Figures:
    """A row for each figure of each run."""

    COLUMNS = ("scenario", "run", "figure", "value")

    def __init__(self, rows=()):
        self.rows = list(rows)

    def record(self, scenario, run, figure, value):
        self.rows.append((scenario, run, figure, float(value)))

    @classmethod
    def read(cls, path):
        return cls(pandas.read_csv(path).itertuples(index=False, name=None))

    def write(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._frame().to_csv(path, index=False)

    def _frame(self):
        return pandas.DataFrame(self.rows, columns=self.COLUMNS)

    def runs(self, scenario):
        """Returns a table with a row for each run and a column for each figure."""
        rows = self._frame().query("scenario == @scenario")
        return rows.pivot(index="run", columns="figure", values="value")

    def ratios(self):
        """Yields scenario, figure, reference, the values of all runs, and the target."""
        for target in TARGETS:
            runs = self.runs(target.scenario)
            if target.figure not in runs or target.reference not in (None, *runs):
                continue
            values = runs[target.figure]
            yield target, values / runs[target.reference] if target.reference else values

    def ratio_rows(self):
        """Yields the table of ratios and targets."""
        for target, values in self.ratios():
            limit = "" if target.limit is None else f"≤ {number(target.limit)}"
            met = limit and ("met" if values.median() <= target.limit else "not met")
            reference = f"× {target.reference.rpartition(' (')[0]}" if target.reference else ""
            yield (f"{target.scenario}: {target.figure}", summary(values), reference, limit, met)

    def absolute_rows(self):
        """Yields every figure that was measured."""
        for scenario in dict.fromkeys(row[0] for row in self.rows):
            runs = self.runs(scenario)
            for figure in dict.fromkeys(row[2] for row in self.rows if row[0] == scenario):
                yield f"{scenario}: {figure}", summary(runs[figure])

    def text(self):
        """Formats all tables for a terminal."""
        return "\n\n".join(pandas.DataFrame(rows, columns=columns).to_string(index=False)
                           for rows, columns in self._tables())

    def markdown(self):
        """Formats all tables for a document."""
        lines = []
        for rows, columns in self._tables():
            lines += [_row(columns), _row("---" for _ in columns), *map(_row, rows), ""]
        return "\n".join(lines)

    def _tables(self):
        yield list(self.ratio_rows()), ("ratio", "median (min to max)", "reference", "target", "")
        yield list(self.absolute_rows()), ("figure", "median (min to max)")


def publish(figures, head, document, plots):
    """Writes the tables between the marks in a document, and the plots into a directory."""
    before, begin, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{document} has no place for the figures")
    document.write_text(f"{before}{BEGIN}{head}\n\n{figures.markdown()}{END}{after}",
                        encoding="utf-8")
    draw(figures, plots)


def draw(figures, directory: Path):
    """Draws the bets a second of a flood, and the time of a crowd by its size."""
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "lottery"
    from matplotlib import pyplot
    flood, crowd = figures.runs("flood"), figures.runs("crowd")
    if not flood.empty:
        rates = {name: flood[f"{name}: rate (M bets/s)"].median() for name in ("copier", "ours")}
        axes = pandas.Series(rates).plot.barh(title="Millions of bets a second, durable",
                                              figsize=(7, 2))
        _save(axes, directory / "flood.svg", pyplot)
    if not crowd.empty:
        sizes = sorted({int(name.split()[0]) for name in crowd if name.split()[0].isdigit()})
        lines = {name: [crowd[f"{size} {name}: time (ms)"].median() for size in sizes]
                 for name in ("copier", "ours")}
        axes = pandas.DataFrame(lines, index=sizes).plot(
            logx=True, logy=True, marker="o", figsize=(7, 3), xlabel="agencies", ylabel="ms",
            title="100,000 bets, durable")
        _save(axes, directory / "crowd.svg", pyplot)


def _save(axes, path, pyplot):
    path.parent.mkdir(parents=True, exist_ok=True)
    axes.figure.tight_layout()
    axes.figure.savefig(path, metadata={"Date": None})
    pyplot.close(axes.figure)


def _row(cells):
    return "| " + " | ".join(cells) + " |"


def summary(values):
    """Formats the median, the smallest and the largest value."""
    return f"{number(values.median())} ({number(values.min())} to {number(values.max())})"


def number(value):
    """Formats a number with three significant digits, and thousands set apart."""
    if value == round(value):
        return f"{value:,.0f}"
    size = abs(value)
    return f"{value:,.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"
