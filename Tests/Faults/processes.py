"""The bench's processes."""

import ctypes
import signal
import subprocess
import threading

from children import Child

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


class Process(Child):
    """A process that logs through a pipe: a limit on the size of files that is set for it must not
    reach its log."""

    def _start(self, command, environment):
        self.log.touch()
        popen = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, bufsize=0, preexec_fn=_die_with_the_bench)
        self.writer = threading.Thread(target=self._write_log, args=(popen.stdout,), daemon=True)
        self.writer.start()
        return popen

    def text(self, start=0):
        """What it has logged so far, from byte `start` on; all of it if it has ended."""
        if self.status is not None:
            self.writer.join()
        return super().text(start)

    def _forget(self):
        self.writer.join()
        super()._forget()

    def _write_log(self, output):
        with open(self.log, "wb", buffering=0) as file, output:
            while chunk := output.read(65536):
                file.write(chunk)


# Also if the bench is killed itself.
def _die_with_the_bench():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
