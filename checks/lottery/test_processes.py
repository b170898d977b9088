"""Tests the library's processes."""

import signal

import pytest

from lottery.processes import Deadline, Failure, Process


def test_a_process_tells_how_it_ended(tmp_path):
    process = Process(["sh", "-c", "echo first; echo last; exit 7"], {}, tmp_path / "sh.log")
    assert process.wait(Deadline(10)) == 7
    assert process.last_line() == "last"


def test_a_wait_ends_at_its_deadline(tmp_path):
    process = Process(["sleep", "600"], {}, tmp_path / "sleep.log")
    with pytest.raises(Failure, match="not within the time: the end of sleep"):
        process.wait(Deadline(0.01))
    process.kill()
    assert process.status == -signal.SIGKILL
