"""Shells, locales, arguments and signals."""

import os
import re
import signal
import subprocess

import pytest
from lottery.checkouts import BASE, ROOT, tracked
from lottery.processes import Deadline

SHELL_FILES = [name for name in tracked()
               if name.endswith((".sh", ".bash")) or name == ".ci/run"]
PROGRAMS = [name for name in SHELL_FILES if "/lib/" not in name and name.endswith(".sh")
            ] + [".ci/run"]
# What a person runs on a machine of their own, where bash may be that of macOS.
OWN = ["generar-compose.sh", "validar-echo-server.sh", "scripts/entrega.sh", "scripts/data.sh",
       "scripts/generate-data.sh", "scripts/lib/compose.bash", "scripts/lib/keys.bash",
       "scripts/lib/stack.bash", "scripts/lib/script.sh", "scripts/lib/put.sh"]
# What bash 3.2, that of macOS, lacks, by the version that brought it.
NEWER = {
    "mapfile": r"\b(mapfile|readarray)\b",
    "4.0, case": r"\$\{\w+(\[[^]]*\])?(\^|,)",
    "4.0, associative arrays": r"\b(declare|local|typeset|readonly) -\w*A",
    "4.0, &>>": r"&>>",
    "4.0, |&": r"\|&",
    "4.0, coproc": r"\bcoproc\b",
    "4.0, globstar": r"\bglobstar\b",
    "4.2, -v": r"\[\[ (! )?-v\b",
    "4.2, printf of times": r"printf [^|]*%\(",
    "4.2, negative subscripts": r"\$\{\w+\[-",
    "4.2, lastpipe": r"\blastpipe\b",
    "4.3, references": r"\b(declare|local|typeset) -\w*n\b",
    "4.3, wait -n": r"\bwait -\w*[np]",
    "4.4, inherit_errexit": r"\binherit_errexit\b",
    "4.4, transformations": r"\$\{\w+(\[[^]]*\])?@[A-Za-z]\}",
    "5.0, clocks": r"\bEPOCH(SECONDS|REALTIME)\b",
    "5.1, SRANDOM": r"\bSRANDOM\b",
}


def code(name):
    """Returns a script without its comments."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.sub(r"(?m)(^|(?<=\s))#.*$", "", text)


@pytest.mark.parametrize("name", SHELL_FILES)
def test_no_script_needs_a_newer_bash(name):
    found = [what for what, pattern in NEWER.items() if re.search(pattern, code(name))]
    assert not found


@pytest.mark.parametrize("name", OWN)
def test_no_array_that_may_be_empty_is_expanded(name):
    """Before 4.4, that is an unbound variable."""
    text = code(name)
    for array in set(re.findall(r"\b(\w+)=\(\)", text)):
        bare = re.search(r'(?<![+])"\$\{' + array + r'\[[@*]\]\}"', text)
        assert not bare or f"#{array}[@]" in text, array


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_is_printed(checkout, name, word):
    shell = "sh" if name == "validar-echo-server.sh" else "bash"
    done = checkout.run(shell, name, word)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: {name}\n")
    assert len(done.stdout.splitlines()) > 1


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_wrong_argument_is_refused(checkout, name):
    before = checkout.files()
    done = checkout.run("bash", name, "--no-such-option", "x", "y", "z")
    assert (done.returncode, done.stdout) == (64, "")
    assert f"usage: {name}\n" in done.stderr
    assert checkout.files() == before


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_without_arguments_the_compose_file_is_the_default(checkout, tmp_path, shell):
    file = checkout.top / "docker-compose-dev.yaml"
    committed = file.read_bytes()
    file.unlink()
    done = checkout.run(shell, checkout.top / "generar-compose.sh", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert file.read_bytes() == committed


def locales():
    listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split() if name in ("C.utf8", "en_US.utf8", "es_AR.utf8")]


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize("word", ["²", "٣", "1²", "¼", "೫"])
def test_digits_of_other_scripts_are_no_number(checkout, locale, word):
    for command in (["generar-compose.sh", "file.yaml", word],
                    ["scripts/data.sh", "--missing", word],
                    ["scripts/generate-data.sh", "directory", word],
                    ["checks/fuzz.sh", word]):
        done = checkout.run("bash", *command, LC_ALL=locale, LANG=locale)
        assert done.returncode == 64, (command, done.stderr)
        assert "usage: " in done.stderr


def started(checkout, stand_in, command, program, tmp_path):
    """Starts a script whose `program` says that it runs, and then waits."""
    path = stand_in(program, f"echo $$ >{tmp_path}/waits; exec sleep 600")
    script = subprocess.Popen(
        command, cwd=checkout.top, env=BASE | {"PATH": path, "TMPDIR": str(tmp_path / "tmp")},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True)
    wait_until(lambda: has_text(tmp_path / "waits"))
    return script, int((tmp_path / "waits").read_text())


def wait_until(condition):
    Deadline(60).wait(condition, "what the test waits for")


def has_text(path):
    return path.exists() and path.read_text()


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().split()[2] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("sent", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command, program", [
    (["sh", "scripts/data.sh"], "awk"), (["bash", "generar-compose.sh"], "od"),
    (["bash", "scripts/entrega.sh"], "git"), (["sh", "scripts/generate-data.sh", "made"], "awk")])
def test_nothing_stays_behind_after_a_signal(
        checkout, stand_in, tmp_path, command, program, sent):
    """As a terminal sends it, to all processes."""
    if program == "od":
        command = [*command, "--claves", "file.yaml", "3"]
    (tmp_path / "tmp").mkdir()
    before = set(checkout.files())
    script, pid = started(checkout, stand_in, command, program, tmp_path)
    os.killpg(script.pid, sent)
    assert script.wait(20) == 128 + sent
    wait_until(lambda: is_gone(pid))
    made = {str(path) for path in set(checkout.files()) - before}
    assert made <= {".claves", "made"}, made
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_the_echo_check_ends_its_exchange_when_it_is_ended(checkout, stand_in, tmp_path, shell):
    (tmp_path / "tmp").mkdir()
    log = tmp_path / "log"
    path = stand_in("docker", f"""echo "$@" >>{log}
if [ "$1" = run ]; then echo $$ >{tmp_path}/waits; exec sleep 600; fi""")
    script = subprocess.Popen(
        [shell, "validar-echo-server.sh"], cwd=checkout.top,
        env=BASE | {"PATH": path, "TMPDIR": str(tmp_path / "tmp")}, stdin=subprocess.DEVNULL)
    wait_until(lambda: has_text(tmp_path / "waits"))
    script.send_signal(signal.SIGTERM)
    assert script.wait(20) == 128 + signal.SIGTERM
    wait_until(lambda: is_gone(int((tmp_path / "waits").read_text())))
    name = re.search(r"--name (\S+)", log.read_text()).group(1)
    assert log.read_text().splitlines()[-1] == f"rm -f {name}"
    assert not list((tmp_path / "tmp").iterdir())
