"""What tests take from the machine: a network of its own, all cores."""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys

# Keeps a core busy until the parent ends.
_SPIN = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_libc = ctypes.CDLL(None, use_errno=True)


def isolate_network():
    """Gives this process and its future children a loopback interface of their own and no other, so
    that no other program takes their ports. Without root they share the machine's network."""
    if _libc.unshare(_CLONE_NEWNET) == 0:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


@contextlib.contextmanager
def busy_cores():
    """Keeps every core busy."""
    spinners = [subprocess.Popen([sys.executable, "-c", _SPIN]) for _ in range(os.cpu_count())]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()
