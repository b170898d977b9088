"""The two programs, and the one way to start them: on this machine or in a container."""

import re
import socket
import subprocess
import sys
from pathlib import Path

from lottery import shim
from lottery.peers import Peer
from lottery.processes import Deadline, Process, free_port

ROOT = Path(__file__).resolve().parents[2]
# Apart from those of `make build`, which are static: a library cannot be loaded into them.
BUILD = ("swift", "build", "-c", "release")
SCRATCH = ROOT / ".build/dynamic"
_LISTENING = re.compile(r"^ *\d+: [0-9A-F]{8}:([0-9A-F]{4}) \S+ 0A ", re.MULTILINE)


def build():
    """Builds programs that a library can be loaded into, and returns their directory."""
    command = [*BUILD, "--package-path", ROOT, "--scratch-path", SCRATCH]
    for product in ("lottery-server", "agency-client"):
        subprocess.run([*command, "--product", product], check=True, stdout=sys.stderr)
    path = subprocess.run([*command, "--show-bin-path"], check=True, capture_output=True, text=True)
    return Path(path.stdout.strip())


def start(where, program, log, settings, flags=(), **outputs):
    """Starts a program. `where` is the directory of the executables, or the name of an image: its
    container shares the machine's network."""
    settings = {name: str(value) for name, value in settings.items()}
    if isinstance(where, Path):
        return Process([where / program, *flags], settings, log, **outputs)
    variables = [word for name, value in settings.items() for word in ("-e", f"{name}={value}")]
    return Process(["docker", "run", "--rm", "--network", "host", *variables, where, *flags], {},
                   log)


def server_settings(port, agencies, **settings):
    return {"SERVER_PORT": port, "SERVER_AGENCIES": agencies} | settings


def agency_settings(agency, port, file, **settings):
    return {"CLI_ID": agency, "CLI_SERVER_ADDRESS": f"127.0.0.1:{port}",
            "CLI_DATA_FILE": file} | settings


def listens(port):
    """Returns whether a server listens, by the kernel's table: a connection would be one more
    call."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        return f"{port:04X}" in _LISTENING.findall(table.read())


class Watched:
    """Starts the programs in a directory of their own, and watches their calls with the shim.

    `fail` is a rule of calls that fail: see `shim.rule`. `outputs` take the place of the log.
    """

    def __init__(self, where, library, directory):
        self.where, self.library, self.directory = where, library, directory
        self.data = directory / "data"
        self.port = free_port()
        self.process = self.watch = None

    def launch_server(self, *flags, agencies=3, **options):
        return self._start("lottery-server", flags, server_settings(
            self.port, agencies, SERVER_DATA_DIR=self.data), **options)

    def start_server(self, **options):
        """Starts the server, and waits until it listens."""
        self.launch_server(**options)
        Deadline(30).wait(lambda: listens(self.port), "the server listens")
        return self.process

    def start_agency(self, port, file, *flags, **options):
        return self._start("agency-client", flags, agency_settings(1, port, file), **options)

    def connect(self, *messages):
        """Connects to the server, and says that."""
        peer = Peer(socket.create_connection(("127.0.0.1", self.port), 10))
        peer.say(*messages)
        return peer

    def wait_for(self, call):
        """Waits until a call was made."""
        Deadline(10).wait(lambda: call in self.watch.counts(), call)

    def wait_for_hits(self, count):
        Deadline(10).wait(lambda: self.watch.hits >= count, "calls that the rule is for")

    def _start(self, program, flags, basic, fail=None, outputs={}, **settings):
        self.watch = shim.Watch(self.library, self.directory / "calls", fail)
        self.process = start(self.where, program, self.directory / f"{program}.log",
                             basic | settings | self.watch.environment, flags, **outputs)
        return self.process
