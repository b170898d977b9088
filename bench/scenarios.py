"""What is measured. Each scenario is one run, and yields figures by name, with their unit."""

import subprocess
import time

from lottery import log
from lottery.processes import Deadline, Failure
from programs import BATCH, WINDOW, Program, check_rows, cpu, finish, last_row_at, rows, stop


def real(bench):
    """The course's data: the server and five agencies."""
    files = bench.course
    yield "durable copier: time (ms)", bench.copy(files, "each", 1).milliseconds
    yield "ours: time (ms)", bench.hold(files).milliseconds
    # Last: the kernel goes on writing what was not synced.
    yield "copier without sync: time (ms)", bench.copy(files, "none", 1).milliseconds


def flood(bench):
    """Eight agencies at full speed."""
    bets, agencies = bench.amount(1_250_000, 5_000), 8
    files, total = [bench.agency_file(bets)] * agencies, bets * agencies
    copier = bench.copy(files, "group", bench.window or WINDOW)
    ours = bench.hold(files, looks=True)
    for name, held in (("copier", copier), ("ours", ours)):
        yield f"{name}: time (ms)", held.milliseconds
        yield f"{name}: rate (M bets/s)", total / held.seconds / 1e6
        for kind, seconds in zip(("own ", "kernel's ", ""), cpu(held.server, *held.agencies)):
            yield f"{name}: {kind}CPU (ns a bet)", seconds / total * 1e9
    yield "server memory (MB)", ours.server.memory / 1e6
    yield "agency memory (MB)", max(agency.memory for agency in ours.agencies) / 1e6


def crowd(bench):
    """100,000 bets from ever more agencies, all connecting at once."""
    bets = bench.amount(100_000, 1_000)
    for agencies in bench.amount((10, 1_000, 10_000), (1, 100)):
        file = bench.agency_file(bets // agencies)
        total = rows(file) * agencies
        with bench.copying(total, agencies, "epoll") as (server, port, stored):
            copied = bench.start_copying(stored.parent, "crowd", port, file, agencies=agencies)
            finish([copied])
        yield f"{agencies} copier: time (ms)", copied.number("seconds") * 1000
        yield f"{agencies} copier: CPU (µs a connection)", cpu(copied, server)[-1] / agencies * 1e6
        with bench.serving(total, agencies) as (server, port, stored):
            ours = bench.start_crowd(stored.parent, port, agencies, WINDOW, file)
            finish([ours], [server])
        yield f"{agencies} ours: time (ms)", ours.number("seconds") * 1000
        yield f"{agencies} ours: CPU (µs a connection)", cpu(ours, server)[-1] / agencies * 1e6
        yield f"{agencies} server: CPU (µs a connection)", cpu(server)[-1] / agencies * 1e6
        yield f"{agencies} server memory (MB)", server.memory / 1e6
        yield f"{agencies} server threads", server.threads


def fair(bench):
    """An agency that waits for each STORED, beside five agencies that flood the server."""
    bets, flooders = bench.amount(2_500_000, 50_000), 5
    flood = [bench.agency_file(bets)] * flooders
    # Few batches: the flood must outlast them.
    honest = bench.made_up_file(BATCH * bench.amount(100, 2))
    total = rows(honest) + sum(map(rows, flood))
    for name in ("copier", "ours"):
        is_ours = name == "ours"
        start = bench.start_agency if is_ours else bench.start_copying
        with (bench.serving(total, flooders + 1) if is_ours else
              bench.copying(total, flooders + 1, "group")) as (server, port, stored):
            others = [start(stored.parent, number, port, file)
                      for number, file in enumerate(flood, 2)]
            begun = sum(file.stat().st_size for file in flood) / 20
            Deadline(60).wait(lambda: stored.stat().st_size > begun, "the flood")
            agency = (bench.start_crowd(stored.parent, port, 1, 1, honest) if is_ours else
                      bench.start_copying(stored.parent, "honest", port, honest, window=1))
            finish([agency, *others])
        if not bench.is_quick and (place := last_row_at(honest, stored)) > 0.97:
            raise Failure(f"the flood ended too early: the agency's last bet is at {place:.0%}")
        for part in ("p50", "p99"):
            yield f"{name} beside the flood: {part} (ms)", agency.number(part)


def growth(bench):
    """A server that starts with the files of a lottery whose agencies have all finished: it reads
    them, and holds the draw at once."""
    agencies, directory = 5, bench.empty("server")
    bets = bench.write_store(directory, bench.amount(10, 1), agencies)
    path = directory / "bets.csv"
    buffer, start = bytearray(256 * 1024), time.monotonic()
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    yield "read (ms)", (time.monotonic() - start) * 1000
    server, _ = bench.start_server(directory, agencies, LOGGING_LEVEL="DEBUG")
    recovery = server.line("action: recovery | result: success")
    if (int(recovery["bets"]), int(recovery["finished"])) != (bets, agencies):
        raise Failure(f"not all is recovered: {recovery.text}")
    yield "recovery (ms)", log.seconds(recovery["duration"]) * 1000
    draw = server.line("action: draw | result: success")
    yield "draw (ms)", log.seconds(draw["duration"]) * 1000
    stop(server)
    check_rows(path, bets)


def start(bench):
    """The cost of a process: an agency with one bet, and a static C program that does nothing."""
    processes, file = bench.amount(100, 5), bench.agency_file(1)
    empty = bench.directory / "empty"
    if not empty.exists():
        subprocess.run(["clang", "-static", "-O2", "-x", "c", "-o", empty, "-"],
                       input=b"int main(void) { return 0; }", check=True)
    directory = bench.empty("empty-logs")
    programs = []
    for number in range(processes):
        programs.append(Program([empty], {}, directory / f"empty-{number}.log"))
        finish(programs[-1:])
    yield "empty C program: CPU (ms)", cpu(*programs)[-1] / processes * 1000
    ours = bench.hold([file] * processes)
    yield "agency with one bet: CPU (ms)", cpu(*ours.agencies)[-1] / processes * 1000


ALL = {scenario.__name__: scenario for scenario in (real, flood, crowd, fair, growth, start)}
