"""All cases of the sweep, and slices of them."""

import itertools
import shutil
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from faults.sweep import calls
from faults.sweep.runs import SITUATIONS, Case
from lottery.bets import WINNING_NUMBER, Bets
from lottery.processes import Failure

AGENCIES, ROWS = 2, 6
# In a lottery that has begun: the first agency's stored bets, and bytes of its next one.
STORED, TORN = 2, 17
KEY = b"open sesame"
# Runs at once: most of the time they wait.
WORKERS = 3


class Sweep:
    """All cases. A lottery in which nothing fails shows which calls there are."""

    def __init__(self, where, library, bets, directory, seed):
        self.where, self.library, self.directory, self.seed = where, library, directory, seed
        # Whether other programs keep the cores busy.
        self.is_busy = False
        self.bets = self._make_bets(bets)
        self.key = self._write("key", KEY)
        keys = b"".join(b"%d:%s\n" % (agency, KEY) for agency in self.bets.by_agency)
        self.server_settings = {
            "SERVER_AGENCY_KEYS": str(self._write("keys", keys)), "SERVER_TIMEOUT": "5s",
            "LOGGING_LEVEL": "DEBUG", "SWIFT_BACKTRACE": "enable=no"}
        self.server_config = self._write("config.ini", b"[DEFAULT]\n")
        self.agency_config = self._write("config.yaml", b"mode: lottery\n")
        self.begun = self._begin()
        self.counts = {name: self._count(name) for name in SITUATIONS}

    def slice(self, ways, number, slices):
        """Returns one of so many slices of all cases."""
        return [case for case in self._cases() if case.way in ways
                and zlib.crc32(f"{self.seed}/{case}".encode()) % slices == number % slices]

    def play(self, cases, directory):
        """Plays cases. Returns those in which a call failed, each with what was found, or None."""
        with ThreadPoolExecutor(WORKERS) as workers:
            played = workers.map(lambda case: self._play_case(case, directory), cases)
        return [(case, problem) for case, (problem, failed) in zip(cases, played)
                if problem or failed]

    def _play_case(self, case, directory):
        """Plays one case. Returns what was found, and whether the call was made at all."""
        directory = directory / str(case)
        run = SITUATIONS[case.situation](self, case, directory)
        problem = None
        try:
            run.play()
        except Failure as failure:
            problem = f"{case}: {failure}"
        finally:
            run.lottery.kill_all()
        if not problem:
            shutil.rmtree(directory)
        return problem, run.hits > 0

    def _cases(self):
        """Yields all cases. A call may be made once more than it was counted."""
        for name, counts in self.counts.items():
            for call, count in counts.items():
                for (fault, way), number in itertools.product(
                        calls.faults(SITUATIONS[name], call), range(1, count + 2)):
                    # The first lookup takes numbers only, and asks no server.
                    if (call, way, number) != ("getaddrinfo", "limit", 1):
                        yield Case(name, call, fault, way, number)

    def _count(self, name):
        """Returns how often each call is made in a situation."""
        run = SITUATIONS[name](self, Case(name), self.directory / f"count-{name}")
        run.play()
        counts = run.watches[0].counts()
        if unknown := counts.keys() - calls.CALLS.keys():
            raise Failure(f"calls without faults in sweep/calls.py: {', '.join(sorted(unknown))}")
        return {call: count for call, count in counts.items()
                if call in (SITUATIONS[name].CALLS or counts)}

    def _make_bets(self, bets):
        """Returns a small lottery in which each agency has a winner."""
        directory = self.directory / "agencies"
        directory.mkdir()
        for agency in range(1, AGENCIES + 1):
            path = bets.by_agency[agency].path
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)[:ROWS]
            fields, _, _ = lines[agency].rpartition(",")
            lines[agency] = f"{fields},{WINNING_NUMBER}\n"
            (directory / path.name).write_text("".join(lines), encoding="utf-8")
        return Bets(directory)

    def _begin(self):
        """Returns the data directory of a lottery that has begun."""
        first, second = self.bets.by_agency.values()
        rows = first.rows[:STORED] + second.rows + [first.rows[STORED][:TORN]]
        (self.directory / "begun").mkdir()
        self._write("begun/bets.csv", b"".join(rows))
        return self._write(
            "begun/finished.csv", b"%d,%d\r\n" % (second.agency, len(second.rows))).parent

    def _write(self, name, content):
        path = self.directory / name
        path.write_bytes(content)
        return path


def play_round(sweep, ways, slices, request, tables, number, directory):
    """Plays one slice of a sweep in a test, or the one case that `--case` names."""
    cases = sweep.slice(ways, number, slices)
    if name := request.config.option.case:
        cases = [Case.parse(name)]
        if cases[0].way not in ways:
            pytest.skip("a case of another sweep")
    played = sweep.play(cases, directory)
    assert played or not name, f"{name}: the call was not made"
    for case, problem in played:
        tables("call", case.call, {"runs": 1, "problems": int(bool(problem))})
    if problems := [problem for _, problem in played if problem]:
        pytest.fail("\n".join(problems), pytrace=False)
