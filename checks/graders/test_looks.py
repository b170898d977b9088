"""Tests the looks at the merged log, without Docker: they accept a right log, and each finds what
it is for."""

import re

import pytest

from graders import looks
from lottery.log import Log, parse_merged


def as_printed(text):
    """Lines "SOURCE: ACTION | …" as Compose prints them; its own stay as they are."""
    printed = "\x1b[2K\\1  | 2026-03-17 10:15:01 INFO     action: \\2"
    return [re.sub("^([a-z0-9]+): (.*)", printed, line) for line in text.splitlines()]


LOTTERY = as_printed("""\
server: config | result: success | port: 12345
server: apuesta_recibida | result: success | cantidad: 10
server: apuesta_recibida | result: success | cantidad: 10
server: apuesta_recibida | result: success | cantidad: 3
server: sorteo | result: success
client2: consulta_ganadores | result: success | cant_ganadores: 0
client1: consulta_ganadores | result: success | cant_ganadores: 2
client1: close_file | result: success | client_id: 1 | file: /data.csv
client2: close_file | result: success | client_id: 2 | file: /data.csv
client1: close_socket | result: success | client_id: 1
client2: close_socket | result: success | client_id: 2
client1: exit | result: success
client2: exit | result: success
client1 exited with code 0
client2 exited with code 0
""")
ASKED = looks.Asked(clients=2, bets=[13, 10], winners=["2", "0"], max_amount=10,
                    server_config={"port": "12345"})

BET = as_printed("""\
server: apuesta_almacenada | result: success | dni: 7 | numero: 1
client1: apuesta_enviada | result: success | dni: 7 | numero: 1
client1: exit | result: success
client1 exited with code 0
""")

ECHO = as_printed("""\
server: receive_message | result: success | ip: 172.25.125.3 | msg: [CLIENT 1] Message N°1
client1: receive_message | result: success | client_id: 1 | msg: [CLIENT 1] Message N°1
client1: loop_finished | result: success | client_id: 1
client1: exit | result: success
client1 exited with code 0
""")

STOP = as_printed("""\
server: accept_connections | result: in_progress
server: accept_connections | result: success | ip: 172.25.125.3
server: accept_connections | result: in_progress
client1: close_socket | result: success | client_id: 1
client1: exit | result: success
client1 exited with code 0
server: close_socket | result: success | socket: listener
server: close_socket | result: success | ip: 172.25.125.3
server: close_worker | result: success | ip: 172.25.125.3
server: close_workers | result: success | cantidad: 1
server: close_worker | result: success | worker: draw
server: close_file | result: success | file: bets.csv
server: close_file | result: success | file: finished.csv
server: close_directory | result: success | directory: /data
server: exit | result: success
server exited with code 0
""")

RIGHT = {
    "lottery": (looks.LOTTERY, LOTTERY, ASKED),
    "bet": (looks.BET, BET, looks.Asked(clients=1, single_bets=[("7", "1")])),
    "echo": (looks.ECHO, ECHO, looks.Asked(clients=1, loop_amount=1)),
    "stop": (looks.SIGTERM + looks.STOPPED, STOP, looks.Asked(clients=1)),
}


def wrong(lines):
    """Yields the log with each line missing, twice, at the next one's place, at the end, with other
    numbers, or of a failure."""
    for place, line in enumerate(lines):
        before, after = lines[:place], lines[place + 1:]
        for instead in ([], [line, line], [re.sub(r"\d(?= \||$)", "7", line)],
                        [line.replace("success", "fail")]):
            yield place, [*before, *instead, *after]
        yield place, [*before, *after[:1], line, *after[1:]]
        yield place, [*before, *after, line]


def found(wanted, lines, asked):
    log = Log(map(parse_merged, lines))
    return {look for look in wanted if look(log, asked)}


@pytest.mark.parametrize("name", RIGHT)
def test_each_look_finds_what_it_is_for(name):
    wanted, lines, asked = RIGHT[name]
    assert not found(wanted, lines, asked)
    finders = [(place, found(wanted, other, asked)) for place, other in wrong(lines)]
    assert set().union(*(looks for _, looks in finders)) >= set(wanted) - {
        looks.configuration_is_told, looks.nothing_fails}
    # What becomes of any line is noticed, but for the exits that BET does not look at.
    noticed = {place for place, looks in finders if looks}
    assert noticed >= set(range(len(lines) - (name == "bet")))


def test_the_configuration_and_failures_are_looked_at():
    assert found(looks.LOTTERY, LOTTERY[1:], ASKED) == {looks.configuration_is_told}
    failed = [*LOTTERY, LOTTERY[1].replace("success", "fail")]
    assert found(looks.LOTTERY, failed, ASKED) == {looks.nothing_fails}
