"""generar-compose.sh: its files, the agencies' keys, and what it refuses."""

import datetime
import ipaddress
import re
import stat

import pytest
import yaml
from lottery.checkouts import ROOT, Checkout

FIVE = (ROOT / "docker-compose-dev.yaml").read_text(encoding="utf-8")
# The bet of an agency, which it sends in mode `bet`.
BET = re.compile(r" +- NOMBRE=.+\n +- APELLIDO=.+\n +- DOCUMENTO=[0-9]{8}\n +- NACIMIENTO=(.+)\n"
                 r" +- NUMERO=[0-9]{1,4}\n")
SUBNET = re.compile("subnet: (.*)")


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
    """Returns the directory in which it ran well, without a word, and what `compose.yaml` says."""
    directory, done = generate(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return directory.top, (directory.top / "compose.yaml").read_text(encoding="utf-8")


def expected(agencies):
    """Returns what the compose file of N agencies says, without bets, keys and subnet: what the
    committed file says of five, which is for people to read, but for numbers."""
    server, client, *_, network = re.split(
        r"\n\n(?=  client|networks:)", SUBNET.sub("", BET.sub("", FIVE)))
    server = server.replace("AGENCIES=5", f"AGENCIES={agencies}").replace(
        " 256m", f" {memory(agencies)}")
    clients = [re.sub(r"(client|agency-|CLI_ID=)1\b", rf"\g<1>{number}", client)
               for number in range(1, agencies + 1)]
    return "\n\n".join([server, *clients, network])


def memory(agencies):
    return f"{max(256, agencies // 2)}m"


def check_subnet(text, addresses):
    """It is the smallest from a /24 on with that many addresses."""
    subnet = ipaddress.ip_network(SUBNET.search(text)[1])
    assert ipaddress.ip_address("172.25.125.0") in subnet
    assert subnet.num_addresses >= addresses
    assert subnet.prefixlen == 24 or subnet.num_addresses // 2 < addresses


@pytest.mark.parametrize("agencies", ["0", "1", "5", "007", "251", "252", "300", "700"])
def test_a_compose_file(generate, agencies):
    top, text = made(generate, "compose.yaml", agencies)
    agencies = int(agencies)
    assert [path.name for path in top.iterdir()] == ["compose.yaml"]
    # The user is of the umask under which it was made.
    plain = SUBNET.sub("", BET.sub("", re.sub(r"\n  user: .*", "", text)))
    assert plain == expected(agencies)
    # Every agency has a bet.
    assert len([datetime.date.fromisoformat(date) for date in BET.findall(text)]) == agencies
    # The network's, the broadcast, the gateway's, the server's and the echo check's address.
    check_subnet(text, agencies + 5)


@pytest.mark.parametrize("agencies", [0, 5, 185, 6000])
def test_a_stack_file(generate, agencies):
    """What the test in a swarm does not see."""
    _, text = made(generate, "--stack", "compose.yaml", agencies)
    services = yaml.safe_load(text)["services"]
    server = services.pop("server")
    assert f"SERVER_AGENCIES={agencies}" in server["environment"]
    assert server["deploy"]["resources"]["limits"]["memory"] == memory(agencies)
    assert {name: service["deploy"]["replicas"] for name, service in services.items()} == (
        {"agencies": agencies} if agencies else {})
    check_subnet(text, agencies + 64)


@pytest.mark.parametrize("kind", ["compose", "stack"])
def test_a_file_with_keys(generate, kind):
    option = ["--stack"] if kind == "stack" else []
    wanted = yaml.safe_load(made(generate, *option, "compose.yaml", "3")[1])
    top, text = made(generate, *option, "compose.yaml", "3", "--claves")
    secrets = {"agency_keys": {"file": "./.claves/agencies"}}
    mounted = [("server", "SERVER_AGENCY_KEYS", "agency_keys", "agency_keys")]
    if kind == "stack":
        secrets["agency_key"] = {"file": "./.claves/by-slot", "template_driver": "golang"}
        mounted.append(("agencies", "CLI_KEY_FILE", "agency_key", "agency_key"))
    for agency in (1, 2, 3) if kind == "compose" else ():
        secrets[f"agency_key_{agency}"] = {"file": f"./.claves/agency-{agency}"}
        mounted.append((f"client{agency}", "CLI_KEY_FILE", f"agency_key_{agency}", "agency_key"))
    for name, variable, source, target in mounted:
        wanted["services"][name]["environment"].append(f"{variable}=/run/secrets/{target}")
        wanted["services"][name]["secrets"] = [{"source": source, "target": target}]
    assert "secrets" not in wanted and yaml.safe_load(text) == wanted | {"secrets": secrets}
    assert {path.name for path in top.iterdir()} == {".claves", "compose.yaml"}
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
    others = keys_of(made(generate, "--claves", "compose.yaml", "3")[0], 3)
    (tmp_path / "made/.claves").rename(tmp_path / "older")
    before = keys_of(made(generate, "--claves", "compose.yaml", "3")[0], 3)
    assert not set(before) & set(others)
    directory, done = generate("--claves", "compose.yaml", "4")
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(r"\S+: 3 of 4 keys were in \S+ and are kept\n", done.stderr)
    after = keys_of(directory.top, 4)
    assert after[:3] == before
    assert lines(directory.top / ".claves/agencies")[3] == f"4:{after[3]}"


def test_an_agency_never_gets_another_one_s_key(generate, tmp_path):
    (tmp_path / "made/.claves/agency-2").mkdir(parents=True)
    _, done = generate("--claves", "compose.yaml", "3")
    assert done.returncode == 73


def test_git_ignores_keys(checkout):
    assert checkout.git("check-ignore", ".claves/agencies") == ".claves/agencies"


@pytest.mark.parametrize("arguments, words", [
    (["/dev/full"], "No space left on device"), (["."], "it is a directory"),
    (["no/such/file.yaml"], "No such file or directory"),
    (["occupied/file.yaml"], "Not a directory"),
    (["--claves", "no/such/file.yaml"], "no such directory, or it is read-only")])
def test_what_cannot_be_written_is_told_with_the_reason(generate, tmp_path, arguments, words):
    (tmp_path / "made/occupied").touch()
    directory, done = generate(*arguments, "5")
    assert (done.returncode, done.stdout) == (73, "")
    assert "cannot write" in done.stderr and done.stderr.endswith(f"{words}\n")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in directory.files()] == ["occupied"]


@pytest.mark.parametrize("arguments", [
    ["file.yaml"], ["file.yaml", "5", "6"], ["", "5"], ["--keys", "file.yaml", "5"],
    ["--claves", "--stack"], ["--claves", "file.yaml"], ["--claves", "file.yaml", "0"],
    # A swarm's secret has no room for more keys.
    ["--stack", "--claves", "file.yaml", "6001"],
    *(["file.yaml", agencies] for agencies in (
        "", "-1", "five", "1.5", "5 ", "0x10", "65532", "4294967297", "99999999999999999999"))])
def test_a_wrong_call_is_refused_and_the_file_kept(generate, tmp_path, arguments):
    (tmp_path / "made/file.yaml").write_text("precious", encoding="utf-8")
    directory, done = generate(*arguments)
    assert (done.returncode, done.stdout) == (64, "")
    assert "\nusage: " in done.stderr
    assert list(directory.files().values()) == [b"precious"]


def keys_of(top, agencies):
    return [(top / f".claves/agency-{agency}").read_text(encoding="ascii")
            for agency in range(1, agencies + 1)]


def lines(path):
    return path.read_text(encoding="ascii").splitlines()
