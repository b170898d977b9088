"""Peers that reset their connections, over and over, against one real program.

A program that watches a descriptor must stop watching it before it closes it, and a reset may
arrive at any moment in between. A mistake there crashes the program once in many thousand resets.

- server: agencies say HELLO or send a bet, and reset before or after the answer
- listener: connections are reset before the server has accepted them
- agency: agencies connect to a server that resets them before or after its answer

`make resets` runs it. Exit status 1 if the program ended by itself.
"""

import argparse
import contextlib
import multiprocessing
import random
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import frames
import main
from processes import Deadline, Failure, PipedProcess, free_port, kill_all

PEERS = 4
PAUSE = 0.2
BET = ("Zoe", "Paz", "04712339", "1998-04-18", "1145")


def _agency_that_resets(number, port, count):
    while True:
        # The server may close first, if a newer connection takes over or it ends.
        with contextlib.suppress(ConnectionError), _connect(port) as connection:
            connection.sendall(frames.hello(number))
            choice = random.randrange(4)
            if choice > 0:
                stored = int.from_bytes(connection.recv(1024)[7:15], "big")
            if choice > 2:
                connection.sendall(frames.bet(stored, BET))
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
                connection.sendall(frames.welcome())
            if random.randrange(2):
                connection.recv(65536)
            _reset(connection, count)


def _reset(connection, count):
    # Lingering for no time makes closing a reset (socket(7)).
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with count.get_lock():
        count.value += 1


def _connect(port):
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            # The server is gone, which the parent notices, or all ports are in use for a moment.
            time.sleep(0.01)


def _answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True


def _against_server(peer, directory, chosen):
    port = free_port()
    settings = {"SERVER_PORT": str(port), "SERVER_AGENCIES": str(PEERS + 1),
                "SERVER_LISTEN_BACKLOG": "1024", "LOGGING_LEVEL": "WARNING"}
    if chosen.image:
        command = ["docker", "run", "--rm", "--network", "host"]
        command += [word for name in settings for word in ("-e", f"{name}={settings[name]}")]
        server = PipedProcess([*command, chosen.image], {}, directory / "server.log")
    else:
        settings["SERVER_DATA_DIR"] = str(directory / "data")
        server = PipedProcess([chosen.programs / "lottery-server"], settings,
                              directory / "server.log")
    Deadline(20).wait(lambda: _answers(port), "the server listens", lambda: _check_alive([server]))
    count = _watch([server], peer, port, chosen.seconds)
    server.signal(signal.SIGTERM)
    if (status := server.wait(Deadline(20))) != 0:
        raise Failure(f"the server ended with {status}: {server.last_line()}")
    return count


def _against_agencies(directory, chosen):
    if chosen.image:
        raise Failure("agencies are not played from an image")
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    file = directory / "agency.csv"
    file.write_text((",".join(BET) + "\r\n") * 1000, newline="")
    agencies = [PipedProcess([chosen.programs / "agency-client"], {
        "CLI_ID": str(number), "CLI_SERVER_ADDRESS": "127.0.0.1:%d" % listener.getsockname()[1],
        "CLI_DATA_FILE": str(file), "CLI_LOG_LEVEL": "CRITICAL", "CLI_RETRY_LIMIT": "24h",
        "CLI_RETRY_PAUSE": "1ms", "CLI_RETRY_MAXPAUSE": "1ms",
    }, directory / f"agency-{number}.log") for number in range(1, PEERS + 1)]
    return _watch(agencies, _server_that_resets, listener, chosen.seconds)


def _watch(programs, peer, where, seconds):
    """Lets `PEERS` processes reset connections, until the time is over or a program ends. Returns
    how many connections they have reset."""
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


SIDES = {"server": partial(_against_server, _agency_that_resets),
         "listener": partial(_against_server, _connection_that_resets),
         "agency": _against_agencies}


def _play(side, chosen):
    """Plays one side. Returns whether the program survived."""
    directory = Path(tempfile.mkdtemp(prefix="resets-"))
    try:
        print(f"{side}: {SIDES[side](directory, chosen)} resets survived", flush=True)
        return True
    except Failure as failure:
        print(f"{side}: FAILED: {failure}", flush=True)
        return False
    finally:
        kill_all()
        shutil.rmtree(directory)


def _options():
    parser = argparse.ArgumentParser(description="Resets connections to see what survives it.")
    parser.add_argument("--seconds", type=float, default=60, help="for each side (60)")
    parser.add_argument("--only", nargs="+", choices=SIDES, default=SIDES, metavar="SIDE")
    parser.add_argument("--programs", type=Path, help="where the two programs are (builds them)")
    parser.add_argument("--image", help="the server's image, instead of a process")
    chosen = parser.parse_args()
    chosen.programs = chosen.programs or main.build()
    return chosen


if __name__ == "__main__":
    options = _options()
    sys.exit(0 if all([_play(side, options) for side in options.only]) else 1)
