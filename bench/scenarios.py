"""What is measured. Each scenario is one run, and yields figures by name, with their unit."""

import subprocess
import time

import pandas

from lottery import log
from lottery.processes import Deadline, Failure, Process
from programs import WINDOW, Copier, Ours, cpu, fields, finish, rows


def real(bench):
    """The course's data: the server and five agencies."""
    # Last the one without sync: the kernel goes on writing what was not synced.
    for name, side in (("durable copier", Copier(bench, "each", 1)), ("ours", Ours(bench)),
                       ("copier without sync", Copier(bench, "none", 1))):
        seconds, *_ = bench.hold(side, bench.course)
        yield f"{name}: time (ms)", seconds * 1000


def flood(bench):
    """Eight agencies at full speed."""
    bets, agencies = bench.amount(1_250_000, 5_000), 8
    total = bets * agencies
    for side in (Copier(bench, "group", bench.window or WINDOW), Ours(bench)):
        seconds, server, clients = bench.hold(side, [bench.agency_file(bets)] * agencies)
        yield f"{side.name}: time (ms)", seconds * 1000
        yield f"{side.name}: rate (M bets/s)", total / seconds / 1e6
        for kind, used in zip(("own ", "kernel's ", ""), cpu(server, *clients)):
            yield f"{side.name}: {kind}CPU (ns a bet)", used / total * 1e9
    yield "server memory (MB)", server.memory / 1e6
    yield "agency memory (MB)", max(client.memory for client in clients) / 1e6


def crowd(bench):
    """100,000 bets from ever more agencies, all connecting at once."""
    bets = bench.amount(100_000, 1_000)
    for agencies in bench.amount((10, 1_000, 10_000), (1, 100)):
        file = bench.agency_file(bets // agencies)
        for side in (Copier(bench, "epoll"), Ours(bench)):
            with side.serving(rows(file) * agencies, agencies) as (server, port):
                load = side.start_crowd(port, file, agencies)
                finish([load])
            seconds = float(fields(load, "seconds: ")["seconds"])
            yield f"{agencies} {side.name}: time (ms)", seconds * 1000
            yield (f"{agencies} {side.name}: CPU (µs a connection)",
                   cpu(load, server)[-1] / agencies * 1e6)
        yield f"{agencies} server: CPU (µs a connection)", cpu(server)[-1] / agencies * 1e6
        yield f"{agencies} server memory (MB)", server.memory / 1e6
        yield f"{agencies} server threads", server.threads


def fair(bench):
    """An agency that waits for each STORED, beside five agencies that flood the server."""
    flooders, flood = 5, bench.agency_file(bench.amount(2_500_000, 50_000))
    # Few batches of 150: the flood must outlast them.
    honest = bench.directory / "honest.csv"
    honest.write_bytes(b"".join(
        b"Honest," + row.partition(b",")[2]
        for row in bench.agency_file(bench.amount(15_000, 300)).read_bytes().splitlines(True)))
    total = rows(honest) + rows(flood) * flooders
    stored = bench.run / "bets.csv"
    for side in (Copier(bench, "group"), Ours(bench)):
        with side.serving(total, flooders + 1) as (_, port):
            others = [side.start_agency(number, port, flood) for number in range(2, flooders + 2)]
            begun = flood.stat().st_size * flooders / 20
            Deadline(60).wait(lambda: stored.stat().st_size > begun, "the flood")
            agency = side.start_crowd(port, honest, 1, window=1)
            finish([agency, *others])
        place = stored.read_bytes().rfind(b"Honest,") / stored.stat().st_size
        if not bench.is_quick and place > 0.97:
            raise Failure(f"the flood ended too early: the agency's last bet is at {place:.0%}")
        waits = pandas.Series([float(line.removeprefix("waited: "))
                               for line in agency.text().splitlines() if "waited: " in line])
        for part in (50, 99):
            yield (f"{side.name} beside the flood: p{part} (ms)",
                   waits.quantile(part / 100, interpolation="lower"))


def growth(bench):
    """A server that starts with the files of a lottery whose agencies have all finished: it reads
    them, and holds the draw at once."""
    agencies, ours = 5, Ours(bench)
    bench.prepare()
    bets = bench.write_store(bench.amount(10, 1), agencies)
    buffer, start = bytearray(256 * 1024), time.monotonic()
    with open(bench.run / "bets.csv", "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    yield "read (ms)", (time.monotonic() - start) * 1000
    server, _ = ours.start_server(agencies, LOGGING_LEVEL="DEBUG")
    recovery = fields(server, "action: recovery | result: success")
    if (int(recovery["bets"]), int(recovery["finished"])) != (bets, agencies):
        raise Failure(f"not all is recovered: {recovery}")
    yield "recovery (ms)", log.seconds(recovery["duration"]) * 1000
    draw = fields(server, "action: draw | result: success")
    yield "draw (ms)", log.seconds(draw["duration"]) * 1000
    ours.stop(server, bets)


def start(bench):
    """The cost of a process: an agency with one bet, and a static C program that does nothing."""
    processes, file = bench.amount(100, 5), bench.agency_file(1)
    empty = bench.directory / "empty"
    if not empty.exists():
        subprocess.run(["clang", "-static", "-O2", "-x", "c", "-o", empty, "-"],
                       input=b"int main(void) { return 0; }", check=True)
    bench.prepare()
    programs = []
    for number in range(processes):
        programs.append(Process([empty], {}, bench.run / f"empty-{number}.log"))
        finish(programs[-1:])
    yield "empty C program: CPU (ms)", cpu(*programs)[-1] / processes * 1000
    _, _, agencies = bench.hold(Ours(bench), [file] * processes)
    yield "agency with one bet: CPU (ms)", cpu(*agencies)[-1] / processes * 1000


ALL = {scenario.__name__: scenario for scenario in (real, flood, crowd, fair, growth, start)}
