"""A proxy that puts the server far away: each byte takes MILLISECONDS in each direction, and so
does the handshake, while the rate stays what loopback gives. It does not show TCP's slow start.

    delay_proxy.py PORT_OF_THE_SERVER MILLISECONDS
"""

import contextlib
import queue
import socket
import sys
import threading
import time

CHUNK = 64 * 1024


def pass_on(source, target, delay, opens=0.0):
    """Passes on what comes until its end: one thread takes in at once whatever there is, the other
    hands it out when its time has come, which is not before `opens`."""
    # 64 MiB: more than an agency sends in 50 ms.
    chunks = queue.Queue(1024)

    def take_in():
        chunk = None
        while chunk != b"":
            # A reset is an end like any other.
            try:
                chunk = source.recv(CHUNK)
            except OSError:
                chunk = b""
            chunks.put((max(time.monotonic() + delay, opens), chunk))

    def hand_out():
        # A peer that does not listen any more misses the rest.
        with contextlib.suppress(OSError):
            while True:
                due, chunk = chunks.get()
                time.sleep(max(0.0, due - time.monotonic()))
                if not chunk:
                    break
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)

    for body in (take_in, hand_out):
        threading.Thread(target=body, daemon=True).start()


def serve(port, delay):
    """Accepts connections on any free port, which it prints."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"listening: {listener.getsockname()[1]}", flush=True)
    while True:
        agency, _ = listener.accept()
        accepted = time.monotonic()
        server = socket.create_connection(("127.0.0.1", port))
        for peer in (agency, server):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The kernel answers SYN at once. What the agency says after it arrives when it would have
        # arrived: after the handshake's round trip and its own way.
        pass_on(agency, server, delay, accepted + 3 * delay)
        pass_on(server, agency, delay)


if __name__ == "__main__":
    serve(int(sys.argv[1]), float(sys.argv[2]) / 1000)
