"""Peers that reset their connections, over and over, against one real program.

A program that watches a descriptor must stop watching it before it closes it, and a reset arrives
at any moment in between. What goes wrong there crashes the program once in many thousand times.

- server: agencies say HELLO or send a bet, and reset before or after the answer
- listener: connections are reset before the server has accepted them
- agency: agencies meet a server that resets them before or after its answer

`make resets` runs it. Exit status 1 if the program ended by itself.
"""

import argparse
import contextlib
import multiprocessing
import random
import shutil
import socket
import struct
import sys
import tempfile
import time
from pathlib import Path

import main
from children import kill_all
from processes import Process
from waiting import Deadline, Failure

PEERS = 4
PAUSE = 0.2
SIDES = ("server", "listener", "agency")

_RESET = struct.pack("ii", 1, 0)
_WELCOME = bytes.fromhex("0000000b81 01 00 0000000000000000")
# Without `offset`: a bet of Zoe Paz.
_BET = bytes.fromhex("03 5a6f65 03 50617a 08 3034373132333339 07ce0412 00000479")


def run(side, programs, image, seconds):
    """Plays one side for some seconds, and returns how many connections were reset."""
    directory = Path(tempfile.mkdtemp(prefix="resets-"))
    play = {"server": _against_server, "listener": _against_listener, "agency": _against_agencies}
    try:
        return play[side](directory, programs, image, seconds)
    finally:
        kill_all()
        shutil.rmtree(directory)


def _against_server(directory, programs, image, seconds):
    return _reset_server(directory, programs, image, seconds, _agency_that_resets)


def _against_listener(directory, programs, image, seconds):
    return _reset_server(directory, programs, image, seconds, _connection_that_resets)


def _reset_server(directory, programs, image, seconds, peer):
    port = _free_port()
    settings = {"SERVER_PORT": str(port), "SERVER_AGENCIES": str(PEERS + 1),
                "SERVER_DURABILITY": "process", "SERVER_LISTEN_BACKLOG": "1024",
                "LOGGING_LEVEL": "WARNING"}
    if image:
        command = ["docker", "run", "--rm", "--network", "host"]
        command += [word for name in settings for word in ("-e", f"{name}={settings[name]}")]
        server = Process([*command, image], {}, directory / "server.log")
    else:
        settings["SERVER_DATA_DIR"] = str(directory / "data")
        server = Process([programs / "lottery-server"], settings, directory / "server.log")
    Deadline(20).wait(lambda: _answers(port), "the server listens", lambda: _check_alive([server]))
    count = _watch([server], peer, port, seconds)
    server.signal(15)
    if (status := server.wait(Deadline(20))) != 0:
        raise Failure(f"the server ended with {status}: {server.last_line()}")
    return count


def _against_agencies(directory, programs, image, seconds):
    if image:
        raise Failure("agencies are not played from an image")
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    file = directory / "agency.csv"
    file.write_bytes(b"Zoe,Paz,04712339,1998-04-18,1145\r\n" * 1000)
    agencies = [Process([programs / "agency-client"], {
        "CLI_ID": str(number), "CLI_SERVER_ADDRESS": "127.0.0.1:%d" % listener.getsockname()[1],
        "CLI_DATA_FILE": str(file), "CLI_LOG_LEVEL": "CRITICAL", "CLI_RETRY_LIMIT": "24h",
        "CLI_RETRY_PAUSE": "1ms", "CLI_RETRY_MAXPAUSE": "1ms",
    }, directory / f"agency-{number}.log") for number in range(1, PEERS + 1)]
    return _watch(agencies, _server_that_resets, listener, seconds)


def _watch(programs, peer, where, seconds):
    """Lets `PEERS` processes reset connections, until the time is over or a program ends."""
    count = multiprocessing.Value("Q", 0)
    peers = [multiprocessing.Process(target=peer, args=(number, where, count), daemon=True)
             for number in range(1, PEERS + 1)]
    for process in peers:
        process.start()
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            time.sleep(PAUSE)
            _check_alive(programs, f" after {count.value} resets")
            if dead := [process for process in peers if not process.is_alive()]:
                raise Failure(f"{len(dead)} peers have failed")
    finally:
        for process in peers:
            process.kill()
            process.join()
    return count.value


def _check_alive(programs, when=""):
    for program in programs:
        if program.status is not None:
            raise Failure(
                f"{program.name} ended with {program.status}{when}: {program.last_line()}")


def _agency_that_resets(number, port, count):
    hello = struct.pack(">IBBIB", 7, 1, 1, number, 0)
    while True:
        # The server may be the first to close, when a newer connection takes over or it ends.
        with contextlib.suppress(ConnectionError), _connect(port) as connection:
            connection.sendall(hello)
            choice = random.randrange(4)
            if choice > 0:
                stored = int.from_bytes(connection.recv(1024)[7:15], "big")
            if choice > 2:
                body = b"\x02" + stored.to_bytes(8, "big") + _BET
                connection.sendall(len(body).to_bytes(4, "big") + body)
                if random.randrange(2):
                    connection.recv(1024)
            _reset(connection, count)


def _connection_that_resets(number, port, count):
    while True:
        with _connect(port) as connection:
            _reset(connection, count)


def _server_that_resets(number, listener, count):
    while True:
        connection, _ = listener.accept()
        with contextlib.suppress(ConnectionError), connection:
            if random.randrange(4):
                connection.recv(1024)
                connection.sendall(_WELCOME)
            if random.randrange(2):
                connection.recv(65536)
            _reset(connection, count)


def _reset(connection, count):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    with count.get_lock():
        count.value += 1


def _connect(port):
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            # The server is gone, which the parent sees, or all ports are in use for a moment.
            time.sleep(0.01)


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def _options():
    parser = argparse.ArgumentParser(description="Resets connections to see what survives it.")
    parser.add_argument("--seconds", type=float, default=60, help="for each side (60)")
    parser.add_argument("--only", nargs="+", choices=SIDES, default=SIDES, metavar="SIDE")
    parser.add_argument("--programs", type=Path, help="where the two programs lie (builds them)")
    parser.add_argument("--image", help="the server's image, instead of a process")
    return parser.parse_args()


def _play_all(chosen):
    programs = chosen.programs or main.build()
    failed = 0
    for side in chosen.only:
        try:
            print(f"{side}: {run(side, programs, chosen.image, chosen.seconds)} resets survived",
                  flush=True)
        except Failure as failure:
            failed += 1
            print(f"{side}: FAILED: {failure}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(_play_all(_options()))
