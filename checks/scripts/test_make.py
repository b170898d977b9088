"""The Makefile, and what else belongs to the build."""

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
