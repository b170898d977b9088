"""The two programs, and the one way to start them: on this machine or in a container."""

import subprocess
import sys
from pathlib import Path

from lottery.processes import PipedProcess

ROOT = Path(__file__).resolve().parents[2]
# Apart from those of `make build`, which are static: a library cannot be loaded into them.
BUILD = ("swift", "build", "-c", "release", "--static-swift-stdlib")
SCRATCH = ROOT / ".build/dynamic"


def build(package=ROOT, scratch=SCRATCH, products=("lottery-server", "agency-client")):
    """Builds programs that a library can be loaded into, and returns their directory."""
    command = [*BUILD, "--package-path", package, "--scratch-path", scratch]
    for product in products:
        subprocess.run([*command, "--product", product], check=True, stdout=sys.stderr)
    path = subprocess.run([*command, "--show-bin-path"], check=True, capture_output=True, text=True)
    return Path(path.stdout.strip())


def start(where, program, log, settings, flags=(), kind=PipedProcess):
    """Starts a program. `where` is the directory of the executables, or the name of an image: its
    container shares the machine's network."""
    settings = {name: str(value) for name, value in settings.items()}
    if isinstance(where, Path):
        return kind([where / program, *flags], settings, log)
    variables = [word for name, value in settings.items() for word in ("-e", f"{name}={value}")]
    return kind(["docker", "run", "--rm", "--network", "host", *variables, where, *flags], {}, log)


def start_server(where, log, port, agencies, flags=(), kind=PipedProcess, **settings):
    return start(where, "lottery-server", log,
                 {"SERVER_PORT": port, "SERVER_AGENCIES": agencies} | settings, flags, kind)


def start_agency(where, log, agency, port, file, flags=(), kind=PipedProcess, **settings):
    return start(where, "agency-client", log,
                 {"CLI_ID": agency, "CLI_SERVER_ADDRESS": f"127.0.0.1:{port}",
                  "CLI_DATA_FILE": file} | settings, flags, kind)
