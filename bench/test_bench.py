"""Tests the bench with little data: every scenario, its tables and plots."""

import pytest

import figures
import programs
import scenarios
from figures import Figures
from lottery.processes import Failure


@pytest.fixture
def measured():
    """Three runs in which ours takes 2, 3 and 4 times as long as the copier."""
    table = Figures()
    for run, (copier, ours) in enumerate([(1, 2), (2, 6), (1, 4)]):
        table.record("flood", run, "copier: time (ms)", copier)
        table.record("flood", run, "ours: time (ms)", ours)
    return table


def test_ratios_are_taken_run_by_run(measured):
    assert list(measured.ratio_rows()) == [
        ("flood: ours: time (ms)", "3 (2 to 4)", "× copier: time", "≤ 1.25", "not met")]


@pytest.mark.parametrize(("limit", "met"), [(3, "met"), (2.9, "not met")])
def test_median_meets_a_target_at_its_limit(measured, monkeypatch, limit, met):
    target = figures.Target("flood", "ours: time (ms)", "copier: time (ms)", limit)
    monkeypatch.setattr(figures, "TARGETS", [target])
    assert [row[-1] for row in measured.ratio_rows()] == [met]


def test_ratios_come_before_absolute_figures(measured):
    text = measured.text()
    assert text.index("3 (2 to 4)") < text.index("4 (2 to 6)")


def test_figures_are_the_same_after_their_file(measured, tmp_path):
    measured.write(tmp_path / "bench.csv")
    assert Figures.read(tmp_path / "bench.csv").text() == measured.text()


def test_tables_take_the_place_of_those_before(measured, tmp_path):
    document = tmp_path / "README.md"
    document.write_text(f"a\n{figures.BEGIN}old\n{figures.END}z\n")
    for run in range(3):
        measured.record("flood", run, "copier: rate (M bets/s)", 9)
        measured.record("flood", run, "ours: rate (M bets/s)", 5)
    figures.publish(measured, "Commit abc", document, tmp_path)
    text = document.read_text()
    assert text.startswith(f"a\n{figures.BEGIN}Commit abc\n")
    assert text.endswith(f"{figures.END}z\n")
    assert "old" not in text and "| flood: ours: time (ms) | 3 (2 to 4) | × copier: time |" in text
    assert "<svg" in (tmp_path / "flood.svg").read_text()


def test_document_without_a_place_for_figures_is_an_error(measured, tmp_path):
    (tmp_path / "README.md").write_text("a\n")
    with pytest.raises(SystemExit):
        figures.publish(measured, "", tmp_path / "README.md", tmp_path)


@pytest.mark.parametrize(("text", "value"), [
    ("1m2.5s", 62.5), ("350ms", 0.35), ("12.5µs", 12.5e-6), ("0s", 0)])
def test_durations_are_those_of_the_log(text, value):
    line = f"2026-03-17 10:15:02 INFO     action: recovery | duration: {text}\n"
    assert programs.seconds(programs.field(line, "duration")) == pytest.approx(value)


@pytest.mark.parametrize("line", ["duration: 5", "duration: x", "bets: 5", "duration: 5s!"])
def test_what_is_no_duration_is_an_error(line):
    with pytest.raises(Failure):
        programs.seconds(programs.field(line, "duration"))


def test_lost_bets_are_an_error(tmp_path):
    (tmp_path / "bets.csv").write_bytes(b"1\n2\n")
    with pytest.raises(Failure):
        programs.check_rows(tmp_path / "bets.csv", 3)


def test_targets_name_figures_that_every_scenario_measures():
    """Every scenario runs with little data, and yields what the targets compare."""
    measured = set()
    with programs.Bench(is_quick=True, configuration="debug") as bench:
        for name, scenario in scenarios.ALL.items():
            found = dict(scenario(bench))
            assert found and all(value >= 0 for value in found.values()), name
            measured |= {(name, figure) for figure in found}
    for target in figures.TARGETS:
        for figure in filter(None, (target.figure, target.reference)):
            # With little data the crowd is smaller.
            small = figure.replace("10000 ", "100 ").replace("1000 ", "100 ")
            assert (target.scenario, small) in measured, figure
