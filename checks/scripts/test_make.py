"""The Makefile, with a stand-in for docker, and what else belongs to the build."""

import re
import shutil

import pytest
from lottery.checkouts import ROOT


def test_make_lists_its_targets(checkout):
    phony = re.search(r"\.PHONY: ((.*\\\n)*.*)", (ROOT / "Makefile").read_text(encoding="utf-8"))[1]
    listed = [line.split()[0] for line in checkout.run("make").stdout.splitlines()]
    assert sorted(listed) == sorted(phony.replace("\\\n", " ").split())


@pytest.mark.parametrize("target, program", [("test", "swift"), ("run", "swift"), ("data", "awk")])
def test_make_names_a_program_that_is_missing(checkout, tmp_path, target, program):
    make = shutil.which("make")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sh").symlink_to(shutil.which("sh"))
    done = checkout.run(make, target, PATH=tmp_path / "bin")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == f"make {target} needs {program}"


def test_the_images_share_the_layers_of_the_build():
    stages = [(ROOT / f"{kind}.Dockerfile").read_text(encoding="utf-8").split("\nFROM")[0]
              for kind in ("server", "client")]
    assert stages[0] == stages[1]


@pytest.mark.parametrize("target, inspected, status, last_words", [
    # Names of containers are fixed: that lottery is another checkout's.
    ("docker-compose-up", "/another", 2, "the lottery of /another is up"),
    ("docker-compose-up", "{top}", 0, "compose -f docker-compose-dev.yaml up -d"),
    # A volume that a container has by name.
    ("docker-compose-down", "b0b", 0, "down -v --remove-orphans\nvolume rm -f b0b")])
def test_make_calls_docker(checkout, stand_in, target, inspected, status, last_words):
    path = stand_in("docker", f"""if [ "$1" = inspect ]; then
echo {inspected.format(top=checkout.top)}; exit; fi
[ "$1" != volume ] || exec >&2
echo "$@ ${{DOCKER_BUILDKIT-}}"
""")
    done = checkout.run("make", "--silent", target, PATH=path)
    assert done.returncode == status, done.stderr
    lines = (done.stdout + done.stderr).replace(" 1\n", "\n")
    assert last_words in "\n".join(lines.splitlines()[-2:])
    assert ("compose" in done.stdout) == (status == 0)
    # The Dockerfiles need BuildKit, and older clients must be told.
    assert all(line.endswith(" 1") for line in re.findall("^build .*", done.stdout, re.MULTILINE))
