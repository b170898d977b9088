"""Tests the bench with little data: every scenario, its tables and plots."""

import pandas
import pytest

import figures
import programs
import scenarios
from lottery.processes import Failure


@pytest.fixture
def rows():
    """Three runs in which ours takes 2, 3 and 4 times as long as the copier."""
    return pandas.DataFrame(
        [("flood", run, name, value) for run, times in enumerate([(1, 2), (2, 6), (1, 4)])
         for name, value in zip(("copier: time (ms)", "ours: time (ms)",
                                 "copier: rate (M bets/s)", "ours: rate (M bets/s)"),
                                (*times, 9, 5))], columns=figures.COLUMNS)


@pytest.mark.parametrize(("limit", "met"), [(3, "met"), (2.9, "not met")])
def test_ratios_are_taken_run_by_run_and_the_median_counts(rows, limit, met):
    target = "flood", "ours: time (ms)", "copier: time (ms)", limit
    assert figures.ratios(rows, [target]).values.tolist() == [
        ["flood: ours: time (ms)", "4 (2 to 6)", "3 (2 to 4)", "× copier: time",
         f"≤ {figures.number(limit)}: {met}"]]
    assert "4 (2 to 6)" in figures.text(rows)


def test_tables_take_the_place_of_those_before(rows, tmp_path):
    document = tmp_path / "README.md"
    document.write_text(f"a\n{figures.BEGIN}old\n{figures.END}z\n")
    figures.publish(rows, "Commit abc", document, tmp_path)
    text = document.read_text()
    assert text.startswith(f"a\n{figures.BEGIN}Commit abc\n")
    assert text.endswith(f"{figures.END}z\n")
    assert "old" not in text and "| flood: ours: time (ms) | 4 (2 to 6) | 3 (2 to 4) |" in text
    assert "<svg" in (tmp_path / "flood.svg").read_text()


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
    for scenario, *compared, _ in figures.TARGETS:
        for figure in filter(None, compared):
            # With little data the crowd is smaller.
            small = figure.replace("10000 ", "100 ").replace("1000 ", "100 ")
            assert (scenario, small) in measured, figure
