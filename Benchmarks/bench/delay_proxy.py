"""A proxy for a distant server: each byte takes MILLISECONDS in each direction, and so does the
handshake, at loopback's rate. It does not show TCP's slow start.

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
    """Passes on a stream until its end: one thread receives without delay, the other sends each
    chunk `delay` seconds after it arrived, and not before `opens`."""
    # 64 MiB: more than an agency sends in 50 ms.
    chunks = queue.Queue(1024)

    def take_in():
        chunk = None
        while chunk != b"":
            # A reset is an end too.
            try:
                chunk = source.recv(CHUNK)
            except OSError:
                chunk = b""
            chunks.put((max(time.monotonic() + delay, opens), chunk))

    def hand_out():
        # A peer that has hung up misses the rest.
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
        # The kernel answers SYN at once. The agency's first bytes arrive as late as they would over
        # the distance: after the handshake's round trip and their own way.
        pass_on(agency, server, delay, accepted + 3 * delay)
        pass_on(server, agency, delay)


if __name__ == "__main__":
    serve(int(sys.argv[1]), float(sys.argv[2]) / 1000)
