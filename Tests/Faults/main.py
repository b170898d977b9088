"""The fault bench: lotteries of real processes on real data, under every fault that can occur.

Every round ends with the same checks: `bets.csv` holds each agency's bets once and in order,
every bet that was acknowledged is there, the winners are right, and every process that was not
killed on purpose ended well. `make faults` runs it.
"""

import argparse
import contextlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bets
import machine
import report
import scenarios
import shim
from processes import Failure, kill_all
from course import ROOT
from round import Bench, Round


def main():
    chosen = options(sys.argv[1:])
    seed = random.SystemRandom().randrange(10**6) if chosen.seed is None else chosen.seed
    print(f"seed {seed}", flush=True)
    machine.isolate_network()
    with cleaning_up("faults-") as directory:
        outcomes = run(prepare(directory, seed, build(), {}), chosen)
    return _tell(outcomes, chosen, seed)


@contextlib.contextmanager
def cleaning_up(prefix):
    """A directory for evidence. On every way out, all processes end, all file systems are
    unmounted, and only the evidence of failed rounds is left."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    directory = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield directory
    finally:
        kill_all()
        machine.unmount_all()
        _tidy(directory)


def build():
    """Builds the two programs, and returns their directory."""
    subprocess.run(["make", "--silent", "-C", ROOT, "build"], check=True, stdout=sys.stderr)
    return Path(ROOT, ".build", "release")


def prepare(directory, seed, programs, settings):
    """Prepares what all rounds need."""
    data, source = bets.unpack(directory / "agencies")
    can_mount = machine.SmallDisk.is_possible(directory / "mount")
    print(f"{data.count} bets of {len(data.by_agency)} agencies: {source}; no room: "
          + ("tmpfs and RLIMIT_FSIZE" if can_mount else "RLIMIT_FSIZE"), flush=True)
    return Bench(programs, directory, seed, data, shim.build(directory), can_mount, settings)


def run(bench, chosen):
    """Plays the rounds of the chosen scenarios, and returns what was found, by scenario."""
    end = time.monotonic() + chosen.minutes * 60
    outcomes = {}
    for scenario in map(scenarios.ALL.get, chosen.only or scenarios.ALL):
        start = time.monotonic()
        outcome = outcomes[scenario] = report.Outcome()
        for number in chosen.numbers:
            if time.monotonic() > end:
                outcome.problem(f"not within {chosen.minutes} minutes")
                break
            outcome.add(play(bench, scenario, number, chosen.case))
        print(f"{scenario.name}: {outcome.rounds} rounds, {len(outcome.problems)} problems, "
              f"{time.monotonic() - start:.1f} s", flush=True)
    return outcomes


def play(bench, scenario, number, case=None):
    """Plays one round, and keeps its evidence if something is wrong."""
    round = Round(bench, scenario.name, number, case)
    try:
        scenario.play(round)
    except Failure as failure:
        round.outcome.problem(str(failure))
    except (KeyboardInterrupt, SystemExit):
        # An interrupted round is no evidence.
        shutil.rmtree(round.directory, ignore_errors=True)
        raise
    if not round.outcome.problems:
        shutil.rmtree(round.directory, ignore_errors=True)
    else:
        print(f"{scenario.name}, round {number}: FAILED; see {round.directory}")
        for problem in round.outcome.problems:
            print(f"    {problem}")
        print(f"    again: make faults SEED={bench.seed} ONLY={scenario.name} ROUND={number}",
              flush=True)
    return round.outcome


def _tell(outcomes, chosen, seed):
    tables = [table for table in (report.table(outcomes), report.calls_table(outcomes)) if table]
    for table in tables:
        print(f"\n{report.text(table)}\n")
    if chosen.table:
        Path(chosen.table).write_text("\n".join(map(report.markdown, tables)), encoding="utf-8")
    wrong = sum(len(outcome.problems) for outcome in outcomes.values())
    print(f"seed {seed}: " + (f"{wrong} problems" if wrong else "nothing lost, nothing twice"))
    return 1 if wrong else 0


def _tidy(directory):
    """Leaves only the evidence of failed rounds."""
    for name in ("agencies", "mount", "sweep", shim.FILE):
        path = directory / name
        if not path.exists():
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if directory.exists() and not any(directory.iterdir()):
        directory.rmdir()


def options(arguments):
    """Parses the command line."""
    parser = argparse.ArgumentParser(description="Kills, cuts and fills up lotteries.")
    parser.add_argument("--rounds", type=int, default=100, help="rounds of each scenario (100)")
    parser.add_argument("--round", type=int, help="this round only, counted from 0")
    parser.add_argument("--case", help="this case of the scenario syscalls only")
    parser.add_argument("--seed", type=int, help="repeats the run of that seed")
    parser.add_argument("--only", nargs="+", choices=scenarios.ALL, metavar="SCENARIO",
                        help=", ".join(scenarios.ALL))
    parser.add_argument("--minutes", type=float, default=60, help="starts no round after that (60)")
    parser.add_argument("--table", help="file to write the table to, as Markdown")
    chosen = parser.parse_args(arguments)
    if chosen.case:
        chosen.only, chosen.round = ["syscalls"], 0
    chosen.numbers = range(chosen.rounds) if chosen.round is None else [chosen.round]
    return chosen


if __name__ == "__main__":
    sys.exit(main())
