"""Which calls fail, and how.

By the names of `shim.c`: what the manual page of a call names, as far as it can befall this call of
these programs. What cannot, is left out: `EBADF` and `EFAULT`, or `EAGAIN` of a socket that is
ready, after which nobody would say that it is.

    EIO             the call fails with that errno
    EAI_AGAIN       getaddrinfo fails with that status
    one, half       a byte, or half of the bytes, is read or written
    half+ENOSPC     and the next call fails
    end             the peer sends no more
    pending:EPIPE   getsockopt reports that the connection failed with it
"""

import errno
import os
import socket

_NO_DESCRIPTOR = ("EMFILE", "ENFILE", "ENOMEM")
_PART = ("one", "half")
_CLOSE = ("EDQUOT", "EINTR", "EIO", "ENOSPC")

FAULTS = {
    "open_file": ("EACCES", "EDQUOT", "EINTR", "EIO", "ENOENT", "ENOSPC", "EROFS", *_NO_DESCRIPTOR),
    "open_directory": ("EACCES", "EINTR", "EIO", "ENOENT", "ENOTDIR", *_NO_DESCRIPTOR),
    "read_file": ("EINTR", "EIO", "ENOMEM", *_PART),
    "read_event": ("EINTR",),
    "pread": ("EINTR", "EIO", "ENOMEM", *_PART),
    "write_file": ("EDQUOT", "EFBIG", "EINTR", "EIO", "ENOMEM", "ENOSPC", *_PART, "half+EIO",
                   "half+ENOSPC"),
    "write_log": ("EAGAIN", "EINTR", "EIO", "ENOSPC", "EPIPE", *_PART),
    "write_event": ("EINTR",),
    "close_file": _CLOSE,
    "close_directory": _CLOSE,
    "close_socket": _CLOSE,
    "close_event": _CLOSE,
    "lseek": ("EINVAL", "EIO", "EOVERFLOW"),
    "fstat": ("EIO", "ENOMEM", "EOVERFLOW"),
    "ftruncate": ("EFBIG", "EINTR", "EIO", "EPERM", "EROFS"),
    "fdatasync": ("EDQUOT", "EINTR", "EIO", "ENOSPC", "EROFS"),
    "fsync": ("EDQUOT", "EINTR", "EIO", "ENOSPC", "EROFS"),
    "flock": ("EINTR", "ENOLCK", "EWOULDBLOCK"),
    "mkdir": ("EACCES", "EDQUOT", "EIO", "ENOENT", "ENOMEM", "ENOSPC", "EROFS"),
    "socket": ("EACCES", "EAFNOSUPPORT", "ENOBUFS", *_NO_DESCRIPTOR),
    "setsockopt": ("EDOM", "EINVAL", "ENOBUFS", "ENOMEM", "ENOPROTOOPT"),
    "getsockopt": ("ENOBUFS", "ENOMEM", "pending:ECONNREFUSED", "pending:EHOSTUNREACH",
                   "pending:ENETUNREACH", "pending:ETIMEDOUT"),
    "getsockname": ("ENOBUFS",),
    "bind": ("EACCES", "EADDRINUSE", "EADDRNOTAVAIL", "ENOMEM"),
    "listen": ("EADDRINUSE", "ENOMEM"),
    "accept": ("ECONNABORTED", "EHOSTUNREACH", "EINTR", "ENETDOWN", "ENOBUFS", "EPERM", "EPROTO",
               *_NO_DESCRIPTOR),
    "connect": ("EACCES", "EADDRNOTAVAIL", "EAGAIN", "ECONNREFUSED", "EHOSTUNREACH", "EINTR",
                "ENETUNREACH", "ENOBUFS", "EPERM", "ETIMEDOUT"),
    "recv": ("ECONNRESET", "EHOSTUNREACH", "EINTR", "ENOMEM", "ETIMEDOUT", "end", *_PART),
    "send": ("ECONNRESET", "EHOSTUNREACH", "EINTR", "ENETDOWN", "ENOBUFS", "ENOMEM", "EPIPE",
             "ETIMEDOUT", *_PART),
    "shutdown": ("ENOBUFS", "ENOTCONN"),
    "poll": ("EINTR", "ENOMEM"),
    "fcntl": ("EPERM",),
    "getaddrinfo": ("EAI_AGAIN", "EAI_FAIL", "EAI_MEMORY", "EAI_NONAME", "EAI_SYSTEM"),
    "epoll_create1": _NO_DESCRIPTOR,
    "epoll_ctl": ("ENOMEM", "ENOSPC", "EPERM"),
    "epoll_wait": ("EINTR",),
    "eventfd": _NO_DESCRIPTOR,
    # Swift ends a program that gets no memory.
    "malloc": ("ENOMEM",),
}

