"""Tests the bench: faults that are put into a copy of the server must be found."""

import shutil
import subprocess
import sys

import pytest

from lottery import programs
from lottery.programs import ROOT

SEED = 7574

# What is taken out of the server's sources, and what replaces it; the test that must fail, and what
# it must find.
MUTANTS = {
    "no syncs": ({"try disk.synchronize(file)": "try disk.truncate(file, to: contents.size)"},
                 "power_loss", "bets acknowledged, not on the disk"),
    "no check of offsets": (
        {"guard batch.offset <= accepted else {": "guard true || batch.offset <= accepted else {",
         "let known = Int(min(accepted - batch.offset, UInt64(batch.count)))": "let known = 0"},
        "no_room", "Failure"),
    "cuts off what it cannot sync": (
        {"Contents(size: size, safeSize: size)": "Contents(size: size, safeSize: 0)"},
        "syscalls", "has lost what was in it"),
}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_found(name, where, tmp_path_factory, tmp_path):
    changes, test, finding = MUTANTS[name]
    mutant = tmp_path / "programs"
    shutil.copytree(_build(tmp_path_factory.getbasetemp().parent / "mutant", changes), mutant)
    shutil.copy(where / "agency-client", mutant)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", ROOT / "checks/pytest.ini", ROOT / "checks/faults",
         "-k", test, "--rounds", "10", "--seed", str(SEED), "--programs", mutant,
         "--basetemp", tmp_path / "rounds"], capture_output=True, text=True)
    assert done.returncode == 1, done.stdout
    assert finding in done.stdout


def _build(package, changes):
    """Builds a server with other sources. The next one is built in the same place."""
    package.mkdir(exist_ok=True)
    shutil.copy(ROOT / "Package.swift", package)
    for name in ("Sources", "Tests"):
        shutil.copytree(ROOT / name, package / name, dirs_exist_ok=True)
    for old, new in changes.items():
        places = [path for path in package.glob("Sources/LotteryServer/**/*.swift")
                  if old in path.read_text(encoding="utf-8")]
        assert len(places) == 1, f"the change does not apply any more: {old.strip()!r}"
        text = places[0].read_text(encoding="utf-8")
        places[0].write_text(text.replace(old, new), encoding="utf-8")
    built = programs.build(package, package / ".build", ["lottery-server"])
    only = package / "built"
    only.mkdir(exist_ok=True)
    shutil.copy(built / "lottery-server", only)
    return only
