"""The course's data."""

import subprocess
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ZIPS = ("../shared/data/dataset.zip", ".data/dataset.zip", ".data/datasets.zip")


def unpack(directory):
    """Puts the five agencies' files into `directory`, which it makes: the course's if there are
    any, else made-up ones of the same sizes. Returns where they come from."""
    directory.mkdir()
    for path in map(ROOT.joinpath, ZIPS):
        if not path.exists():
            continue
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                base = Path(name).name
                if base.startswith("agency-") and base.endswith(".csv"):
                    (directory / base).write_bytes(archive.read(name))
        return path.name
    subprocess.run([ROOT / "scripts/generate-data.sh", directory], check=True)
    return "made-up bets"
