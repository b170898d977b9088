"""Docker and Compose, used as graders use them."""

import os
import queue
import re
import subprocess
import threading
import time

from lottery.log import Log, parse_merged
from lottery.processes import Failure

COMPOSE_FILE = "docker-compose-dev.yaml"
# Seconds for a command. Building an image takes longest.
COMMAND_LIMIT = 900
# What would override the .env of a branch.
SETTINGS = ("CLI_MODE", "AGENCY_DATA", "SERVER_WINNERS_DELAY", "BETS_MOUNT")


class Project:
    """The lottery of the compose file in `directory`."""

    def __init__(self, directory, settings):
        self.directory = directory
        self.environment = {key: value for key, value in os.environ.items()
                            if key not in SETTINGS and not key.startswith("GIT_")} | settings

    def run(self, *command):
        """Runs a command, and returns its output."""
        done = subprocess.run(command, cwd=self.directory, env=self.environment, text=True,
                              timeout=COMMAND_LIMIT, capture_output=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Failure(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def build(self, name):
        self.run("docker", "build", "-q", "-f", f"./{name}/Dockerfile", "-t", f"{name}:latest", ".")

    def compose(self, *command):
        return self.run("docker", "compose", "-f", COMPOSE_FILE, *command)

    def remove(self):
        """Ends the lottery, if there is one, and removes its data."""
        self.compose("down", "-v", "-t", "1", "--remove-orphans")

    def exit_codes(self, *containers):
        codes = self.run("docker", "inspect", "-f", "{{.State.ExitCode}}", *containers)
        return [int(code) for code in codes.split()]

    def follow(self):
        """Returns a context that reads the merged log from its beginning."""
        return Follower(["docker", "compose", "-f", COMPOSE_FILE, "logs", "-f"], self)

    def check_echo(self, shell):
        """Returns the line of validar-echo-server.sh, and its exit status."""
        done = subprocess.run([shell, "validar-echo-server.sh"], cwd=self.directory, text=True,
                              env=self.environment, timeout=60, capture_output=True)
        return done.stdout.strip(), done.returncode


class Follower:
    """`docker compose logs -f`, read line by line."""

    def __init__(self, command, project):
        self.command = command
        self.project = project
        self.lines = []
        self.coming = queue.SimpleQueue()

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, cwd=self.project.directory, env=self.project.environment,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        return self

    def __exit__(self, *error):
        self.process.terminate()
        self.reader.join()
        self.process.wait()
        self.process.stdout.close()

    def _read(self):
        for line in self.process.stdout:
            self.coming.put(parse_merged(line))
        self.coming.put(None)

    def read_until(self, seconds, is_enough):
        """Reads on until the log is enough, for so many seconds at most. Returns whether it is."""
        deadline = time.monotonic() + seconds
        while not is_enough(self.log):
            try:
                line = self.coming.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                return False
            if line is None:
                # Compose ends after the last container.
                return is_enough(self.log)
            self.lines.append(line)
        return True

    @property
    def log(self):
        return Log(self.lines)


def engine_answers():
    return subprocess.run(["docker", "info"], capture_output=True).returncode == 0


def lottery_is_up():
    """Returns whether a lottery is up. Containers have fixed names: there is room for one."""
    found = subprocess.run(["docker", "ps", "-a", "--format", "{{.Names}}"], capture_output=True,
                           text=True, check=True)
    return any(re.fullmatch("server|client[0-9]+", name) for name in found.stdout.split())
