"""The scenarios. Each returns a report of some runs, next to those of its references."""

import math
import shutil

from figures import Plot, Report, number
from files import place_of_last_row, read, rows, write_store
from programs import BATCH, LISTENING, WINDOW, field, finish, seconds, stop, system, user
from processes import Deadline, Failure


def real(bench):
    """The course's lottery, from the start of the agencies to the last one's winners."""
    report = _course(bench, Report("real", "the course's data: 5 agencies"), 5)
    report.aim("ours", "durable copier", at_most=0.55)
    report.aim("ours", "copier without sync", at_most=2)
    return report


def fifty(bench):
    """Ten times the course's lottery: each file belongs to ten agencies."""
    report = _course(bench, Report("fifty", "ten times the course's data: 50 agencies"), 50)
    report.compare("ours", "durable copier", "copier without sync")
    report.aim("ours", at_most=500)
    return report


def _course(bench, report, agencies):
    files = [bench.course[index % 5] for index in range(agencies)]
    for _ in bench.rounds(report.name):
        durable = bench.copy(files, "--sync", window=1)
        report.record("durable copier", durable.milliseconds, "ms")
        report.record("ours", bench.hold(files).milliseconds, "ms")
        # Last: the kernel goes on writing what was not synced.
        unsynced = bench.copy(files, window=1)
        report.record("copier without sync", unsynced.milliseconds, "ms")
    report.plot = Plot(report.title, "bars", [[name, name] for name in report.figures])
    return report


def flood(bench):
    """More bets than fit into memory, at full speed."""
    bets, agencies = bench.amount(1_250_000, 100_000, 5_000), 8
    files = [bench.agency_file(bets)] * agencies
    total = bets * agencies
    report = Report("flood", f"{agencies} agencies with {number(bets)} bets each, durable")
    for _ in bench.rounds(report.name):
        window = bench.window or WINDOW
        copier = bench.copy(files, "--sync", "--group", window=window)
        each = bench.copy(files, "--sync", "--group", window=window, each=True)
        ours = bench.hold(files, looks=True)
        for name, outcome in (("copier", copier), ("copier, each", each), ("ours", ours)):
            programs = outcome.server, *outcome.agencies
            report.record(f"{name}: time", outcome.milliseconds, "ms")
            report.record(f"{name}: rate", total / outcome.seconds / 1e6, "M bets/s")
            report.record(f"{name}: own CPU", user(*programs) / total * 1e9, "ns a bet")
            report.record(f"{name}: kernel's CPU", system(*programs) / total * 1e9, "ns a bet")
            report.record(f"{name}: CPU", _cpu(*programs) / total * 1e9, "ns a bet")
        report.record("server memory", ours.server.memory / 1e6, "MB")
        report.record("agency memory",
                      max(agency.memory for agency in ours.agencies) / 1e6, "MB")
    for figure in ("time", "own CPU", "kernel's CPU", "CPU"):
        report.compare(f"ours: {figure}", f"copier: {figure}", f"copier, each: {figure}")
    report.aim("ours: time", "copier: time", at_most=1.25)
    report.aim("ours: own CPU", at_most=85)
    report.aim("agency memory", at_most=10.7)
    report.plot = Plot(f"Bets a second: {report.title}", "bars",
                       [[name, f"{name}: rate"] for name in ("copier", "copier, each", "ours")])
    return report


