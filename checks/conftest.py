"""Options and fixtures of everything that is tested from outside."""

import random

import pytest

from lottery.processes import kill_all


def pytest_addoption(parser):
    group = parser.getgroup("lottery")
    group.addoption("--rounds", type=int, help="rounds of each test that plays rounds")
    group.addoption("--seed", type=int, help="repeats the random choices of the run of that seed")


def pytest_configure(config):
    if config.option.seed is None:
        config.option.seed = random.SystemRandom().randrange(10**6)


def pytest_report_header(config):
    return f"seed: {config.option.seed}"


@pytest.fixture
def chance(request):
    """Random choices that depend only on the seed and on the name of the test."""
    return random.Random(f"{request.config.option.seed}/{request.node.name}")


@pytest.fixture(autouse=True)
def no_process_survives():
    """Ends what a test has started and left running."""
    yield
    kill_all()
