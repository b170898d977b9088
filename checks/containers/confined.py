"""What a container may not do, seen from inside."""

import subprocess


def check_confined(container, mebibytes, processes):
    """Checks what holds in a swarm too."""
    ids = _status(container, "Uid", "Gid")
    assert ids == [["10001"] * 4] * 2
    # All users may write to /tmp, so that only a read-only file system prevents it.
    assert "Read-only file system" in _inside(container, "touch", "/tmp/probe").stderr
    assert _status(container, "CapPrm", "CapEff", "CapBnd") == [["0" * 16]] * 3
    assert _limit(container, "memory.max", "memory/memory.limit_in_bytes") == mebibytes << 20
    assert _limit(container, "pids.max", "pids/pids.max") == processes
    port = subprocess.run(["docker", "port", container], capture_output=True, check=True)
    assert port.stdout == b""


def gains_no_privileges(container):
    return _status(container, "NoNewPrivs") == [["1"]]


def _inside(container, *command):
    return subprocess.run(["docker", "exec", container, *command], capture_output=True, text=True)


def _status(container, *fields):
    lines = _inside(container, "cat", "/proc/1/status").stdout.splitlines()
    found = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    return [found[name] for name in fields]


def _limit(container, *files):
    """Returns a limit of its control group. The two versions have different files."""
    found = [_inside(container, "cat", f"/sys/fs/cgroup/{file}") for file in files]
    return int(next(one.stdout for one in found if one.returncode == 0))
