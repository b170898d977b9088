"""Measures the lottery and its references, in turn. `make bench` runs it."""

import argparse
import json
import os
import platform
import resource
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import plots
import scenarios
from processes import Failure, kill_all
from course import ROOT
from programs import Bench

RESULTS = ROOT / "Benchmarks/results/bench.json"


def main():
    chosen = _options()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    raise_descriptor_limit()
    head = describe(chosen)
    reports = []
    try:
        with Bench(chosen.runs, "quick" if chosen.quick else "full", chosen.window) as bench:
            for name in chosen.only or scenarios.ALL:
                reports.append(scenarios.ALL[name](bench))
                print(reports[-1].text(), flush=True)
                write(chosen.out, head | {"data": bench.source}, reports)
    except Failure as failure:
        kill_all()
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        kill_all()
        sys.exit("bench: interrupted")
    if reason := plots.draw(reports, chosen.out.parent):
        print(reason)


def write(path, head, reports):
    """Writes the results. Called after each scenario, because later ones may fail."""
    path.parent.mkdir(parents=True, exist_ok=True)
    results = head | {"scenarios": [report.json() for report in reports]}
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def describe(chosen):
    """Returns the conditions of the measurement: machine, commit, runs, amount of data."""
    processors = [line.partition(": ")[2]
                  for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
                  if line.startswith("model name")]
    return {
        "machine": {
            "processor": processors[0] if processors else platform.machine(),
            "cores": os.cpu_count(),
            "memory": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
            "kernel": platform.release(),
            # Above 1, others used the machine too.
            "load": os.getloadavg()[0],
        },
        "commit": _git("rev-parse", "--short", "HEAD") + ("+" if _git("status", "-s") else ""),
        "date": date.today().isoformat(),
        "runs": chosen.runs,
        "quick": chosen.quick,
        "window": chosen.window,
    }


def raise_descriptor_limit():
    """A crowd needs a descriptor for each connection."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _git(*arguments):
    done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True)
    return done.stdout.strip()


def _options():
    parser = argparse.ArgumentParser(prog="bench", description="Measures the lottery.")
    parser.add_argument("only", nargs="*", metavar="SCENARIO",
                        help=f"all unless named: {', '.join(scenarios.ALL)}")
    parser.add_argument("--runs", type=int, default=5, help="of each scenario (5)")
    parser.add_argument("--quick", action="store_true", help="less data")
    parser.add_argument("--window", type=int, help="batches in flight, other than the default")
    parser.add_argument("--out", type=Path, default=RESULTS, help="file for the results, as JSON")
    chosen = parser.parse_args()
    if chosen.runs < 1:
        parser.error("--runs wants at least 1")
    for name in chosen.only:
        if name not in scenarios.ALL:
            parser.error(f"unknown scenario {name}: there are {', '.join(scenarios.ALL)}")
    return chosen


if __name__ == "__main__":
    main()
