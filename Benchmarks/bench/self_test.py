"""Tests the bench: its statistics and tables, the copier, the proxy, and every scenario with little
data. `make bench-self-test` runs it."""

import contextlib
import io
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import delay_proxy
import files
import main
import plots
import programs
import publish
import scenarios
from figures import Plot, Report, Summary, number
from processes import Failure


def report_of(**figures):
    """A report with the values of some figures."""
    report = Report("name", "title")
    for name, values in figures.items():
        for value in values:
            report.record(name, value, "ms")
    return report


class Figures(unittest.TestCase):
    def test_median_of_an_odd_number_is_the_value_in_the_middle(self):
        self.assertEqual(Summary.of([9, 1, 2]), Summary(1, 2, 9))

    def test_median_of_an_even_number_is_the_mean_of_the_two_in_the_middle(self):
        self.assertEqual(Summary.of([8, 1, 2, 4]).median, 3)

    def test_ratios_are_taken_run_by_run(self):
        report = report_of(copier=[2, 3], ours=[4, 9])
        report.compare("ours", "copier")
        self.assertEqual(report.summary("ours", "copier"), Summary(2, 2.5, 3))
        self.assertIn("2.50 (2 to 3) × copier", report.text())

    def test_figures_of_different_runs_are_not_compared(self):
        report = report_of(copier=[2], ours=[4, 9])
        with self.assertRaises(ValueError):
            report.summary("ours", "copier")

    def test_target_is_met_at_its_limit_by_the_median(self):
        for limits, met in ((dict(at_most=2), "met"), (dict(at_most=1.9), "not met"),
                            (dict(at_least=2), "met"), (dict(at_least=2.1), "not met")):
            report = report_of(copier=[1, 1, 1], ours=[1, 2, 9])
            report.aim("ours", **limits)
            report.aim("ours", "copier", **limits)
            self.assertEqual([row[-1] for row in report.targets()], [met, met], limits)

    def test_numbers_keep_three_digits(self):
        for value, text in ((0.0, "0"), (0.0416, "0.042"), (1.005, "1.00"), (9.996, "10.00"),
                            (12.34, "12.3"), (999.6, "1,000"), (7, "7"),
                            (1_234_567.8, "1,234,568"), (-0.25, "-0.250")):
            self.assertEqual(number(value), text)

    def test_report_is_the_same_after_json(self):
        report = report_of(copier=[2, 3], ours=[4, 9])
        report.aim("ours", "copier", at_most=1.25)
        report.plot = Plot("title", "bars", [["ours", "ours"]])
        read = Report.from_json(json.loads(json.dumps(report.json())))
        self.assertEqual(read.text(), report.text())
        self.assertEqual(read.json(), report.json())
        self.assertIn("2.50 (2 to 3)  not met", read.text())


class Publishing(unittest.TestCase):
    def setUp(self):
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        report = report_of(copier=[2, 3], ours=[4, 9])
        report.aim("ours", "copier", at_most=1.25)
        report.plot = Plot("<&>", "bars", [["ours, twice", "ours"], ["copier", "copier"]])
        lines = report_of(few=[2, 3], many=[4, 9])
        lines.name = "lines"
        lines.plot = Plot("crowd", "lines", [["ours", [[1, "few"], [10, "many"]]]])
        self.reports = [report, lines]
        with mock.patch.object(main, "_git", return_value="abc"):
            head = main.describe(mock.Mock(runs=2, quick=True, window=None))
        main.write(self.directory / "bench.json", head | {"data": "z.zip"}, self.reports)
        self.results = json.loads((self.directory / "bench.json").read_text(encoding="utf-8"))

    def test_table_takes_the_place_of_the_one_before(self):
        readme = self.directory / "README.md"
        readme.write_text(f"a\n{publish.BEGIN}old\n{publish.END}z\n", encoding="utf-8")
        with mock.patch("importlib.util.find_spec", return_value=None):
            publish.publish(self.results, readme, self.directory)
        text = readme.read_text(encoding="utf-8")
        self.assertTrue(text.startswith(f"a\n{publish.BEGIN}Commit abc"))
        self.assertTrue(text.endswith(f"{publish.END}z\n"))
        self.assertNotIn("old", text)
        self.assertEqual(list(self.directory.glob("*.svg")), [])
        self.assertIn("| name: ours | 6.50 ms (4 to 9) | 2.50 (2 to 3) × copier "
                      "| ≤ 1.25 × copier: not met |\n", text)

    def test_document_without_a_place_for_figures_is_an_error(self):
        readme = self.directory / "README.md"
        readme.write_text("a\n", encoding="utf-8")
        with self.assertRaises(Failure):
            publish.publish(self.results, readme, self.directory)

    def test_without_matplotlib_one_line_says_that_no_plot_is_drawn(self):
        with mock.patch("importlib.util.find_spec", return_value=None):
            reason = plots.draw(self.reports, self.directory)
        self.assertRegex(reason, "^matplotlib is not installed.*$")
        self.assertEqual(list(self.directory.glob("*.svg")), [])

    @unittest.skipUnless(plots.is_possible(), "matplotlib is not installed")
    def test_plots_are_svg_and_escape_their_labels(self):
        self.assertIsNone(plots.draw(self.reports, self.directory))
        self.assertIn("&lt;&amp;&gt;", (self.directory / "name.svg").read_text(encoding="utf-8"))
        self.assertTrue((self.directory / "lines.svg").exists())


