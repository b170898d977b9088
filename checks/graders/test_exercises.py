"""What graders do with the branches to hand in: `make graders` runs it.

Branch by branch, made by scripts/entrega.sh in a repository of its own: the images are built, the
compose file is generated for 1, 3 and 5 clients, the configuration edited, everything started, and
the merged log read line by line until the last client's exit. Every other round keeps all cores
busy. The names of containers are fixed: no other lottery can be up.
"""

import functools

import pytest

from graders import rounds
from lottery import containers
from lottery.checkouts import branches

ROUNDS = 20


@pytest.fixture(scope="module")
def project(request, engine, repository, tmp_path_factory):
    """The branches, in a repository of their own."""
    clone = branches(repository.clone(tmp_path_factory.mktemp("branches") / "clone"))
    delay = request.config.option.delay
    project = containers.Project(clone.top, {"SERVER_WINNERS_DELAY": delay} if delay else {})
    yield project
    project.remove()


@pytest.fixture(scope="module")
def build(project):
    """Provides a function that builds the images of a branch, unless they are the newest ones."""
    return functools.lru_cache(maxsize=1)(lambda exercise: rounds.build(project, exercise))


@pytest.mark.parametrize("exercise", range(1, 9), ids="ej{}".format)
def test_exercise(request, project, build, tables, exercise, number, tmp_path):
    build(exercise)
    option = request.config.option
    round = rounds.Round(exercise, number, option.seed, not option.no_load)
    wrong = rounds.play(project, round, tmp_path)
    tables("exercise", f"ej{exercise}", {"rounds": 1, "failed": int(bool(wrong))})
    assert wrong == [], str(round)
