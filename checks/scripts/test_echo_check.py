"""validar-echo-server.sh, with a stand-in for docker."""

import pytest


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
