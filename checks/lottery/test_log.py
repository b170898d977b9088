"""Tests the parsers of log lines."""

import pytest

from lottery.log import Log, parse, seconds
from lottery.processes import Failure


def test_fields_are_told_apart():
    line = parse("2026-03-17 10:15:01 INFO     action: exit | result: fail | error: a: b\n")
    assert (line.action, line.result, line["error"]) == ("exit", "fail", "a: b")
    with pytest.raises(Failure, match="no status in"):
        line["status"]


def test_a_log_tells_the_values_of_an_action():
    log = Log.of("action: a | result: success | n: 1\naction: a | result: fail | n: 2\nnothing\n"
                 "action: a | result: success | n: 3\n")
    assert log.values("n", "a") == ["1", "3"]
    assert log.places("a", result="fail") == [1]


@pytest.mark.parametrize("text, value", (
    ("1m2.5s", 62.5), ("350ms", 0.35), ("12.5µs", 12.5e-6), ("0s", 0)))
def test_durations_are_written_as_in_go(text, value):
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ("5", "x", "", "5s!"))
def test_what_is_no_duration_is_an_error(text):
    with pytest.raises(Failure):
        seconds(text)
