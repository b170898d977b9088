"""Tests the parsers of log lines, and processes."""

import signal

import pytest

from lottery.log import Log, parse, seconds
from lottery.processes import Deadline, Failure, Process


def test_a_log_tells_the_values_of_an_action():
    line = parse("2026-03-17 10:15:01 INFO     action: exit | result: fail | error: a: b\n")
    assert (line.action, line.result, line["error"]) == ("exit", "fail", "a: b")
    with pytest.raises(Failure, match="no status in"):
        line["status"]
    log = Log.of("action: a | result: success | n: 1\naction: a | result: fail | n: 2\nnothing\n"
                 "action: a | result: success | n: 3\n")
    assert log.values("n", "a") == ["1", "3"]
    assert log.places("a", result="fail") == [1]


@pytest.mark.parametrize("text, value", (
    ("1m2.5s", 62.5), ("350ms", 0.35), ("12.5µs", 12.5e-6), ("0s", 0),
    *((text, None) for text in ("5", "x", "", "5s!"))))
def test_durations_are_written_as_in_go(text, value):
    if value is not None:
        assert seconds(text) == pytest.approx(value)
        return
    with pytest.raises(Failure):
        seconds(text)


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
