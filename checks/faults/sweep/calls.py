"""Which calls fail, how, and what the programs do then.

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
import os
import signal
import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """A call that fails."""

    faults: tuple
    # What the program does then, for the table.
    effect: str
    # Whether a program that has started goes on, an agency until its retry limit.
    is_survived: bool = False
    # Whether it costs an agency no connection either, however often the call fails.
    costs_nothing: bool = False


_NO_DESCRIPTOR = ("EMFILE", "ENFILE", "ENOMEM")
_PART = ("one", "half")
_NO_START = "the program does not start"
_NONE = "nothing"
_RETRY = "the agency tries again"
_RECONNECT = "the connection is lost; the agency comes back and goes on where it was"
_CLOSE = Call(("EDQUOT", "EINTR", "EIO", "ENOSPC"), _NONE, True, True)
_SYNC = ("EDQUOT", "EINTR", "EIO", "ENOSPC", "EROFS")

CALLS = {
    "open_file": Call(
        ("EACCES", "EDQUOT", "EINTR", "EIO", "ENOENT", "ENOSPC", "EROFS", *_NO_DESCRIPTOR),
        "the program ends; the server holds the draw after the next start"),
    "open_directory": Call(("EACCES", "EINTR", "EIO", "ENOENT", "ENOTDIR", *_NO_DESCRIPTOR),
                           _NO_START),
    "mkdir": Call(("EACCES", "EDQUOT", "EIO", "ENOENT", "ENOMEM", "ENOSPC", "EROFS"), _NO_START),
    "flock": Call(("EINTR", "ENOLCK", "EWOULDBLOCK"), _NO_START),
    "fstat": Call(("EIO", "ENOMEM", "EOVERFLOW"), "the program ends; no file is changed"),
    "lstat": Call(("EACCES", "EIO", "ENOMEM", "EOVERFLOW"), _NO_START),
    "fcntl_log": Call(("EBADF", "EPERM"), _NONE, True, True),
    "fcntl_file": Call(("EMFILE", "EPERM"), _NO_START),
    "setrlimit": Call(("EPERM",), "the server has room for fewer connections", True),
    "read_file": Call(("EINTR", "EIO", "ENOMEM", *_PART), "the program ends; no file is changed"),
    "pread": Call(("EINTR", "EIO", "ENOMEM", *_PART), _NO_START),
    "write_file": Call(
        ("EDQUOT", "EFBIG", "EINTR", "EIO", "ENOMEM", "ENOSPC", *_PART, "half+EIO", "half+ENOSPC"),
        "the batch is taken back and REJECTED, and comes again", True),
    "fdatasync": Call(_SYNC, "the server acknowledges nothing more, and ends; what it found stays"),
    "fsync": Call(_SYNC, _NO_START),
    "ftruncate": Call(("EFBIG", "EINTR", "EIO", "EPERM", "EROFS"),
                      "the server ends; a torn row is cut off at the next start"),
    "write_log": Call(("EINTR", "EIO", "ENOSPC", "EPIPE", *_PART),
                      "lines of the log are lost", True, True),
    "close_file": _CLOSE,
    "close_directory": _CLOSE,
    "close_socket": _CLOSE,
    "socket": Call(("EACCES", "EAFNOSUPPORT", "ENOBUFS", *_NO_DESCRIPTOR),
                   f"the server does not start; {_RETRY}"),
    "setsockopt": Call(("EDOM", "EINVAL", "ENOBUFS", "ENOMEM", "ENOPROTOOPT"),
                       f"the server does not start, or closes the connection; {_RETRY}"),
    "bind": Call(("EACCES", "EADDRINUSE", "EADDRNOTAVAIL", "ENOMEM"), _NO_START),
    "listen": Call(("EADDRINUSE", "ENOMEM"), _NO_START),
    "getsockname": Call(("ENOBUFS",), _NO_START),
    "accept": Call(
        ("ECONNABORTED", "EHOSTUNREACH", "EINTR", "ENETDOWN", "ENOBUFS", "EPERM", "EPROTO",
         *_NO_DESCRIPTOR), f"the connection waits, or is lost; {_RETRY}", True),
    "fcntl_socket": Call(("EPERM",), _RECONNECT, True),
    "getaddrinfo": Call(("EAI_AGAIN", "EAI_FAIL", "EAI_MEMORY", "EAI_NONAME", "EAI_SYSTEM"),
                        _RETRY, True),
    "connect": Call(
        ("EACCES", "EADDRNOTAVAIL", "EAGAIN", "ECONNREFUSED", "EHOSTUNREACH", "EINTR",
         "ENETUNREACH", "ENOBUFS", "EPERM", "ETIMEDOUT"), _RETRY, True),
    "getsockopt": Call(
        ("ENOBUFS", "ENOMEM", "pending:ECONNREFUSED", "pending:EHOSTUNREACH",
         "pending:ENETUNREACH", "pending:ETIMEDOUT"), _RETRY, True),
    "recv": Call(("ECONNRESET", "EHOSTUNREACH", "EINTR", "ENOMEM", "ETIMEDOUT", "end", *_PART),
                 _RECONNECT, True),
    "send": Call(
        ("ECONNRESET", "EHOSTUNREACH", "EINTR", "ENETDOWN", "ENOBUFS", "ENOMEM", "EPIPE",
         "ETIMEDOUT", *_PART), _RECONNECT, True),
    "shutdown": Call(("ENOBUFS", "ENOTCONN"), _NONE, True, True),
    "poll": Call(("EINTR", "ENOMEM"), "the connection is looked at again later", True, True),
    "epoll_create1": Call(_NO_DESCRIPTOR, _NO_START),
    "epoll_ctl": Call(("ENOMEM", "ENOSPC"),
                      f"the server does not start, or closes the connection; {_RETRY}"),
    "epoll_wait": Call(("EINTR",), _NONE, True, True),
    "malloc": Call(("ENOMEM",), "the program crashes, or waits in vain; what it promised is there"),
}


def outcomes(fault):
    """Returns a fault as `shim.c` takes it."""
    return [_outcome(part) for part in fault.split("+")]


def reasons(call, fault):
    """Returns texts, one of which the last line of a program that ended because of a fault must
    hold."""
    name = fault.replace("+", ":").split(":")[-1]
    if name in _WORDS:
        return [_WORDS[name]]
    reason = os.strerror(getattr(errno, name)) if hasattr(errno, name) else ""
    return [reason, "chmod a+r"] if (call, name) == ("open_file", "EACCES") else [reason]


# Where the programs do not use strerror. Nothing ends because of an interruption.
_WORDS = {"EINTR": "", "ENOENT": "o such file",
          "EWOULDBLOCK": "another server is using this directory"}

_OUTCOMES = {"one": "s0", "half": "s2", "end": "z0", "hang": "h0", "quiet": "q0",
             "SIGTERM": f"t{signal.SIGTERM.value}"}


def _outcome(name):
    if name in _OUTCOMES:
        return _OUTCOMES[name]
    if name.startswith("pending:"):
        return f"p{getattr(errno, name.partition(':')[2])}"
    if name.startswith("EAI_"):
        return f"e{-getattr(socket, name)}"
    return f"e{getattr(errno, name)}"
