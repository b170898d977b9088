"""The programs of the dissector's tests."""

import shutil

import pytest


@pytest.fixture(scope="session", autouse=True)
def wireshark():
    missing = [name for name in ("tshark", "editcap") if not shutil.which(name)]
    assert not missing, f"missing: {missing}; on Debian: apt-get install tshark"
