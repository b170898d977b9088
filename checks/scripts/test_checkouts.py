"""Checkouts as other machines have them: umasks, line ends, lost modes, environments."""

import os
import stat
from pathlib import Path

import pytest
import yaml
from lottery.checkouts import branches


OWNER = f"{os.getuid()}:{os.getgid()}"


def users(compose_file):
    return [service["user"] for service in yaml.safe_load(compose_file)["services"].values()]


@pytest.mark.parametrize("umask", [0o077, 0o027, 0o007])
def test_under_a_private_umask_the_containers_have_the_files_owner(repository, tmp_path, umask):
    clone = repository.clone(tmp_path / "clone", umask=umask)
    assert not (clone.top / "config/config.ini").stat().st_mode & stat.S_IROTH
    made = clone.succeed("bash", "generar-compose.sh", "/dev/stdout", "2", umask=umask)
    assert users(made) == [OWNER] * 3


def test_files_for_their_owner_alone_are_enough_for_that(checkout, tmp_path):
    """Also in the branches. In `test_without_arguments_the_compose_file_is_the_default` the user is
    that of the images."""
    (checkout.top / "config/config.yaml").chmod(0o600)
    assert users(checkout.succeed("bash", "generar-compose.sh", "/dev/stdout", "0")) == [OWNER]
    clone = branches(checkout).clone(tmp_path / "ej6", "-b", "ej6", umask=0o077)
    assert users(clone.succeed("bash", "generar-compose.sh", "/dev/stdout", "1")) == [OWNER] * 2


def test_make_opens_up_the_configuration_and_the_data(repository, tmp_path, stand_in):
    clone = repository.clone(tmp_path / "clone", umask=0o077)
    (clone.top / ".data/agency-1.csv").touch(0o600)
    clone.succeed("make", "docker-compose-up", umask=0o077, PATH=stand_in("docker", "exit 0"))
    for name in ("config/config.ini", "config/config.yaml", ".data/agency-1.csv",
                 ".data/agency-5.csv"):
        assert (clone.top / name).stat().st_mode & stat.S_IROTH, name


def test_no_line_end_is_changed_by_autocrlf(repository, tmp_path):
    clone = repository.clone(tmp_path / "clone", "-c", "core.autocrlf=true")
    assert clone.files() == repository.files()


@pytest.mark.parametrize("script", ["scripts/data.sh", "scripts/entrega.sh", "generar-compose.sh"])
@pytest.mark.parametrize("call", ["relative", "link", "plain name"])
def test_a_script_finds_its_own_directory(checkout, repository, tmp_path, script, call):
    decoy = repository.clone(tmp_path / "decoy")
    before = decoy.files()
    word, cwd = script, checkout.top
    if call == "link":
        word, cwd = tmp_path / "link.sh", tmp_path
        word.symlink_to(checkout.top / script)
    elif call == "plain name":
        word, cwd = Path(script).name, (checkout.top / script).parent
    (checkout.top / "docker-compose-dev.yaml").unlink()
    checkout.succeed("bash", word, cwd=cwd, CDPATH=f"{decoy.top}:{decoy.top}/scripts",
                     GIT_DIR=f"{decoy.top}/.git", GIT_WORK_TREE=f"{decoy.top}")
    assert decoy.files() == before
    assert decoy.git("branch", "--list", "ej1") == ""
    if script == "scripts/entrega.sh":
        assert checkout.git("branch", "--list", "ej1").strip() == "ej1"
    else:
        made = ".data/agency-1.csv" if script == "scripts/data.sh" else "docker-compose-dev.yaml"
        assert (checkout.top / made).exists()


def test_make_needs_no_mode_of_a_script(checkout):
    for path in checkout.top.rglob("*.sh"):
        path.chmod(0o644)
    (checkout.top / "docker-compose-dev.yaml").unlink()
    for target in "docker-compose-dev.yaml", "data", "entrega":
        checkout.succeed("make", target)
