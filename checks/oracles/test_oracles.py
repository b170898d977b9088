"""What is recorded is what Python says, and ours says the same of fresh documents."""

import json
import os
import shutil
import subprocess

import pytest
from lottery.checkouts import ROOT
from oracles import oracles

FRESH = 3000
# Those that compare documents.
SUITES = ("ProtocolTests.CSVTests/", "SupportTests.ConfigFileTests/", "StoreBetsOracleTests/")


@pytest.mark.parametrize("name", oracles.ORACLES)
def test_what_is_recorded_is_what_python_says(name):
    path = ROOT / f"Tests/Oracles/recorded/{name}.json"
    recorded = json.loads(path.read_text(encoding="ascii"))
    assert len(recorded) == oracles.RECORDED[1]
    answer = oracles.ORACLES[name][0]
    assert [one for one in recorded if one["python"] != answer(one["document"])] == []


# The build may be missing.
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not shutil.which("swift"), reason="swift is not installed")
def test_ours_says_the_same_of_fresh_documents(request, tmp_path):
    oracles.write(tmp_path, request.config.option.seed, FRESH)
    done = subprocess.run(["swift", "test", "--filter", "|".join(SUITES)], cwd=ROOT, text=True,
                          env=os.environ | {"ORACLES": str(tmp_path)}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    failed = [line for line in done.stdout.splitlines() if line.startswith("✘")]
    assert (done.returncode, failed) == (0, []), done.stdout[-2000:]
    assert f" in {len(SUITES)} suites passed" in done.stdout
