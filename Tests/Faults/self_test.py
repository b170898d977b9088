"""Tests the bench: faults that are put into the server must be found.

- With the syncs taken out of a copy of the server, a loss of power must cost bets that were
  acknowledged.
- With the check of offsets taken out of a copy of the server, bets must be stored in a wrong way
  when room runs out.
- With a copy of the server that cuts off all it found when it cannot sync it, the sweep must
  find files that have lost what was in them.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import machine
import main
from course import ROOT

ROUNDS = 10
SEED = 7574

# What is taken out of the server's sources, and what replaces it.
NO_SYNCS = {"try disk.synchronize(file)": "try disk.truncate(file, to: size)"}
NO_OFFSETS = {
    "guard batch.offset <= accepted else {": "guard true || batch.offset <= accepted else {",
    "let known = Int(min(accepted - batch.offset, UInt64(batch.count)))": "let known = 0",
}
NOTHING_SAFE = {
    "      safeSize = size\n    } catch {\n      file.close()\n":
        "      safeSize = 0\n    } catch {\n      file.close()\n",
}


def self_test(directory):
    """Returns what was not found."""
    missed = []
    programs = main.build()
    sources = directory / "mutant"
    outcome = _play(directory / "unsynced", _build_mutant(sources, programs, NO_SYNCS),
                    "power-loss")
    if not outcome.lost:
        missed.append("a server that does not sync loses nothing when the power fails")
    outcome = _play(directory / "unchecked", _build_mutant(sources, programs, NO_OFFSETS),
                    "no-room")
    if not outcome.problems:
        missed.append("a server that does not check offsets stores everything well")
    outcome = _play(directory / "unsafe", _build_mutant(sources, programs, NOTHING_SAFE),
                    "syscalls")
    if not any("has lost what was in it" in problem for problem in outcome.problems):
        missed.append("a server that cuts off what it cannot sync loses nothing")
    return missed


def _play(directory, programs, scenario):
    directory.mkdir()
    bench = main.prepare(directory, SEED, programs, {})
    print(f"{scenario} must fail now:", flush=True)
    options = main.options(["--rounds", str(ROUNDS), "--only", scenario])
    (outcome,) = main.run(bench, options).values()
    return outcome


def _build_mutant(directory, programs, mutations):
    """The server with other sources, built in `directory`, and the agency as it is."""
    directory.mkdir(exist_ok=True)
    shutil.copy(ROOT / "Package.swift", directory)
    for name in ("Sources", "Tests"):
        shutil.copytree(ROOT / name, directory / name, dirs_exist_ok=True)
    sources = {path: path.read_text(encoding="utf-8")
               for path in directory.glob("Sources/LotteryServer/**/*.swift")}
    for old, new in mutations.items():
        places = [path for path, source in sources.items() if old in source]
        if len(places) != 1:
            sys.exit(f"the mutation does not apply any more: {len(places)} times {old.strip()!r}")
        sources[places[0]] = sources[places[0]].replace(old, new)
        places[0].write_text(sources[places[0]], encoding="utf-8")
    command = ["swift", "build", "-c", "release", "--static-swift-stdlib", "--product",
               "lottery-server", "--package-path", directory]
    subprocess.run(command, check=True, stdout=sys.stderr)
    path = subprocess.run([*command, "--show-bin-path"], check=True, capture_output=True, text=True)
    mutant = Path(path.stdout.strip())
    shutil.copy(programs / "agency-client", mutant)
    return mutant


if __name__ == "__main__":
    machine.isolate_network()
    with main.cleaning_up("faults-self-test-") as where:
        unseen = self_test(where)
        shutil.rmtree(where)
    for text in unseen:
        print(f"MISSED: {text}")
    print(f"self-test: {'FAILED' if unseen else 'all faults of the server were found'}")
    sys.exit(1 if unseen else 0)
