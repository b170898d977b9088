"""Which calls fail, and how.

The names of the calls are those of `shim.c`. They fail with the errors of their manual pages that
can occur in these programs. Left out are `EBADF`, except of standard descriptors, `EFAULT`, and
`EAGAIN` of a ready socket or log, because no event would follow it.

    EIO             the call fails with that errno
    EAI_AGAIN       getaddrinfo fails with that status
    one, half       a byte, or half of the bytes, is read or written
    half+ENOSPC     and the next call fails
    end             the peer sends no more
    hang            the call does not return
    quiet           the peer says nothing
    SIGTERM         the process gets that signal at the call
    pending:EPIPE   getsockopt reports that the connection failed with it
"""

import errno
import itertools
import os
import signal
import socket
from collections import namedtuple

# The ways in which calls fail, and in which they hang: see `runs.py`.
FAILS, STALLS = ("once", "on", "restart"), ("ends", "limit")

# How a call fails; whether a program that has started goes on, an agency until its retry limit; and
# whether it costs an agency no connection either, however often the call fails.
Call = namedtuple("Call", "faults, is_survived, costs_nothing", defaults=(False, False))

_NO_DESCRIPTOR = ("EMFILE", "ENFILE", "ENOMEM")
_PART = ("one", "half")
_CLOSE = Call(("EDQUOT", "EINTR", "EIO", "ENOSPC"), True, True)
_SYNC = ("EDQUOT", "EINTR", "EIO", "ENOSPC", "EROFS")

CALLS = {
    "open_file": Call(
        ("EACCES", "EDQUOT", "EINTR", "EIO", "ENOENT", "ENOSPC", "EROFS", *_NO_DESCRIPTOR)),
    "open_directory": Call(("EACCES", "EINTR", "EIO", "ENOENT", "ENOTDIR", *_NO_DESCRIPTOR)),
    "mkdir": Call(("EACCES", "EDQUOT", "EIO", "ENOENT", "ENOMEM", "ENOSPC", "EROFS")),
    "flock": Call(("EINTR", "ENOLCK", "EWOULDBLOCK")),
    "fstat": Call(("EIO", "ENOMEM", "EOVERFLOW")),
    "lstat": Call(("EACCES", "EIO", "ENOMEM", "EOVERFLOW")),
    "fcntl_log": Call(("EBADF", "EPERM"), True, True),
    "fcntl_file": Call(("EMFILE", "EPERM")),
    "setrlimit": Call(("EPERM",), True),
    "read_file": Call(("EINTR", "EIO", "ENOMEM", *_PART)),
    "pread": Call(("EINTR", "EIO", "ENOMEM", *_PART)),
    "write_file": Call(("EDQUOT", "EFBIG", "EINTR", "EIO", "ENOMEM", "ENOSPC", *_PART, "half+EIO",
                        "half+ENOSPC"), True),
    "fdatasync": Call(_SYNC),
    "fsync": Call(_SYNC),
    "ftruncate": Call(("EFBIG", "EINTR", "EIO", "EPERM", "EROFS")),
    "write_log": Call(("EINTR", "EIO", "ENOSPC", "EPIPE", *_PART), True, True),
    "close_file": _CLOSE,
    "close_directory": _CLOSE,
    "close_socket": _CLOSE,
    "socket": Call(("EACCES", "EAFNOSUPPORT", "ENOBUFS", *_NO_DESCRIPTOR)),
    "setsockopt": Call(("EDOM", "EINVAL", "ENOBUFS", "ENOMEM", "ENOPROTOOPT")),
    "bind": Call(("EACCES", "EADDRINUSE", "EADDRNOTAVAIL", "ENOMEM")),
    "listen": Call(("EADDRINUSE", "ENOMEM")),
    "getsockname": Call(("ENOBUFS",)),
    "accept": Call(("ECONNABORTED", "EHOSTUNREACH", "EINTR", "ENETDOWN", "ENOBUFS", "EPERM",
                    "EPROTO", *_NO_DESCRIPTOR), True),
    "fcntl_socket": Call(("EPERM",), True),
    "getaddrinfo": Call(("EAI_AGAIN", "EAI_FAIL", "EAI_MEMORY", "EAI_NONAME", "EAI_SYSTEM"), True),
    "connect": Call(("EACCES", "EADDRNOTAVAIL", "EAGAIN", "ECONNREFUSED", "EHOSTUNREACH", "EINTR",
                     "ENETUNREACH", "ENOBUFS", "EPERM", "ETIMEDOUT"), True),
    "getsockopt": Call(("ENOBUFS", "ENOMEM", "pending:ECONNREFUSED", "pending:EHOSTUNREACH",
                        "pending:ENETUNREACH", "pending:ETIMEDOUT"), True),
    "recv": Call(("ECONNRESET", "EHOSTUNREACH", "EINTR", "ENOMEM", "ETIMEDOUT", "end", *_PART),
                 True),
    "send": Call(("ECONNRESET", "EHOSTUNREACH", "EINTR", "ENETDOWN", "ENOBUFS", "ENOMEM", "EPIPE",
                  "ETIMEDOUT", *_PART), True),
    "shutdown": Call(("ENOBUFS", "ENOTCONN"), True, True),
    "poll": Call(("EINTR", "ENOMEM"), True, True),
    "epoll_create1": Call(_NO_DESCRIPTOR),
    "epoll_ctl": Call(("ENOMEM", "ENOSPC")),
    "epoll_wait": Call(("EINTR",), True, True),
}

# Calls that wait for a peer, and return at once if there is nothing to do.
_PEERS = ("accept", "connect", "recv", "send")
# Calls that hang because of the network or the server.
_NETWORK = ("connect", "getaddrinfo", "recv", "send")
# Calls that ask the kernel's own memory only, before the program waits for signals.
_INSTANT = ("fcntl_log",)


def faults(run, call):
    """Yields the faults of a call in a kind of run, each with the way in which it comes."""
    yield from itertools.product(CALLS[call].faults, FAILS)
    # A numeric address is looked up without a name server.
    if call == "getaddrinfo" and not run.IS_NAMED:
        return
    yield "SIGTERM", "ends"
    if call not in _INSTANT:
        yield "hang", "ends"
    if call in _PEERS:
        yield "quiet", "ends"
    if run.IS_LIMITED and call in _NETWORK:
        yield "quiet" if call in _PEERS else "hang", "limit"


_OUTCOMES = {"one": "s0", "half": "s2", "end": "z0", "hang": "h0", "quiet": "q0",
             "SIGTERM": f"t{signal.SIGTERM.value}"}


def outcomes(fault):
    """Returns a fault as `shim.c` takes it."""
    return [_OUTCOMES.get(part) or _error(*part.rpartition(":")[::2]) for part in fault.split("+")]


def _error(pending, name):
    if name.startswith("EAI_"):
        return f"e{-getattr(socket, name)}"
    return f"{'p' if pending else 'e'}{getattr(errno, name)}"


# Where the programs do not use strerror. Nothing ends because of an interruption.
_WORDS = {"EINTR": "", "ENOENT": "o such file",
          "EWOULDBLOCK": "another server is using this directory"}


def reasons(call, fault):
    """Returns texts, one of which the last line of a program that ended because of a fault must
    hold."""
    name = fault.replace("+", ":").split(":")[-1]
    reason = os.strerror(getattr(errno, name)) if hasattr(errno, name) else ""
    return [_WORDS.get(name, reason), *["chmod a+r"] * ((call, name) == ("open_file", "EACCES"))]
