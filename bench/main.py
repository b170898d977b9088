"""Measures the lottery and its reference, in turn. `make bench` runs it."""

import argparse
import datetime
import os
import platform
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pandas

import figures
import scenarios
from lottery.processes import Failure, kill_all
from programs import ROOT, Bench

RESULTS = ROOT / "bench/results/bench.csv"


def main():
    chosen = _options()
    if chosen.publish:
        head = chosen.publish.with_suffix(".txt").read_text(encoding="utf-8")
        return figures.publish(pandas.read_csv(chosen.publish), head, ROOT / "bench/README.md",
                               ROOT / "docs/plots")
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    # A crowd needs a descriptor for each connection.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    measured, head = [], describe(chosen)
    try:
        with Bench(chosen.quick, chosen.window) as bench:
            for run in range(chosen.runs):
                for name in chosen.only or scenarios.ALL:
                    print(f"{name}: run {run + 1} of {chosen.runs}", file=sys.stderr, flush=True)
                    measured += [(name, run, figure, float(value))
                                 for figure, value in scenarios.ALL[name](bench)]
                    rows = pandas.DataFrame(measured, columns=figures.COLUMNS)
                    rows.to_csv(chosen.out, index=False)
    except (Failure, KeyboardInterrupt) as failure:
        kill_all()
        sys.exit(f"bench: {failure or 'interrupted'}")
    chosen.out.with_suffix(".txt").write_text(head, encoding="utf-8")
    print(f"{head}\n\n{figures.text(rows)}")


def describe(chosen):
    """Returns the conditions of the measurement in a line."""
    model = re.search("model name.*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    commit = _git("rev-parse", "--short", "HEAD") + ("+" if _git("status", "-s") else "")
    return (f"Commit {commit}, {datetime.date.today()}: {chosen.runs} runs"
            f"{' with less data' if chosen.quick else ''}, {os.cpu_count()} cores "
            f"({model[1] if model else platform.machine()}), "
            f"Linux {platform.release()}, load before {os.getloadavg()[0]:.1f}.")


def _git(*arguments):
    return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True,
                          text=True).stdout.strip()


def _options():
    parser = argparse.ArgumentParser(prog="bench", description="Measures the lottery.")
    parser.add_argument("only", nargs="*", metavar="SCENARIO",
                        help=f"all unless named: {', '.join(scenarios.ALL)}")
    parser.add_argument("--runs", type=int, default=5, help="of each scenario, in turn (5)")
    parser.add_argument("--quick", action="store_true", help="less data")
    parser.add_argument("--window", type=int, help="batches in flight, other than the default")
    parser.add_argument("--out", type=Path, default=RESULTS, help="file for all values, as CSV")
    parser.add_argument("--publish", type=Path, metavar="CSV", help="writes the ratios of a run "
                        "into bench/README.md and draws its plots")
    chosen = parser.parse_args()
    if unknown := set(chosen.only) - set(scenarios.ALL):
        parser.error(f"no scenario {', '.join(sorted(unknown))}")
    return chosen


if __name__ == "__main__":
    main()
