"""What a container may not do, seen from inside."""

import subprocess


def check_confined(container, mebibytes, processes):
    """Checks what holds in a swarm too. Returns the fields of its first process's status."""
    def inside(*command):
        return subprocess.run(["docker", "exec", container, *command], capture_output=True,
                              text=True)

    lines = inside("cat", "/proc/1/status").stdout.splitlines()
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    assert status["Uid"] == status["Gid"] == ["10001"] * 4
    # All users may write to /tmp, so that only a read-only file system prevents it.
    assert "Read-only file system" in inside("touch", "/tmp/probe").stderr
    assert {*status["CapPrm"], *status["CapEff"], *status["CapBnd"]} == {"0" * 16}
    # The two versions of control groups have different files.
    for value, *files in ((mebibytes << 20, "memory.max", "memory/memory.limit_in_bytes"),
                          (processes, "pids.max", "pids/pids.max")):
        found = [inside("cat", f"/sys/fs/cgroup/{file}") for file in files]
        assert int(next(one.stdout for one in found if one.returncode == 0)) == value
    port = subprocess.run(["docker", "port", container], capture_output=True, check=True)
    assert port.stdout == b""
    return status
