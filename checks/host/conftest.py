"""What the lotteries of this machine share."""

import resource

import pytest


@pytest.fixture(autouse=True)
def many_descriptors():
    """A crowd needs one for each connection, and one for each log."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
