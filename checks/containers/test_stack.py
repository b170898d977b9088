"""The lottery of five agencies in a swarm of this machine alone, which leaves it afterwards."""

import subprocess

import pytest
from containers.confined import check_confined
from lottery.log import Log
from lottery.processes import Deadline

STACK = "tp0-stack-test"
BETS = 200


def docker(*command):
    done = subprocess.run(["docker", *command], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def wait(condition, what, seconds=120):
    Deadline(seconds).wait(condition, what, pause=0.2)


@pytest.fixture
def swarm(engine):
    assert docker("info", "-f", "{{.Swarm.LocalNodeState}}") == "inactive", (
        "this machine is in a swarm: docker swarm leave")
    # A swarm creates it, and does not remove it.
    gateway = docker("network", "ls", "-q", "--filter", "name=docker_gwbridge")
    docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    yield
    subprocess.run(["docker", "stack", "rm", STACK], capture_output=True)
    wait(is_removed, "the stack is removed")
    docker("swarm", "leave", "--force")
    if not gateway:
        docker("network", "rm", "docker_gwbridge")
    remove_volume()


def containers(*filters):
    return docker("ps", "-aq", "--filter", f"label=com.docker.stack.namespace={STACK}", *filters)


def is_removed():
    return not containers() and not docker("network", "ls", "-q", "--filter", f"name={STACK}_")


def remove_volume():
    """A volume outlives its stack, and a container may hold it for a moment."""
    wait(lambda: subprocess.run(["docker", "volume", "rm", "-f", f"{STACK}_bets"],
                                capture_output=True).returncode == 0, "the volume is removed")


def task(service, slot):
    """Returns the running container of a task, or nothing."""
    return containers("--filter", "status=running",
                      "--filter", f"name=^{STACK}_{service}\\.{slot}\\.")


def states(slot):
    return docker("service", "ps", f"{STACK}_agencies", "--filter",
                  f"name={STACK}_agencies.{slot}", "--format", "{{.CurrentState}}").splitlines()


def finished():
    """Returns how many agencies have finished, by the server's file."""
    server = task("server", 1)
    return server and int(docker("exec", server, "wc", "-l", "/data/finished.csv").split()[0])


def log_of(client):
    """A line begins with STACK_agencies.SLOT.TASK@NODE."""
    slot = client.removeprefix("client")
    lines = docker("service", "logs", f"{STACK}_agencies").splitlines()
    return Log.of("\n".join(line for line in lines
                            if line.startswith(f"{STACK}_agencies.{slot}.")))


def test_a_lottery_in_a_swarm(swarm, project, tmp_path):
    project.make_bets(5, BETS)
    project.succeed("bash", "generar-compose.sh", "--stack", "--claves", "stack.yaml", "5")
    # The file of the fifth agency is missing: its task ends with 66 and is started again.
    file = project.top / ".data/agency-5.csv"
    file.rename(tmp_path / file.name)
    project.succeed("docker", "stack", "deploy", "--resolve-image", "never", "--compose-file",
                    "stack.yaml", STACK)
    wait(lambda: finished() == 4, "four agencies wait for the fifth")
    wait(lambda: any(state.startswith("Failed") for state in states(5)), "the fifth has failed")
    assert '"encrypted"' in docker("network", "inspect", f"{STACK}_lottery", "-f",
                                   "{{json .Options}}")
    check_confined(task("server", 1), 256, 64)
    check_confined(task("agencies", 1), 64, 32)
    # All tasks have one secret, and each sees its own part of it.
    for agency in range(1, 5):
        key = (project.top / f".claves/agency-{agency}").read_text(encoding="ascii")
        assert docker("exec", task("agencies", agency), "cat", "/run/secrets/agency_key") == key
    (tmp_path / file.name).rename(file)
    for agency in range(1, 6):
        wait(lambda: sum(state.startswith("Complete") for state in states(agency)) == 1,
             f"agency {agency} ends well")
    project.check_results(tmp_path / "copy", server=task("server", 1), log=log_of)
    docker("stack", "rm", STACK)
    wait(is_removed, "the stack is removed")
    remove_volume()
