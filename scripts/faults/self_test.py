"""The bench is tested itself: what is broken on purpose must be found.

- Without syncs (`SERVER_DURABILITY=process`) a loss of power must cost bets that were acknowledged.
- With the check of offsets taken out of a copy of the server, bets must be stored in a wrong way
  where room runs out.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import bets
import main

ROUNDS = 10
SEED = 7574

SESSION = "Sources/LotteryServer/Session/AgencySession.swift"
# What is taken out, and what stands there instead.
CHECK = "    guard batch.offset <= accepted else {\n"
NO_CHECK = "    guard true || batch.offset <= accepted else {\n"
KNOWN = "    let known = Int(min(accepted - batch.offset, UInt64(batch.count)))\n"
NONE_KNOWN = "    let known = 0\n"


def self_test(directory):
    """Returns what was not found."""
    missed = []
    programs = main.build()
    outcome = _play(directory / "unsynced", programs, "power-loss",
                    {"SERVER_DURABILITY": "process"})
    if not outcome.lost:
        missed.append("a server that does not sync loses nothing when the power fails")
    outcome = _play(directory / "unchecked", _build_mutant(directory / "mutant", programs),
                    "no-room", {})
    if not outcome.problems:
        missed.append("a server that does not check offsets stores everything well")
    return missed


def _play(directory, programs, scenario, settings):
    directory.mkdir()
    bench = main.prepare(directory, SEED, programs, settings)
    print(f"{scenario} must fail now:")
    options = main.options(["--rounds", str(ROUNDS), "--only", scenario])
    (outcome,) = main.run(bench, options).values()
    return outcome


def _build_mutant(directory, programs):
    """The server without the check of offsets, and the agency as it is."""
    directory.mkdir()
    shutil.copy(bets.ROOT / "Package.swift", directory)
    for name in ("Sources", "Tests"):
        shutil.copytree(bets.ROOT / name, directory / name)
    session = directory / SESSION
    source = session.read_text(encoding="utf-8")
    for old, new in ((CHECK, NO_CHECK), (KNOWN, NONE_KNOWN)):
        if source.count(old) != 1:
            sys.exit(f"{SESSION}: the mutation does not apply any more: no {old.strip()!r}")
        source = source.replace(old, new)
    session.write_text(source, encoding="utf-8")
    command = ["swift", "build", "-c", "release", "--product", "lottery-server",
               "--package-path", directory]
    subprocess.run(command, check=True, stdout=sys.stderr)
    path = subprocess.run([*command, "--show-bin-path"], check=True, capture_output=True, text=True)
    mutant = Path(path.stdout.strip())
    shutil.copy(programs / "agency-client", mutant)
    return mutant


if __name__ == "__main__":
    with main.cleaning_up("faults-self-test-") as where:
        unseen = self_test(where)
        shutil.rmtree(where)
    for text in unseen:
        print(f"MISSED: {text}")
    print(f"self-test: {'FAILED' if unseen else 'both faults of the server were found'}")
    sys.exit(1 if unseen else 0)