def crowd(bench):
    """The same bets from few agencies and from many, all connecting at once."""
    bets, window = bench.amount(100_000, 100_000, 1_000), bench.window or WINDOW
    crowds = bench.amount((1, 10, 100, 1_000, 10_000), (1, 10, 100, 1_000, 10_000), (1, 10, 100))
    report = Report("crowd", f"{number(bets)} bets from ever more agencies, durable")
    for _ in bench.rounds(report.name):
        for agencies in crowds:
            file = bench.agency_file(bets // agencies)
            _copy_crowd(bench, report, agencies, window, file)
            _play_crowd(bench, report, agencies, window, file)
        _count_calls(bench, report, bench.amount(1_000, 100, 10), window)
    for agencies in crowds:
        report.compare(f"{agencies}: time", f"{agencies}: copier's time")
        if agencies != 10:
            report.compare(f"{agencies}: time", "10: time")
            report.compare(f"{agencies}: copier's time", "10: copier's time")
    largest = crowds[-1]
    report.aim(f"{largest}: time", f"{largest}: copier's time", at_most=2.2)
    report.aim(f"{largest}: CPU", at_most=300)
    report.aim(f"{largest}: server memory", at_most=128)
    if 1_000 in crowds:
        report.aim("1000: server memory", at_most=30)
        report.aim("1000: server threads", at_most=16)
    report.plot = Plot(f"{number(bets)} bets by number of agencies, durable", "lines", [
        [label, [[agencies, f"{agencies}: {figure}"] for agencies in crowds]]
        for label, figure in (("ours", "time"), ("copier", "copier's time"))])
    return report


def _copy_crowd(bench, report, agencies, window, file):
    with bench.copying(rows(file) * agencies, agencies, "--sync", "--epoll", window=window) as (
            server, port):
        crowd = bench.start_copying(server.directory, "crowd", port, file, window, agencies)
        finish([crowd])
    report.record(f"{agencies}: copier's time", crowd.number("seconds") * 1000, "ms")
    report.record(f"{agencies}: copier's CPU", _cpu(crowd, server) / agencies * 1e6,
                  "µs a connection")


def _play_crowd(bench, report, agencies, window, file):
    with bench.serving(rows(file) * agencies, agencies) as (server, port):
        crowd = bench.start_crowd(server.directory, port, agencies, window, file)
        finish([crowd], [server])
    report.record(f"{agencies}: time", crowd.number("seconds") * 1000, "ms")
    report.record(f"{agencies}: CPU", _cpu(crowd, server) / agencies * 1e6, "µs a connection")
    report.record(f"{agencies}: server CPU", _cpu(server), "s")
    report.record(f"{agencies}: agencies CPU", _cpu(crowd), "s")
    report.record(f"{agencies}: server memory", server.memory / 1e6, "MB")
    report.record(f"{agencies}: server threads", server.threads, "threads")


def _cpu(*programs):
    return user(*programs) + system(*programs)


def _count_calls(bench, report, agencies, window):
    """Counts the server's system calls, if strace is installed and may watch it."""
    if not shutil.which("strace"):
        return
    server, port = bench.start_server(bench.empty("server"), agencies)
    server.line(LISTENING)
    counts = server.directory / "calls"
    strace = bench.start(server.directory, "strace", [
        "strace", "-f", "-c", "-o", counts, "-p", server.pid])
    try:
        strace.line("attached")
        finish([bench.start_crowd(server.directory, port, agencies, window, bench.agency_file(10))])
    except Failure:
        if strace.status is None:
            raise
        server.kill()
        return
    stop(server)
    finish([strace])
    # % time, seconds, usecs/call, calls, errors, syscall
    total = counts.read_text().splitlines()[-1].split()
    report.record("server's system calls", int(total[3]) / agencies, "a connection")


def far(bench):
    """An agency a tenth of a second away from the server."""
    bets, delay = bench.amount(27_000, 2_700, 300), 50
    file = bench.agency_file(bets)
    report = Report(
        "far", f"an agency with {number(bets)} bets, {2 * delay} ms of round trip")
    for _ in bench.rounds(report.name):
        single = bench.hold([file], window=1, delay=delay)
        report.record("stop-and-wait", single.milliseconds, "ms")
        report.record("ours", bench.hold([file], delay=delay).milliseconds, "ms")
    report.compare("ours", "stop-and-wait")
    report.aim("ours", at_most=1020)
    return report


def fair(bench):
    """An agency that waits for each answer, beside agencies that flood, and alone."""
    bets, flooders = bench.amount(2_500_000, 500_000, 50_000), 5
    # At most 100 batches: the flood lasts longer, even if syncs are slow.
    honest = bench.made_up_file(BATCH * bench.amount(100, 20, 2))
    floods = {"alone": [], "beside the flood": [bench.agency_file(bets)] * flooders}
    report = Report("fair", f"an agency's wait for STORED beside {flooders} agencies with "
                            f"{number(bets)} bets each, and alone, durable")
    for _ in bench.rounds(report.name):
        for place, flood in floods.items():
            for name, play in (("copier", _copy_beside), ("ours", _play_beside)):
                agency = play(bench, honest, flood)
                for part in ("p50", "p99"):
                    report.record(f"{name} {place}: {part}", agency.number(part), "ms")
    for part in ("p50", "p99"):
        for place in floods:
            report.compare(f"ours {place}: {part}", f"copier {place}: {part}")
    report.plot = Plot("p99 of an agency's wait for STORED", "bars", [
        [f"{name}, {place}", f"{name} {place}: p99"]
        for place in floods for name in ("copier", "ours")])
    return report


def _play_beside(bench, honest, flood):
    with bench.serving(_sum_of_rows(honest, flood), len(flood) + 1) as (server, port):
        flooders = [bench.start_agency(server.directory, number, port, file)
                    for number, file in enumerate(flood, 2)]
        _wait_for_flood(server.directory, flood)
        agency = bench.start_crowd(server.directory, port, 1, 1, honest)
        finish([agency, *flooders])
    _check_flood(bench, server.directory, honest, flood)
    return agency


def _copy_beside(bench, honest, flood):
    window = bench.window or WINDOW
    with bench.copying(_sum_of_rows(honest, flood), len(flood) + 1, "--sync", "--group",
                       window=window) as (server, port):
        flooders = [bench.start_copying(server.directory, number, port, file, window)
                    for number, file in enumerate(flood, 2)]
        _wait_for_flood(server.directory, flood)
        agency = bench.start_copying(server.directory, 1, port, honest, window=1)
        finish([agency, *flooders])
    _check_flood(bench, server.directory, honest, flood)
    return agency


def _sum_of_rows(honest, flood):
    return rows(honest) + sum(map(rows, flood))


def _wait_for_flood(directory, flood):
    size = sum(file.stat().st_size for file in flood) / 20
    if flood:
        Deadline(60).wait(lambda: (directory / "bets.csv").stat().st_size > size, "the flood")


def _check_flood(bench, directory, honest, flood):
    # With little data the flood does not last.
    if bench.size == "tiny" or not flood:
        return
    if (place := place_of_last_row(honest, directory / "bets.csv")) > 0.97:
        raise Failure(f"the flood ended too early: the honest agency's last bet is at {place:.0%}")


def growth(bench):
    """A server that starts with the files of a lottery whose agencies have all finished. It reads
    them, and holds the draw at once."""
    report = Report("growth", "recovery and draw over files of growing size, in the page cache")
    block, agencies = bench.amount(1_000_000, 1_000_000, 10_000), 5
    for copies in bench.amount((1, 10, 50), (1,), (1,)):
        size = f"{number(block * copies / 1e6)} M bets"
        directory = bench.empty("server")
        bets = write_store(directory, bench.agency_file(block), copies, agencies)
        for _ in bench.rounds(f"{report.name}, {size}"):
            _start_over(bench, report, size, directory, bets, agencies)
        for stage in ("recovery", "draw"):
            report.compare(f"{size}: {stage}", f"{size}: read")
    report.aim(f"{size}: recovery rate", at_least=3)
    report.aim(f"{size}: draw rate", at_least=6)
    return report


def _start_over(bench, report, size, directory, bets, agencies):
    times = {"read": read(directory / "bets.csv")[0]}
    server, _ = bench.start_server(directory, agencies, LOGGING_LEVEL="DEBUG")
    recovery = server.line("action: recovery | result: success")
    if (int(field(recovery, "bets")), int(field(recovery, "finished"))) != (bets, agencies):
        raise Failure(f"not all is recovered: {recovery}")
    times["recovery"] = seconds(field(recovery, "duration"))
    times["draw"] = seconds(field(server.line("action: draw | result: success"), "duration"))
    stop(server)
    for stage, taken in times.items():
        report.record(f"{size}: {stage}", taken * 1000, "ms")
    for stage, taken in times.items():
        gigabytes = (directory / "bets.csv").stat().st_size / 1e9
        report.record(f"{size}: {stage} rate", gigabytes / taken, "GB/s")
    report.record(f"{size}: server memory", server.memory / 1e6, "MB")


def codec(bench):
    """Each stage of a bet's way alone, in one thread and in memory."""
    bets = bench.amount(1_000_000, 100_000, 1_000)
    file = bench.agency_file(bets)
    directory = bench.empty("server")
    stages = ("csv to wire", "wire to csv")
    report = Report("codec", f"each stage alone over {number(bets)} bets, by CPU time")
    for _ in bench.rounds(report.name):
        program = bench.start(directory, "codec", [
            bench.own_programs / "lottery-load", "codec", file])
        finish([program])
        if program.number("batches") != math.ceil(bets / BATCH):
            raise Failure(f"not as many batches as {bets} bets need: {program.line('batches: ')}")
        report.record("read", bets / read(file)[1] / 1e6, "M bets/s")
        for stage in stages:
            line = f"stage: {stage} | "
            if program.number("result", line) != bets:
                raise Failure(f"{stage}: not {bets}: {program.line(line)}")
            report.record(stage, bets / program.number("seconds", line) / 1e6, "M bets/s")
    for stage in stages:
        report.compare(stage, "read")
    report.aim("csv to wire", at_least=28)
    report.aim("wire to csv", at_least=35)
    return report


ALL = {scenario.__name__: scenario
       for scenario in (real, fifty, flood, crowd, far, fair, growth, codec)}
