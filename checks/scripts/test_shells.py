"""Shells, locales, arguments and signals."""

import os
import re
import select
import signal
import subprocess

import pytest
from lottery.checkouts import BASE, ROOT, tracked
from lottery.processes import Deadline

SHELL_FILES = [name for name in tracked()
               if name.endswith((".sh", ".bash")) or name == ".ci/run"]
PROGRAMS = [name for name in SHELL_FILES if "/lib/" not in name and name.endswith(".sh")
            ] + [".ci/run"]
# What bash 3.2, that of macOS, lacks.
NEWER = r"""\b(mapfile|readarray|coproc|globstar|lastpipe|inherit_errexit|SRANDOM)\b
|\bEPOCH(SECONDS|REALTIME)\b|&>>|\|&|\[\[\ (!\ )?-v\b|printf\ [^|]*%\(|\bwait\ -\w*[np]
|\b(declare|local|typeset|readonly)\ -\w*[An]|\$\{\w+(\[[^]]*\])?(\^|,|@[A-Za-z]\})|\$\{\w+\[-"""


def code(name):
    """Returns a script without its comments."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.sub(r"(?m)(^|(?<=\s))#.*$", "", text)


@pytest.mark.parametrize("name", SHELL_FILES)
def test_no_script_needs_a_newer_bash(name):
    text = code(name)
    found = re.search(NEWER, text, re.VERBOSE)
    assert not found, found
    # Before 4.4, an array that may be empty and is expanded is an unbound variable.
    for array in set(re.findall(r"\b(\w+)=\(\)", text)) if "checks/" not in name else ():
        bare = re.search(r'(?<![+])"\$\{' + array + r'\[[@*]\]\}"', text)
        assert not bare or f"#{array}[@]" in text, array


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_is_printed_and_a_wrong_argument_refused(checkout, name):
    before = checkout.files()
    shell = "sh" if name == "validar-echo-server.sh" else "bash"
    for word in "--help", "-h":
        done = checkout.run(shell, name, word)
        assert (done.returncode, done.stderr) == (0, "")
        assert re.match(f"usage: {name}\n.+\n", done.stdout)
    done = checkout.run("bash", name, "--no-such-option", "x", "y", "z")
    assert (done.returncode, done.stdout) == (64, "")
    assert f"usage: {name}\n" in done.stderr
    assert checkout.files() == before


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_without_arguments_the_compose_file_is_the_default(checkout, tmp_path, shell):
    file = checkout.top / "docker-compose-dev.yaml"
    committed = file.read_bytes()
    assert b"user:" not in committed
    file.unlink()
    done = checkout.run(shell, checkout.top / "generar-compose.sh", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert file.read_bytes() == committed


def locales():
    listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split() if name in ("C.utf8", "en_US.utf8", "es_AR.utf8")]


@pytest.mark.parametrize("locale", locales())
def test_digits_of_other_scripts_are_no_number(checkout, locale):
    for word in "²", "٣", "1²", "¼", "೫":
        for command in (["generar-compose.sh", "file.yaml", word],
                        ["scripts/data.sh", "--missing", word],
                        ["scripts/generate-data.sh", "directory", word],
                        ["checks/fuzz.sh", word]):
            done = checkout.run("bash", *command, LC_ALL=locale, LANG=locale)
            assert done.returncode == 64, (command, done.stderr)
            assert "usage: " in done.stderr


@pytest.fixture
def waiting(checkout, stand_in, tmp_path):
    """Provides a function that starts a script and waits for a `program` of it, which says that it
    runs, and then waits. Returns the script, and a descriptor of the other's process."""
    (tmp_path / "tmp").mkdir()

    def start(command, program, text):
        path = stand_in(program, f"number() {{ echo $$ >{tmp_path}/waits; }}\n{text}")
        script = subprocess.Popen(
            command, cwd=checkout.top, env=BASE | {"PATH": path, "TMPDIR": str(tmp_path / "tmp")},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        waits = tmp_path / "waits"
        Deadline(60).wait(lambda: waits.exists() and waits.read_text(), "the program waits")
        return script, os.pidfd_open(int(waits.read_text()))

    yield start
    assert not list((tmp_path / "tmp").iterdir())


def has_ended(process):
    return bool(select.select([process], [], [], 60)[0])


@pytest.mark.parametrize("sent", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command, program", [
    ("sh scripts/data.sh", "awk"), ("bash generar-compose.sh --claves file.yaml 3", "od"),
    ("bash scripts/entrega.sh", "git"), ("sh scripts/generate-data.sh made", "awk")])
def test_nothing_stays_behind_after_a_signal(checkout, waiting, command, program, sent):
    """As a terminal sends it, to all processes."""
    before = set(checkout.files())
    script, other = waiting(command.split(), program, "number; exec sleep 600")
    os.killpg(script.pid, sent)
    assert script.wait(20) == 128 + sent
    assert has_ended(other)
    assert {str(path) for path in set(checkout.files()) - before} <= {".claves", "made"}


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_the_echo_check_ends_its_exchange_when_it_is_ended(waiting, tmp_path, shell):
    log = tmp_path / "log"
    script, exchange = waiting([shell, "validar-echo-server.sh"], "docker", f"""echo "$@" >>{log}
if [ "$1" = run ]; then number; exec sleep 600; fi""")
    script.send_signal(signal.SIGTERM)
    assert script.wait(20) == 128 + signal.SIGTERM
    assert has_ended(exchange)
    name = re.search(r"--name (\S+)", log.read_text()).group(1)
    assert log.read_text().splitlines()[-1] == f"rm -f {name}"
