"""Lotteries in containers, from end to end. The graders look at the merged log."""

import shutil

import pytest
from containers.confined import check_confined
from lottery.checkouts import ROOT
from lottery.processes import Failure

FIVE = [f"client{agency}" for agency in range(1, 6)]
IMAGES = ["server:latest", "client:latest"]
SUCCESS = ("action: test_echo_server | result: success", 0)
COURSE = ROOT.parent / "shared/data/dataset.zip"
# The original keys alone, as graders write them.
SERVER = "[DEFAULT]\nSERVER_PORT = 12345\nSERVER_IP = server\nSERVER_LISTEN_BACKLOG = 16\n" \
    "LOGGING_LEVEL = DEBUG"
CLIENT = """server:
  address: "server:12345"
loop:
  amount: 3
  period: "50ms"
log:
  level: "INFO"
batch:
  maxAmount: {}
"""
ASK_STATUS = r'printf "\000\000\000\001\020" | nc server 12345 | od -An -tx1 -N 6'
VOLUMES = '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}}{{end}}{{end}}'


def configure(project, server=SERVER, client=CLIENT.format(10)):
    (project.top / "config/config.ini").write_text(server, encoding="utf-8")
    (project.top / "config/config.yaml").write_text(client, encoding="utf-8")


def failures(project):
    merged = project.compose("logs", "--no-color").splitlines()
    return [line for line in merged if "result: fail" in line]


def test_the_lottery_of_the_five_agencies(project, tmp_path):
    if COURSE.exists():
        shutil.copy(COURSE, project.top / ".data")
        project.succeed("make", "data")
        assert [len(bets.winning) for bets in project.bets.by_agency.values()] == [2, 3, 3, 2, 0]
    project.succeed("make", "docker-compose-up")
    sizes = project.succeed("docker", "image", "inspect", "-f", "{{.Size}}", *IMAGES).split()
    assert all(int(size) < 15_000_000 for size in sizes)
    assert project.check_echo("sh") == SUCCESS
    assert project.statuses(*FIVE) == [0] * 5
    project.check_results(tmp_path / "copy")
    project.wait(lambda: project.received() == project.bets.count, "all bets are logged")
    assert not failures(project)
    # The server goes on.
    assert project.inspect("{{.State.Status}} {{.State.Health.Status}} {{.RestartCount}}",
                           "server") == ["running healthy 0"]
    assert project.check_echo("sh") == SUCCESS
    # It ends well on SIGTERM, and stays down: restarts are for crashes.
    project.succeed("docker", "stop", "-t", "5", "server")
    state = "{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}"
    assert project.inspect(state, "server") == ["exited 0 0"]
    (volume,) = project.inspect(VOLUMES, "server")
    project.succeed("make", "docker-compose-down")
    for kind, filter in (("ps", "label=com.docker.compose.project=tp0"),
                         ("network", "name=tp0_testing_net"), ("volume", f"name={volume}")):
        listed = ["ps", "-aq"] if kind == "ps" else [kind, "ls", "-q"]
        assert project.succeed("docker", *listed, "--filter", filter) == ""


def test_each_container_is_confined(project, tmp_path):
    """One agency is missing, so that the others wait for the draw meanwhile."""
    project.make_bets(3, 50)
    project.generate(3)
    project.compose("up", "-d", "client1", "client2")
    project.wait(lambda: project.received() == 100, "two agencies wait for the draw")
    for name, mebibytes, processes in (
            ("server", 256, 64), ("client1", 64, 32), ("client2", 64, 32)):
        assert check_confined(name, mebibytes, processes)["NoNewPrivs"] == ["1"]
        assert project.inspect(
            "{{.HostConfig.LogConfig.Type}} {{.HostConfig.LogConfig.Config}} "
            "{{.HostConfig.PortBindings}}", name) == [
                "json-file map[max-file:4 max-size:64m] map[]"]
    status = "bets: 100, finished: 2 of 3, connections: 2, draw: not held"
    project.wait(lambda: project.succeed(
        "docker", "exec", "server", "/lottery-server", "--config", "/config.ini",
        "--status").splitlines()[-1] == status, status)
    # From another machine it gets an ERROR, code 5: a length, its type, the code, and why.
    answer = project.succeed("docker", "run", "--rm", "--network", "tp0_testing_net",
                             "busybox:latest", "sh", "-c", ASK_STATUS)
    assert answer.split()[:3] == ["00"] * 3 and answer.split()[4:] == ["8f", "05"]
    project.compose("up", "-d", "client3")
    assert project.statuses("client1", "client2", "client3") == [0] * 3
    project.check_results(tmp_path / "copy")


