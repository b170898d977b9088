"""What was measured, as tables: ratios to a reference of the same run, then absolute figures."""

import pandas

BEGIN = "<!-- figures: written by `make bench-publish` -->\n"
END = "<!-- end of the figures -->\n"
COLUMNS = ["scenario", "run", "figure", "value"]
# Scenario, figure, the figure that it is divided by if there is one, and the limit if there is one.
TARGETS = [
    ("real", "ours: time (ms)", "durable copier: time (ms)", 0.35),
    ("real", "ours: time (ms)", "copier without sync: time (ms)", 1.8),
    ("flood", "ours: CPU (ns a bet)", "copier: CPU (ns a bet)", 1.5),
    ("flood", "ours: time (ms)", "copier: time (ms)", 1.25),
    ("flood", "ours: own CPU (ns a bet)", "copier: CPU (ns a bet)", None),
    ("flood", "ours: kernel's CPU (ns a bet)", "copier: CPU (ns a bet)", None),
    ("crowd", "10000 ours: time (ms)", "10000 copier: time (ms)", 2.0),
    ("crowd", "10000 ours: CPU (µs a connection)", "10000 copier: CPU (µs a connection)", 2.2),
    ("crowd", "1000 ours: CPU (µs a connection)", "1000 copier: CPU (µs a connection)", None),
    ("fair", "ours beside the flood: p50 (ms)", "copier beside the flood: p50 (ms)", None),
    ("fair", "ours beside the flood: p99 (ms)", "copier beside the flood: p99 (ms)", 1.0),
    ("growth", "recovery (ms)", "read (ms)", 10),
    ("growth", "draw (ms)", "read (ms)", 3),
    ("start", "agency with one bet: CPU (ms)", "empty C program: CPU (ms)", 1.5),
    ("flood", "server memory (MB)", None, 22),
    ("crowd", "1000 server memory (MB)", None, 22),
    ("crowd", "1000 server threads", None, 16),
    ("crowd", "10000 server memory (MB)", None, 111),
]


def by_run(rows):
    """Returns a table with a row for each run and a column for each scenario's figure."""
    return rows.pivot(index="run", columns=["scenario", "figure"], values="value")


def ratios(rows, targets=TARGETS):
    """Returns the table of ratios, of each run, and of targets."""
    runs, table = by_run(rows), []
    for scenario, figure, reference, limit in targets:
        if not {(scenario, figure), (scenario, reference or figure)} <= {*runs.columns}:
            continue
        values = runs[scenario, figure]
        compared = values / runs[scenario, reference] if reference else values
        met = "met" if compared.median() <= (limit or 0) else "not met"
        table.append((f"{scenario}: {figure}", summary(values),
                      summary(compared) if reference else "",
                      f"× {reference.rpartition(' (')[0]}" if reference else "",
                      f"≤ {number(limit)}: {met}" if limit else ""))
    return pandas.DataFrame(
        table, columns=["figure", "median (min to max)", "ratio", "reference", "target"])


def text(rows):
    """Formats the ratios, and every figure that was measured, for a terminal."""
    all_figures = rows.groupby(["scenario", "figure"], sort=False).value.agg(summary)
    return f"{ratios(rows).to_string(index=False)}\n\n{all_figures.reset_index().to_string()}"


def publish(rows, head, document, plots):
    """Writes the ratios between the marks in a document, and the plots into a directory."""
    before, begin, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{document} has no place for the figures")
    table = ratios(rows)
    lines = [table.columns, ["---"] * table.columns.size, *table.values]
    markdown = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    document.write_text(f"{before}{BEGIN}{head}\n\n{markdown}{END}{after}", encoding="utf-8")
    draw(by_run(rows).median(), plots)


def draw(medians, directory):
    """Draws the bets a second of a flood, and the time of a crowd by its size."""
    import matplotlib
    matplotlib.use("svg")
    # Text stays text: the files are small, and change little.
    matplotlib.rcParams |= {"svg.hashsalt": "lottery", "svg.fonttype": "none"}
    names, plots = ("copier", "ours"), {}
    if "flood" in medians:
        rates = {name: medians["flood", f"{name}: rate (M bets/s)"] for name in names}
        plots["flood"] = pandas.Series(rates).plot.barh(
            title="Millions of bets a second, durable", figsize=(7, 2))
    if "crowd" in medians:
        sizes = sorted({int(name.split()[0]) for name in medians["crowd"].index})
        lines = {name: [medians["crowd", f"{size} {name}: time (ms)"] for size in sizes]
                 for name in names}
        plots["crowd"] = pandas.DataFrame(lines, index=sizes).plot(
            logx=True, logy=True, marker="o", figsize=(7, 3), xlabel="agencies", ylabel="ms",
            title="100,000 bets, durable")
    for name, axes in plots.items():
        axes.figure.tight_layout()
        axes.figure.savefig(directory / f"{name}.svg", metadata={"Date": None})


def summary(values):
    """Formats the median, the smallest and the largest value."""
    return f"{number(values.median())} ({number(values.min())} to {number(values.max())})"


def number(value):
    """Formats a number with three significant digits, and thousands set apart."""
    if value == round(value):
        return f"{value:,.0f}"
    size = abs(value)
    return f"{value:,.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"
