"""Plots of figures, by matplotlib, which nothing else needs."""

import importlib.util

from figures import number


def is_possible():
    return importlib.util.find_spec("matplotlib") is not None


def draw(reports, directory):
    """Draws the plots of the reports into `directory`, as NAME.svg. Returns the reason if it draws
    none."""
    if not is_possible():
        return "matplotlib is not installed: no plot is drawn"
    for report in reports:
        if report.plot:
            _draw(report, directory / f"{report.name}.svg")
    return None


def _draw(report, path):
    from matplotlib import pyplot

    # The same figures give the same file.
    pyplot.rcParams.update({"svg.hashsalt": report.name, "svg.fonttype": "none"})
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    axes.set_title(report.plot.title, fontsize="medium")
    (_draw_bars if report.plot.style == "bars" else _draw_lines)(report, axes)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


# The medians, and thin lines from the smallest to the largest value.
def _series(report, figures):
    labels, names = zip(*figures)
    summaries = [report.summary(name) for name in names]
    medians = [summary.median for summary in summaries]
    errors = [[summary.median - summary.min for summary in summaries],
              [summary.max - summary.median for summary in summaries]]
    return labels, medians, errors, report.figures[names[0]].unit


def _draw_bars(report, axes):
    labels, medians, errors, unit = _series(report, report.plot.figures)
    places = range(len(labels))
    bars = axes.bar(places, medians, 0.5, yerr=errors, capsize=4,
                    color=[f"C{place}" for place in places])
    axes.bar_label(bars, [number(median) for median in medians], padding=4)
    axes.set_xticks(places, [label.replace(", ", "\n") for label in labels])
    axes.set_ylabel(unit)


def _draw_lines(report, axes):
    for label, figures in report.plot.figures:
        amounts, medians, errors, unit = _series(report, figures)
        axes.errorbar(amounts, medians, errors, marker="o", capsize=4, label=label)
        axes.set_ylabel(unit)
    axes.set_xscale("log")
    axes.set_xticks(amounts, [number(amount) for amount in amounts])
    axes.legend()
