"""Checkouts of the work tree as it is now."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lottery.processes import Failure

ROOT = Path(__file__).resolve().parents[2]
# Of the machine's environment only this reaches a script.
BASE = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"} | {
    f"GIT_{role}_{key}": "tester@example.org"
    for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}


def tracked():
    """Returns the files that git knows of or would take, relative to the top."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [name for name in listed.split("\0") if name and os.path.lexists(ROOT / name)]


class Checkout:
    """A work tree, in which scripts run."""

    def __init__(self, top):
        self.top = top
        self.environment = BASE

    def run(self, *command, cwd=None, umask=0o022, **environment):
        """Runs a command, and returns it with its status, output and errors."""
        return subprocess.run(
            [str(word) for word in command], cwd=cwd or self.top, umask=umask,
            env=self.environment | environment, capture_output=True, text=True,
            stdin=subprocess.DEVNULL)

    def succeed(self, *command, **options):
        """Runs a command, which must succeed, and returns its output."""
        done = self.run(*command, **options)
        if done.returncode != 0:
            raise Failure(f"{command}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def git(self, *command):
        return self.succeed("git", *command).strip()

    def clone(self, top, *options, umask=0o022):
        self.succeed("git", "clone", "-q", *options, self.top, top, umask=umask)
        return Checkout(top)

    def files(self):
        """Returns everything but git's own, with the content of files."""
        return {path.relative_to(self.top): path.read_bytes() if path.is_file() else None
                for path in self.top.rglob("*") if ".git" not in path.parts}


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """A repository with the work tree as its only commit. It is for cloning."""
    top = tmp_path_factory.mktemp("repository")
    for name in tracked():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, top / name, follow_symlinks=False)
    repository = Checkout(top)
    repository.git("init", "-q", "-b", "main")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "The work tree")
    return repository


@pytest.fixture
def checkout(repository, tmp_path):
    """A clone."""
    return repository.clone(tmp_path / "clone")


def branches(checkout):
    """Makes the branches to hand in. Returns the checkout."""
    checkout.succeed("bash", "scripts/entrega.sh")
    return checkout


@pytest.fixture
def stand_in(tmp_path):
    """A function that puts a shell script in the place of a program, and returns the PATH."""
    programs = tmp_path / "programs"
    programs.mkdir()

    def install(name, text):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
        return f"{programs}:{os.environ['PATH']}"
    return install
