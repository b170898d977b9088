"""What graders do with the branches to hand in: `make graders` runs it.

Branch by branch, made by scripts/entrega.sh in a repository of its own: the images are built, the
compose file is generated for 1, 3 and 5 clients, the configuration edited, everything started, and
the merged log read line by line until the last client's exit. Every other round keeps all cores
busy. The names of containers are fixed: no other lottery can be up.
"""

import argparse
import collections
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import containers
import exercises
import handout
from containers import Failure

EXERCISES = range(1, 9)


def main():
    chosen = _options(sys.argv[1:])
    if not containers.engine_answers():
        sys.exit("Docker does not answer")
    if containers.lottery_is_up():
        sys.exit("a lottery is up already: make docker-compose-down")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    directory = Path(tempfile.mkdtemp(prefix="graders-"))
    repository, evidence = directory / "repository", directory / "logs"
    repository.mkdir()
    evidence.mkdir()
    project = containers.Project(
        repository, {"SERVER_WINNERS_DELAY": chosen.delay} if chosen.delay else {})
    print(f"seed {chosen.seed}", flush=True)
    try:
        handout.make(repository)
        failed = sum(_play(project, exercise, chosen, evidence) for exercise in chosen.exercises)
    finally:
        project.remove()
        shutil.rmtree(repository)
        if not any(evidence.iterdir()):
            shutil.rmtree(directory)
    if failed:
        print(f"seed {chosen.seed}: {failed} rounds failed; their logs are in {evidence}")
        return 1
    print(f"seed {chosen.seed}: all rounds passed")
    return 0


def _play(project, exercise, chosen, evidence):
    """Plays the rounds of an exercise, tells how it went, and returns how many failed."""
    exercises.build(project, exercise)
    numbers = range(chosen.rounds) if chosen.round is None else [chosen.round]
    found = collections.Counter()
    failed = 0
    for number in numbers:
        round = exercises.Round(exercise, number, chosen.seed, not chosen.no_load)
        try:
            log, problems = exercises.play(project, round)
        except Failure as failure:
            log, problems = "", {"docker": str(failure)}
        if problems:
            failed += 1
            found.update(problems.keys())
            (evidence / f"ej{exercise}-{number}.log").write_text(str(log), encoding="utf-8")
            print(f"{round}: FAILED", *(f"    {name}: {wrong}" for name, wrong in problems.items()),
                  sep="\n", flush=True)
    print(f"ej{exercise}: {len(numbers) - failed} of {len(numbers)} rounds passed",
          *(f"{count} × {name}" for name, count in found.most_common()), sep="; ", flush=True)
    return failed


def _options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20,
                        help="rounds of each exercise (20)")
    parser.add_argument("--exercises", type=int, nargs="+", default=EXERCISES, choices=EXERCISES,
                        help="these alone")
    parser.add_argument("--round", type=int, help="this round alone")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--no-load", action="store_true",
                        help="keep no core busy, on a machine that others use, too")
    parser.add_argument("--delay", help="another SERVER_WINNERS_DELAY than that of the branches")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
