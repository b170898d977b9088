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
ASKED_BET = looks.Asked(clients=1, single_bets=[("7", "1")])

ECHO = as_printed("""\
server: receive_message | result: success | ip: 172.25.125.3 | msg: [CLIENT 1] Message N°1
client1: receive_message | result: success | client_id: 1 | msg: [CLIENT 1] Message N°1
client1: loop_finished | result: success | client_id: 1
client1: exit | result: success
client1 exited with code 0
""")
ASKED_ECHO = looks.Asked(clients=1, loop_amount=1)

STOP = as_printed("""\
server: accept_connections | result: in_progress
server: accept_connections | result: success | ip: 172.25.125.3
server: accept_connections | result: in_progress
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
ASKED_STOP = looks.Asked(clients=1)

RIGHT = ((looks.LOTTERY, LOTTERY, ASKED), (looks.BET, BET, ASKED_BET),
         (looks.ECHO, ECHO, ASKED_ECHO), (looks.SIGTERM, STOP, ASKED_STOP))


def moved(lines, place, to):
    lines = list(lines)
    lines.insert(to, lines.pop(place))
    return lines


def without(lines, place):
    return lines[:place] + lines[place + 1:]


def changed(lines, place, old, new):
    assert old in lines[place]
    return [*lines[:place], lines[place].replace(old, new), *lines[place + 1:]]


# A check, a log in which it must find something, and what was asked.
WRONG = (
    (looks.each_client_exits_once, without(LOTTERY, 12), ASKED),
    (looks.each_client_exits_once, [*LOTTERY, LOTTERY[12]], ASKED),
    (looks.each_client_closes, without(LOTTERY, 8), ASKED),
    (looks.each_client_closes, without(LOTTERY, 9), ASKED),
    (looks.each_client_closes, moved(LOTTERY, 9, 13), ASKED),
    (looks.compose_tells_exits, without(LOTTERY, 14), ASKED),
    (looks.compose_tells_exits, changed(LOTTERY, 14, "code 0", "code 137"), ASKED),
    (looks.nothing_fails, changed(LOTTERY, 2, "success", "fail"), ASKED),
    (looks.configuration_is_told, changed(LOTTERY, 0, "12345", "23456"), ASKED),
    (looks.configuration_is_told, without(LOTTERY, 0), ASKED),
    (looks.batches_are_full, changed(changed(LOTTERY, 1, "10", "7"), 3, "3", "6"), ASKED),
    (looks.batches_are_full, without(LOTTERY, 2), ASKED),
    (looks.received_before_exits, moved(LOTTERY, 3, 11), ASKED),
    (looks.draw_is_held_once, [*LOTTERY, LOTTERY[4]], ASKED),
    (looks.draw_is_held_once, without(LOTTERY, 4), ASKED),
    (looks.draw_before_winners, moved(LOTTERY, 4, 5), ASKED),
    (looks.draw_before_winners, without(LOTTERY, 4), ASKED),
    (looks.no_bet_after_the_draw, moved(LOTTERY, 3, 4), ASKED),
    (looks.winners_are_right, changed(LOTTERY, 6, "ganadores: 2", "ganadores: 1"), ASKED),
    (looks.winners_are_right, [*LOTTERY, LOTTERY[6]], ASKED),
    (looks.each_bet_is_stored, without(BET, 0), ASKED_BET),
    (looks.each_bet_is_sent, changed(BET, 1, "numero: 1", "numero: 2"), ASKED_BET),
    (looks.each_line_comes_back, without(ECHO, 1), ASKED_ECHO),
    (looks.each_line_comes_back, [*ECHO, ECHO[1]], ASKED_ECHO),
    (looks.each_loop_finishes, without(ECHO, 2), ASKED_ECHO),
    (looks.server_receives_before_exit, moved(ECHO, 0, 3), ASKED_ECHO),
    *((looks.everything_is_closed, without(STOP, place), ASKED_STOP)
      for place in (5, 8, 9, 10, 11, 12)),
    (looks.everything_is_closed, moved(STOP, 12, 13), ASKED_STOP),
    (looks.each_worker_ends_after_its_socket, without(STOP, 6), ASKED_STOP),
    (looks.each_worker_ends_after_its_socket, without(STOP, 7), ASKED_STOP),
    (looks.each_worker_ends_after_its_socket, moved(STOP, 7, 6), ASKED_STOP),
    (looks.each_accept_is_waited_for, without(STOP, 0), ASKED_STOP),
    (looks.each_accept_is_waited_for, without(STOP, 1), ASKED_STOP),
    (looks.compose_tells_all_exits, without(STOP, 14), ASKED_STOP),
)


def log_of(lines):
    return Log(map(parse_merged, lines))


@pytest.mark.parametrize("wanted, lines, asked", RIGHT)
def test_nothing_is_found_in_a_right_log(wanted, lines, asked):
    assert not any(look(log_of(lines), asked) for look in wanted)


@pytest.mark.parametrize("look, lines, asked", WRONG)
def test_what_is_wrong_is_found(look, lines, asked):
    assert look(log_of(lines), asked)


def test_each_look_is_tested():
    assert {look for wanted, _, _ in RIGHT for look in wanted} == {look for look, _, _ in WRONG}
