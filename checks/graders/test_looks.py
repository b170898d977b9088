"""Tests the looks at the merged log, without Docker: they accept a right log, and find what is
wrong with another."""

import re

import pytest

from graders import looks
from lottery.log import Log, parse_merged

# Right logs. After a + a line must be there once, and after a < it must not be the last one. The
# others must be there, but for the one after a ?, which must not be there twice.
LOTTERY = """\
  server: config | result: success | port: 12345
+<server: apuesta_recibida | result: success | cantidad: 10
+<server: apuesta_recibida | result: success | cantidad: 10
+<server: apuesta_recibida | result: success | cantidad: 3
+<server: sorteo | result: success
+ client2: consulta_ganadores | result: success | cant_ganadores: 0
+ client1: consulta_ganadores | result: success | cant_ganadores: 2
 <client1: close_file | result: success | client_id: 1 | file: /data.csv
 <client2: close_file | result: success | client_id: 2 | file: /data.csv
 <client1: close_socket | result: success | client_id: 1
 <client2: close_socket | result: success | client_id: 2
+ client1: exit | result: success
+ client2: exit | result: success
  client1 exited with code 0
  client2 exited with code 0
"""
BET = """\
+ server: apuesta_almacenada | result: success | dni: 7 | numero: 1
 <client1: close_socket | result: success | client_id: 1
+ client1: apuesta_enviada | result: success | dni: 7 | numero: 1
+ client1: exit | result: success
"""
ECHO = """\
 <server: receive_message | result: success | ip: 172.25.125.3 | msg: [CLIENT 1] Message N°1
+ client1: receive_message | result: success | client_id: 1 | msg: [CLIENT 1] Message N°1
 <client1: close_socket | result: success | client_id: 1
+ client1: loop_finished | result: success | client_id: 1
+ client1: exit | result: success
  client1 exited with code 0
"""
STOP = """\
+<server: accept_connections | result: in_progress
+<server: accept_connections | result: success | ip: 172.25.125.3
? server: accept_connections | result: in_progress
 <client1: close_socket | result: success | client_id: 1
+ client1: exit | result: success
  client1 exited with code 0
 <server: close_socket | result: success | socket: listener
+<server: close_socket | result: success | ip: 172.25.125.3
+ server: close_worker | result: success | ip: 172.25.125.3
 <server: close_workers | result: success | cantidad: 1
 <server: close_worker | result: success | worker: draw
 <server: close_file | result: success | file: bets.csv
 <server: close_file | result: success | file: finished.csv
 <server: close_directory | result: success | directory: /data
+ server: exit | result: success
  server exited with code 0
"""


def lottery(log):
    asked = looks.Asked("lottery", 2, bets=[13, 10], winners=["2", "0"], max_amount=10,
                        configurations={"server": {"port": "12345"}})
    return [*looks.until_the_last_exit(log, asked), *looks.exits(log, asked.names)]


def bet(log):
    return [*looks.until_the_last_exit(log, looks.Asked("bet", 1, single_bets=[("7", "1")]))]


def echo(log):
    asked = looks.Asked("echo", 1, loop_amount=1)
    return [*looks.until_the_last_exit(log, asked), *looks.exits(log, asked.names)]


def stop(log):
    return [*looks.how_clients_end(log, looks.Asked("echo", 1)), *looks.how_the_server_ends(log),
            *looks.exits(log, ["client1", "server"])]


@pytest.mark.parametrize("look, text", [
    pytest.param(lottery, LOTTERY, id="lottery"), pytest.param(bet, BET, id="bet"),
    pytest.param(echo, ECHO, id="echo"), pytest.param(stop, STOP, id="stop")])
def test_what_is_wrong_with_a_log_is_found(look, text):
    def finds(lines):
        printed = "\x1b[2K\\1  | 2026-03-17 10:15:01 INFO     action: \\2"
        return look(Log(parse_merged(re.sub("^([a-z0-9]+): (.*)", printed, line[2:]))
                        for line in lines)) != []

    lines = text.splitlines()
    assert not finds(lines)
    for place, line in enumerate(lines):
        before, after = lines[:place], lines[place + 1:]
        assert finds(before + after) == (line[0] != "?"), line
        failed = line.replace("success", "fail")
        assert failed == line or finds([*before, failed, *after]), line
        assert not re.search("(recibida|ganadores|port|code|numero|N°).*[0-9]$", line) or finds(
            [*before, line[:-1] + "7", *after]), line
        assert finds([*before, line, line, *after]) == (line[0] in "+?"), line
        assert not after or finds([*before, *after, line]) == (line[1] == "<"), line
