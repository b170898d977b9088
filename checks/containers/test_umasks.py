"""The lottery in containers, from a clone under a private umask, as graders start it."""

import subprocess

import pytest
from lottery.checkouts import branches

COMPOSE = ("docker", "compose", "-f", "docker-compose-dev.yaml")
SERVER_CONFIG = """[DEFAULT]
SERVER_PORT = 23456
SERVER_IP = server
SERVER_LISTEN_BACKLOG = 5
LOGGING_LEVEL = INFO
"""


@pytest.fixture
def volumes():
    """A function that lists the volumes that were not there before."""
    def listed():
        return set(subprocess.run(["docker", "volume", "ls", "-q"], capture_output=True,
                                  check=True, text=True).stdout.split())
    before = listed()
    return lambda: listed() - before


@pytest.fixture
def clone(tree, repository, tmp_path, request):
    """A clone of branch ej6 under the umask that the test is for. `tree` has built the images."""
    umask = request.param
    base = branches(repository.clone(tmp_path / "base"))
    clone = base.clone(tmp_path / "clone", "-b", "ej6", umask=umask)
    clone.umask = umask
    yield clone
    clone.run(*COMPOSE, "down", "-v", "-t", "1")


@pytest.mark.parametrize("clone", [0o077, 0o027, 0o022], indirect=True)
def test_what_graders_write_is_enough(clone, volumes):
    def run(*command):
        done = clone.run(*command, umask=clone.umask)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("bash", "generar-compose.sh", "docker-compose-dev.yaml", "2")
    for agency in 1, 2:
        bet = f"A,B,1234567{agency},2000-01-01,7574"
        run("sh", "-c", f"echo {bet} >.data/agency-{agency}.csv")
    run("rm", "server/config.ini")
    run("sh", "-c", f"printf '{SERVER_CONFIG}' >server/config.ini")
    run("sed", "-i", "s/12345/23456/", "client/config.yaml")
    run(*COMPOSE, "up", "-d")
    assert run("timeout", "60", "docker", "wait", "client1", "client2") == "0\n0\n"
    assert run("sh", "validar-echo-server.sh") == "action: test_echo_server | result: success\n"
    run(*COMPOSE, "down", "-t", "1")
    assert volumes() == set()
