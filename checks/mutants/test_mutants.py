"""A test for each mutant of the ledger: its module's tests and one from outside must catch it."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mutants.ledger import CHECKS, LEDGER, SIMULATION

ROOT = Path(__file__).resolve().parents[2]
# Kept between runs, so that only what a mutant changes is built.
HOUSE = ROOT / ".build" / "mutants"
# The targets that test modules.
MODULES = "(Protocol|Support|Server|Client|Fuzz)Tests"
# A lottery that hangs has been caught.
CATCHER_LIMIT = 180
# Of the random choices in what is tested from outside.
SEED = "7574"


class House:
    """A copy of the repository that mutants live in."""

    def __init__(self):
        tops = ("Sources", "Tests", "config", "scripts/lib")
        wanted = {path.relative_to(ROOT): path.read_bytes() for top in tops
                  for path in (ROOT / top).rglob("*") if path.is_file()}
        wanted[Path("Package.swift")] = (ROOT / "Package.swift").read_bytes()
        for path in (*HOUSE.glob("Sources/**/*"), *HOUSE.glob("Tests/**/*")):
            if path.is_file() and path.relative_to(HOUSE) not in wanted:
                path.unlink()
        for name, content in wanted.items():
            # What has not changed need not be built again.
            if not (HOUSE / name).is_file() or (HOUSE / name).read_bytes() != content:
                (HOUSE / name).parent.mkdir(parents=True, exist_ok=True)
                (HOUSE / name).write_bytes(content)

    def build(self):
        """Builds everything, and returns whether that worked, and what the compiler said."""
        built = subprocess.run(
            ["swift", "build", "--build-tests", "--package-path", HOUSE],
            capture_output=True, text=True)
        return built.returncode == 0, built.stdout[-4000:]

    def passes(self, catcher, seeds=2000):
        """Runs tests, and returns whether all passed, and what they said."""
        command = ["swift", "test", "--skip-build", "--package-path", HOUSE, "--filter", catcher]
        if catcher.startswith(CHECKS):
            command = [sys.executable, "-m", "pytest", "-c", "checks/pytest.ini", "--seed", SEED,
                       "--programs", HOUSE / ".build/debug", *shlex.split(catcher)]
        tests = subprocess.Popen(
            command, env=os.environ | {"SEEDS": str(seeds)}, text=True, start_new_session=True,
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output, _ = tests.communicate(timeout=CATCHER_LIMIT)
        except subprocess.TimeoutExpired:
            _kill_session(tests.pid)
            tests.communicate()
            return False, "hung"
        # A catcher that cannot run catches nothing.
        assert tests.returncode in (0, 1), output[-4000:]
        return tests.returncode == 0, output[-4000:]

    @contextlib.contextmanager
    def with_mutant(self, mutant):
        """Puts a mutant in, and gives the targets that test the modules which it changes."""
        sources = {path: path.read_text(encoding="utf-8")
                   for path in HOUSE.glob("Sources/**/*.swift")}
        changed = {path: source for path, source in sources.items() if mutant.old in source}
        found = sum(source.count(mutant.old) for source in changed.values())
        assert found == mutant.places, f"does not apply any more: its line is there {found} times"
        for path, source in changed.items():
            path.write_text(source.replace(mutant.old, mutant.new), encoding="utf-8")
        try:
            modules = {path.relative_to(HOUSE).parts[1] for path in changed}
            yield "|".join(["FuzzTests", *(f"{module}Tests" for module in sorted(modules))])
        finally:
            for path, source in changed.items():
                path.write_text(source, encoding="utf-8")


def _kill_session(session):
    """Kills the processes of a session: `swift test` puts its tests into a group of their own."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # After the name, which may hold anything.
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[3]) == session:
                os.kill(int(path.parent.name), signal.SIGKILL)


@pytest.fixture(scope="module")
def house():
    if not shutil.which("swift"):
        pytest.skip("needs swift")
    return House()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("catcher", [MODULES, *sorted({one.outside for one in LEDGER})])
def test_nothing_is_caught_without_a_mutant(house, catcher):
    is_built, output = house.build()
    assert is_built, output
    passed, output = house.passes(catcher)
    assert passed, output


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mutant", LEDGER, ids=lambda mutant: mutant.name.replace(" ", "-") + (
    "-by-faults" if mutant.outside.startswith(CHECKS) else ""))
def test_caught(house, mutant):
    with house.with_mutant(mutant) as module:
        is_built, output = house.build()
        # What the compiler catches is no mutant.
        assert is_built, output
        catchers = [module, mutant.outside] if mutant.in_module else [mutant.outside]
        passed = [one for one in catchers if house.passes(one, mutant.seeds)[0]]
    assert not passed, f"not caught by {' and '.join(passed)}"


def test_the_ledger_is_large_enough():
    assert len(LEDGER) >= 30
    assert sum(mutant.outside == SIMULATION for mutant in LEDGER) >= 15