def test_a_lottery_with_keys(project, tmp_path):
    project.make_bets(3, 50)
    project.generate(3, "--claves")
    project.compose("up", "-d")
    names = ["client1", "client2", "client3"]
    assert project.statuses(*names) == [0] * 3
    project.check_results(tmp_path / "copy")
    # Each container can read its own.
    keys = project.top / ".claves"
    for name in names:
        mounted = project.compose("run", "--rm", "--no-deps", "-T", "--entrypoint", "cat", name,
                                  "/run/secrets/agency_key")
        assert mounted == (keys / name.replace("client", "agency-")).read_text(encoding="ascii")
    assert project.succeed("docker", "exec", "server", "cat", "/run/secrets/agency_keys") == (
        keys / "agencies").read_text(encoding="ascii")
    # With a wrong one, and without the others, so that the lottery cannot be over.
    project.remove()
    right, wrong = (keys / "agency-2").read_text(encoding="ascii"), "0123456789abcdef" * 2
    (keys / "agency-2").write_text(wrong, encoding="ascii")
    project.compose("up", "-d", "client2")
    assert project.statuses("client2") == [77]
    log = str(project.log("server"))
    assert "agency 2" in log or "agency: 2" in log or "agencia: 2" in log
    for key in right, wrong:
        assert key not in log + str(project.log("client2"))
    (keys / "agency-2").write_text(right, encoding="ascii")
    project.compose("up", "-d")
    assert project.statuses(*names) == [0] * 3
    project.check_results(tmp_path / "copy")


def is_back(project):
    return project.inspect("{{.RestartCount}} {{.State.Health.Status}}", "server") == ["1 healthy"]


def test_a_server_that_crashes(project, tmp_path):
    """One bet at a time, so that the lottery lasts. One agency is late, so that it is not over."""
    project.make_bets(5, 5000)
    configure(project, client=CLIENT.format(1) + "  window: 1\n")
    project.compose("up", "-d", *FIVE[:4])
    project.wait(lambda: project.received() >= 500, "the lottery has begun")
    project.crash()
    project.wait(lambda: is_back(project), "the server comes back")
    # An agency that waits for the draw ends well on SIGTERM.
    project.wait(lambda: project.log("client1").places("close_file"), "the end of a file")
    project.succeed("docker", "stop", "-t", "5", "client1")
    assert project.exit_codes("client1") == [0]
    assert not project.log("server").places("sorteo")
    project.compose("up", "-d")
    assert project.statuses(*FIVE) == [0] * 5
    project.check_results(tmp_path / "copy")


@pytest.fixture
def echoing(project, monkeypatch):
    """The lottery in mode `echo`. No agency has a file."""
    for name, value in {"CLI_MODE": "echo", "AGENCY_DATA": "/dev/null"}.items():
        monkeypatch.setitem(project.environment, name, value)
    configure(project)
    return project


def test_a_bad_value_is_logged_and_no_agency_waits(echoing):
    configure(echoing, SERVER.replace("12345", "many"))
    with pytest.raises(Failure):
        echoing.compose("up", "-d")
    assert "SERVER_PORT" in str(echoing.log("server"))
    # It is not restarted forever.
    state = "{{.State.Status}} {{.State.ExitCode}}"
    echoing.wait(lambda: echoing.inspect(state, "server") == ["exited 78"], "the server gives up")


def test_a_server_without_agencies_echoes(echoing):
    echoing.generate(0)
    echoing.compose("up", "-d", "--wait")
    for shell in "sh", "bash":
        assert echoing.check_echo(shell) == SUCCESS
    # A health check that meets the end leaves no line: it connects, and says nothing.
    echoing.succeed("docker", "exec", "-d", "server", "sh", "-c", "sleep 600 | nc 127.0.0.1 12345")
    echoing.wait(lambda: "connections: 1" in echoing.succeed(
        "docker", "exec", "server", "/lottery-server", "--config", "/config.ini", "--status"),
        "it is accepted")
    echoing.succeed("docker", "stop", "-t", "5", "server")
    assert echoing.exit_codes("server") == [0]
    assert "127.0.0.1" not in str(echoing.log("server"))
    assert not failures(echoing)
