"""Disks without room: a small file system, or a limit on the size of files."""

import atexit
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

    def resize(self, size):
        """Gives it `size` bytes in all; nothing happens where more than that is in use."""
        _mount("-o", f"remount,size={size}", self.directory, check=False)

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


def _mount(*arguments, check=True):
    subprocess.run(["mount", *arguments], check=check, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def unmount_all():
    """Leaves no file system behind."""
    for disk in list(_mounted):
        disk.close()


atexit.register(unmount_all)