# A program that has started goes on after these; an agency tries again, for as long as it may.
SURVIVED = ("accept", "close_directory", "close_event", "close_file", "close_socket", "connect",
            "epoll_ctl", "epoll_wait", "fcntl", "getaddrinfo", "getsockopt", "poll", "read_event",
            "recv", "send", "shutdown", "write_event", "write_file", "write_log")

_START = "the program does not start, and says why"
_NONE = "nothing"

# What a failure does to the program, by the call.
EFFECTS = {
    "open_file": "the program ends and says why; the draw is held after the next start",
    "open_directory": _START,
    "read_file": "the program ends and says why; no file is changed",
    "read_event": _NONE,
    "pread": _START,
    "write_file": "the batch is taken back and REJECTED, and comes again",
    "write_log": "lines of the log are lost, nothing else",
    "write_event": _NONE,
    "close_file": _NONE,
    "close_directory": _NONE,
    "close_socket": _NONE,
    "close_event": _NONE,
    "lseek": "the file is read from front to back",
    "fstat": _START,
    "ftruncate": "the server ends and says why; what it could not cut off is cut off at the next "
                 "start",
    "fdatasync": "nothing is acknowledged any more, the server ends and says why; what was there "
                 "stays",
    "fsync": _START,
    "flock": _START,
    "mkdir": _START,
    "socket": "the server does not start, and says why; the agency tries again",
    "setsockopt": "the server does not start, and says why; a connection is closed, and made anew",
    "getsockopt": "the agency tries again",
    "getsockname": _START,
    "bind": _START,
    "listen": _START,
    "accept": "the connection waits, or is made anew",
    "connect": "the agency tries again",
    "recv": "the connection is made anew, and the bets go on where they were",
    "send": "the connection is made anew, and the bets go on where they were",
    "shutdown": _NONE,
    "poll": "a connection counts as broken a little later",
    "fcntl": "the connection is closed, and made anew",
    "getaddrinfo": "the agency tries again",
    "epoll_create1": _START,
    "epoll_ctl": "the connection is closed, and made anew",
    "epoll_wait": _NONE,
    "eventfd": _START,
    "malloc": "Swift ends the program; what was promised is there",
}


def outcomes(fault):
    """A fault as `shim.c` takes it."""
    return [_outcome(part) for part in fault.split("+")]


def _outcome(name):
    if name in ("one", "half", "end"):
        return {"one": "s0", "half": "s2", "end": "z0"}[name]
    if name.startswith("pending:"):
        return f"p{getattr(errno, name.partition(':')[2])}"
    if name.startswith("EAI_"):
        return f"e{-getattr(socket, name)}"
    return f"e{getattr(errno, name)}"


def reason(fault):
    """What the last line of a program must say that ended because of it."""
    name = fault.replace("+", ":").split(":")[-1]
    if name in _WORDS:
        return _WORDS[name]
    return os.strerror(getattr(errno, name)) if hasattr(errno, name) else ""


# Where the programs have words of their own.
_WORDS = {"ENOENT": "o such file", "EWOULDBLOCK": "another server is using this directory"}
