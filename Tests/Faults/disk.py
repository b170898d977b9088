"""Disks without room: a small file system, or a limit on the size of files."""

import atexit
import errno
import os
import resource
import subprocess

_mounted = set()


class SmallDisk:
    """A file system of its own, as small as it is told to be. Needs root."""

    def __init__(self, directory):
        self.directory = directory

    def mount(self, size):
        """Makes it, with `size` bytes."""
        self.directory.mkdir(parents=True, exist_ok=True)
        _mount("-t", "tmpfs", "-o", f"size={size}", "faults", self.directory)
        _mounted.add(self)

    def leave(self, room):
        """Somebody else takes what is free but for `room` bytes, or gives some back."""
        status = os.statvfs(self.directory)
        with open(self.directory / "ballast", "ab") as ballast:
            size = ballast.tell() + status.f_bavail * status.f_frsize - room
            if size < ballast.tell():
                ballast.truncate(max(0, size))
                return
            try:
                os.posix_fallocate(ballast.fileno(), 0, size)
            except OSError as error:
                # The server was quicker. The next time, then.
                if error.errno != errno.ENOSPC:
                    raise

    def close(self):
        """Unmounts it."""
        subprocess.run(["umount", "--lazy", self.directory], check=True)
        _mounted.discard(self)

    @staticmethod
    def is_possible(directory):
        """Whether file systems can be mounted here."""
        if os.geteuid() != 0:
            return False
        disk = SmallDisk(directory)
        try:
            disk.mount(4096)
        except subprocess.CalledProcessError:
            return False
        disk.close()
        return True


def limit_file_size(process, size):
    """From now on no file of the process may grow beyond `size` bytes."""
    _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, hard))


def _mount(*arguments):
    subprocess.run(["mount", *arguments], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def unmount_all():
    """Leaves no file system behind."""
    for disk in list(_mounted):
        disk.close()


atexit.register(unmount_all)
