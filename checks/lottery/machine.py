"""What the bench takes from the machine: a network of its own, disks without room, all cores."""

import atexit
import contextlib
import ctypes
import errno
import fcntl
import os
import resource
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
_mounted = set()


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


def limit_file_size(process, size):
    """Limits all files of a process to `size` bytes."""
    _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, hard))


class SmallDisk:
    """A file system of its own with a given size. Needs root."""

    def __init__(self, directory):
        self.directory = directory

    def mount(self, size):
        """Creates it, with `size` bytes."""
        self.directory.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "faults", self.directory],
                       check=True, capture_output=True)
        _mounted.add(self)

    def leave(self, room):
        """Leaves `room` bytes free: another file takes the rest, or gives some back."""
        status = os.statvfs(self.directory)
        with open(self.directory / "ballast", "ab") as ballast:
            size = ballast.tell() + status.f_bavail * status.f_frsize - room
            if size < ballast.tell():
                ballast.truncate(max(0, size))
                return
            try:
                os.posix_fallocate(ballast.fileno(), 0, size)
            except OSError as error:
                # The server was faster. The next call takes the room.
                if error.errno != errno.ENOSPC:
                    raise

    def close(self):
        """Unmounts it."""
        subprocess.run(["umount", "--lazy", self.directory], check=True)
        _mounted.discard(self)

    @staticmethod
    def is_possible(directory):
        """Returns whether file systems can be mounted here."""
        if os.geteuid() != 0:
            return False
        disk = SmallDisk(directory)
        try:
            disk.mount(4096)
        except subprocess.CalledProcessError:
            return False
        disk.close()
        return True


@atexit.register
def unmount_all():
    """Unmounts all disks that are still mounted."""
    for disk in list(_mounted):
        disk.close()
