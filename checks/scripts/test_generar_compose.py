"""generar-compose.sh: its files, the agencies' keys, and what it refuses."""

import re
import stat

import pytest
from lottery.checkouts import ROOT, Checkout
from scripts import compose_files


@pytest.fixture
def generate(tmp_path):
    """A function that runs the work tree's script in an empty directory."""
    directory = Checkout(tmp_path / "made")
    directory.top.mkdir()

    def generate(*arguments):
        return directory, directory.run(
            "bash", ROOT / "generar-compose.sh", *arguments, umask=0o077)
    return generate


def made(generate, *arguments):
    """Returns the directory in which it ran well, without a word."""
    directory, done = generate(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return directory.top


@pytest.mark.parametrize("agencies", ["0", "1", "5", "007", "251", "252", "300"])
def test_a_compose_file(generate, agencies):
    top = made(generate, "compose.yaml", agencies)
    assert [path.name for path in top.iterdir()] == ["compose.yaml"]
    compose_files.check(top / "compose.yaml", int(agencies))


@pytest.mark.parametrize("agencies", [0, 5, 185, 6000])
def test_a_stack_file(generate, agencies):
    top = made(generate, "--stack", "compose.yaml", agencies)
    compose_files.check(top / "compose.yaml", agencies, stack=True)


@pytest.mark.parametrize("arguments", [
    ["--claves", "compose.yaml", "3"], ["compose.yaml", "3", "--claves"],
    ["--stack", "compose.yaml", "3", "--claves"]])
def test_a_file_with_keys(generate, arguments):
    top = made(generate, *arguments)
    assert {path.name for path in top.iterdir()} == {".claves", "compose.yaml"}
    compose_files.check(top / "compose.yaml", 3, keys=True, stack="--stack" in arguments)
    # The directory keeps other users out. The containers' user must be able to read the files.
    keys = top / ".claves"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in keys.iterdir()} == (
        dict.fromkeys(["agencies", "agency-1", "agency-2", "agency-3", "by-slot"], 0o644))
    own = keys_of(top, 3)
    assert len(set(own)) == 3 and all(re.fullmatch("[0-9a-f]{32}", key) for key in own)
    # Server and agencies have the same ones, and so has a swarm's template, slot by slot.
    numbered = list(enumerate(own, 1))
    assert lines(keys / "agencies") == [f"{agency}:{key}" for agency, key in numbered]
    assert lines(keys / "by-slot") == [
        f'{{{{- if eq .Task.Slot "{agency}" }}}}{key}{{{{ end -}}}}' for agency, key in numbered]


def test_keys_are_random_and_those_that_are_there_are_kept(generate, tmp_path):
    others = keys_of(made(generate, "--claves", "compose.yaml", "3"), 3)
    (tmp_path / "made/.claves").rename(tmp_path / "older")
    before = keys_of(made(generate, "--claves", "compose.yaml", "3"), 3)
    assert not set(before) & set(others)
    directory, done = generate("--claves", "compose.yaml", "4")
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(r"\S+: 3 of 4 keys were in \S+ and are kept\n", done.stderr)
    after = keys_of(directory.top, 4)
    assert after[:3] == before
    assert lines(directory.top / ".claves/agencies")[3] == f"4:{after[3]}"


def test_git_ignores_keys(checkout):
    assert checkout.git("check-ignore", ".claves/agencies") == ".claves/agencies"


def test_keys_without_a_directory_are_an_error(generate):
    directory, done = generate("--claves", "no/such/file.yaml", "5")
    assert (done.returncode, done.stdout) == (73, "")
    assert "cannot write" in done.stderr and done.stderr.count("\n") == 1
    assert not directory.files()


@pytest.mark.parametrize("arguments", [
    ["file.yaml"], ["file.yaml", "5", "6"], ["", "5"], ["--keys", "file.yaml", "5"],
    ["--claves", "--stack"], ["--claves", "file.yaml"], ["--claves", "file.yaml", "0"],
    # A swarm's secret has no room for more keys.
    ["--stack", "--claves", "file.yaml", "6001"],
    *(["file.yaml", agencies] for agencies in (
        "", "-1", "five", "1.5", "5 ", "0x10", "65532", "4294967297", "99999999999999999999"))])
def test_a_wrong_call_is_refused(generate, arguments):
    directory, done = generate(*arguments)
    assert (done.returncode, done.stdout) == (64, "")
    assert "\nusage: " in done.stderr
    assert not directory.files()


def test_a_refusal_keeps_the_file_that_is_there(generate, tmp_path):
    (tmp_path / "made/precious.yaml").write_text("precious", encoding="utf-8")
    _, done = generate("precious.yaml", "many")
    assert done.returncode == 64
    assert (tmp_path / "made/precious.yaml").read_text(encoding="utf-8") == "precious"


def keys_of(top, agencies):
    return [(top / f".claves/agency-{agency}").read_text(encoding="ascii")
            for agency in range(1, agencies + 1)]


def lines(path):
    return path.read_text(encoding="ascii").splitlines()
