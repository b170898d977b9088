"""Writes the results of a run into the documents: the table into Benchmarks/README.md, and the
plots that docs/plots has already. `make bench-publish` runs it."""

import json
import sys
from pathlib import Path

import plots
from course import ROOT
from figures import Report
from processes import Failure

README = ROOT / "Benchmarks/README.md"
PLOTS = ROOT / "docs/plots"
BEGIN = "<!-- figures: written by `make bench-publish` -->\n"
END = "<!-- end of the figures -->\n"


def publish(results, readme, directory):
    """Writes the table and draws the plots. Returns the reason if no plot can be drawn."""
    reports = [Report.from_json(scenario) for scenario in results["scenarios"]]
    text = readme.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise Failure(f"{readme} has no place for figures")
    before, rest = text.split(BEGIN)
    readme.write_text(before + BEGIN + table(results, reports) + END + rest.split(END)[1],
                      encoding="utf-8")
    shown = [report for report in reports if (directory / f"{report.name}.svg").exists()]
    return plots.draw(shown, directory)


def table(results, reports):
    """Returns the table, after the conditions of the measurement."""
    machine = results["machine"]
    amount = "less data (`QUICK=1`), a smoke test" if results["quick"] else "all data"
    amount += f", bets of {results['data']}"
    if results["window"]:
        amount += f", window {results['window']}"
    load = f"a load of {machine['load']:.1f} before"
    if machine["load"] > 1:
        load += ": others used the machine, and times are a smoke test"
    lines = [
        f"Commit {results['commit']}, {results['date']}: {results['runs']} runs, {amount}, on "
        f"{machine['cores']} cores ({machine['processor']}, {machine['memory'] / 2**30:.0f} GiB, "
        f"Linux {machine['kernel']}) with {load}. Medians, and from the smallest to the largest "
        "value of all runs.", "",
        "| figure | measured | × reference | target |", "|---|---|---|---|"]
    for report in reports:
        lines += report.markdown()
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    source = Path(sys.argv[1])
    if reason := publish(json.loads(source.read_text(encoding="utf-8")), README, PLOTS):
        print(reason)
