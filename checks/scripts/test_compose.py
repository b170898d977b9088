"""make and the echo check, with a stand-in for docker."""

import pytest

# What stands in for docker: `inspect` says one thing.
INSPECTED = 'if [ "$1" = inspect ]; then echo {}; else echo "$@"; fi'


def run_make(checkout, stand_in, target, text):
    return checkout.run("make", "--silent", target, PATH=stand_in("docker", text))


def test_make_asks_for_buildkit(checkout, stand_in):
    done = run_make(checkout, stand_in, "docker-image", 'echo "$1 ${DOCKER_BUILDKIT-}"')
    assert done.stdout == "build 1\nbuild 1\n", done.stderr


def test_make_leaves_the_lottery_of_another_checkout_alone(checkout, stand_in):
    done = run_make(checkout, stand_in, "docker-compose-up", INSPECTED.format("/another"))
    assert done.returncode == 2 and "compose" not in done.stdout
    assert "the lottery of /another is up" in done.stderr


def test_make_starts_over_its_own(checkout, stand_in):
    done = run_make(checkout, stand_in, "docker-compose-up", INSPECTED.format(checkout.top))
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("compose -f docker-compose-dev.yaml up -d\n")


def test_make_removes_a_volume_that_a_container_has_by_name(checkout, stand_in):
    done = run_make(checkout, stand_in, "docker-compose-down", INSPECTED.format("b0b"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == [
        "compose -f docker-compose-dev.yaml down -v --remove-orphans", "volume rm -f b0b"]


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("listens, port", [("0.0.0.0:23456", "23456"), ("127.0.0.11:5", "12345")])
def test_the_echo_check_goes_where_the_server_is(
        checkout, stand_in, tmp_path, shell, listens, port):
    path = stand_in("docker", f"""case $1 in
inspect) echo mine_testing_net ;;
exec) echo 'tcp        0      0 {listens}           0.0.0.0:*               LISTEN' ;;
run) echo "$@" >{tmp_path}/run; cat ;;
esac""")
    done = checkout.run(shell, "validar-echo-server.sh", PATH=path)
    assert done.stdout == "action: test_echo_server | result: success\n"
    run = (tmp_path / "run").read_text()
    assert "--network mine_testing_net" in run and f"nc -w 5 server {port} " in run


def test_the_echo_check_tells_what_docker_says_last(checkout, stand_in):
    path = stand_in("docker", """cat >/dev/null; echo 'first' >&2
echo 'docker: network x not found.' >&2; echo "See 'docker run --help'." >&2; exit 125""")
    done = checkout.run("bash", "validar-echo-server.sh", PATH=path)
    assert (done.returncode, done.stdout) == (1, "action: test_echo_server | result: fail\n")
    assert done.stderr == "docker: network x not found.\n"


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("answer, verdict, status", [
    ("cat", "success", 0),
    # Something before the line, a line too many, a line without end, silence, no server.
    ('printf "error: "; cat', "fail", 1), ("cat; echo more", "fail", 1),
    ('tr -d "\\n"', "fail", 1), ("cat >/dev/null", "fail", 1), ("exit 1", "fail", 1)])
def test_only_the_same_line_back_is_a_success(checkout, stand_in, shell, answer, verdict, status):
    done = checkout.run(shell, "validar-echo-server.sh", PATH=stand_in("docker", answer))
    assert done.stdout == f"action: test_echo_server | result: {verdict}\n"
    assert done.returncode == status