class LogLines(unittest.TestCase):
    def test_durations_are_written_as_in_go(self):
        for text, value in (("1m2.5s", 62.5), ("350ms", 0.35), ("12.5µs", 12.5e-6), ("0s", 0)):
            line = f"2026-03-17 10:15:02 INFO     action: recovery | duration: {text}\n"
            self.assertAlmostEqual(programs.seconds(programs.field(line, "duration")), value)

    def test_what_is_no_duration_is_an_error(self):
        for line in ("duration: 5", "duration: x", "duration: ", "bets: 5", "duration: 5s!"):
            with self.assertRaises(Failure):
                programs.seconds(programs.field(line, "duration"))


class DelayProxy(unittest.TestCase):
    def test_bytes_take_their_time_and_come_in_order_and_whole(self):
        outside, source = socket.socketpair()
        target, inside = socket.socketpair()
        delay_proxy.pass_on(source, target, delay=0.03)
        start = time.monotonic()
        sent = os.urandom(200_000)
        outside.sendall(sent)
        outside.shutdown(socket.SHUT_WR)
        with inside.makefile("rb") as file:
            first = file.read(1)
            self.assertGreaterEqual(time.monotonic() - start, 0.03)
            self.assertEqual(first + file.read(), sent)
        for end in (outside, source, target, inside):
            end.close()


class Programs(unittest.TestCase):
    """The real programs, built for debugging."""

    def setUp(self):
        directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, directory)
        self.bench = programs.Bench(1, "tiny", configuration="debug", directory=directory / "run")
        self.enterContext(self.bench)
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))

    def test_copier_stores_the_bytes_of_the_file(self):
        file = self.bench.agency_file(1_000)
        for options in ((), ("--sync",), ("--sync", "--group"), ("--sync", "--epoll")):
            for window, each in ((1, False), (32, False), (32, True)):
                self.bench.copy([file], *options, window=window, each=each)
                stored = self.bench.directory / "copier/bets.csv"
                self.assertEqual(stored.read_bytes(), file.read_bytes(), (options, window, each))

    def test_copier_stores_the_bytes_of_all_agencies(self):
        agencies = [self.bench.agency_file(bets) for bets in (1_000, 2_000, 3_000)]
        for options in ((), ("--sync",), ("--sync", "--group"), ("--sync", "--epoll")):
            self.bench.copy(agencies, *options)
            stored = (self.bench.directory / "copier/bets.csv").read_bytes()
            self.assertEqual(len(stored), sum(file.stat().st_size for file in agencies), options)

    def test_copier_refuses_other_arguments(self):
        for arguments in ([], ["server"], ["agencies", "1"], ["server", "f", "--window", "0"],
                          ["server", "f", "--group", "--epoll"], ["agencies", "1", "f", "--sync"]):
            done = subprocess.run([self.bench.own_programs / "copier", *arguments],
                                  stderr=subprocess.DEVNULL, cwd=self.bench.directory)
            self.assertEqual(done.returncode, 64, arguments)

    def test_run_that_loses_bets_fails(self):
        path = self.bench.agency_file(10)
        files.check_rows(path, 10)
        for other in (9, 11):
            with self.assertRaises(Failure):
                files.check_rows(path, other)

    def test_program_that_fails_is_an_error(self):
        program = self.bench.start(self.bench.directory, "false", ["false"])
        with self.assertRaises(Failure):
            programs.finish([program])
        with self.assertRaises(Failure):
            program.line("anything")

    def test_place_of_the_last_row_is_found_in_what_was_stored(self):
        honest, other = self.bench.made_up_file(100), self.bench.agency_file(100)
        stored = self.bench.directory / "stored.csv"
        rows = b"".join(b"1," + row for row in honest.read_bytes().splitlines(keepends=True))
        stored.write_bytes(rows + other.read_bytes())
        self.assertLess(files.place_of_last_row(honest, stored), 0.6)
        stored.write_bytes(other.read_bytes() + rows)
        self.assertGreater(files.place_of_last_row(honest, stored), 0.9)

    def test_each_scenario_has_figures_and_tells_whether_targets_are_met(self):
        self.bench.runs = 2
        for name, scenario in scenarios.ALL.items():
            with self.subTest(name):
                report = scenario(self.bench)
                self.assertEqual(report.name, name)
                self.assertTrue(all(len(figure.values) == 2 for figure in report.figures.values()))
                self.assertTrue(all(row[-1] in ("met", "not met") for row in report.targets()))
                self.assertTrue(list(report.markdown()))


if __name__ == "__main__":
    main.raise_descriptor_limit()
    unittest.main()
