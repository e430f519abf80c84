"""A port for each run of a dyno: the expected one when it is free, else another. START PATH.

foreman's layout (base + 100 x type + n), so that web.1 is where people look for it; but a port
that somebody holds is stepped over instead of ending in the app's "address already in use".
"""

from __future__ import annotations

import _socket

ANYWHERE = ((_socket.AF_INET6, "::"), (_socket.AF_INET, "127.0.0.1"), (_socket.AF_INET, ""))
STEPS = 99
TYPE_STRIDE = 100


def preferred(base: int, type_index: int, number: int) -> int:
    """The port of dyno `number` (from 1) of the type at `type_index` (from 0) in the Procfile."""
    return base + TYPE_STRIDE * type_index + number - 1


def is_free(port: int) -> bool:
    """Whether nobody listens on `port` at any local address."""
    for family, host in ANYWHERE:
        try:
            sock = _socket.socket(family, _socket.SOCK_STREAM)
        except OSError:
            continue  # no IPv6 here
        try:
            # a connection that lingers in TIME_WAIT is no holder
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
            sock.bind((host, port))
        except OSError as error:
            if family == _socket.AF_INET6 and error.errno not in _HELD:
                continue
            return False
        finally:
            sock.close()
    return True


def _errnos() -> tuple[int, ...]:
    import errno

    return errno.EADDRINUSE, errno.EACCES


_HELD = _errnos()


class PortBook:
    """Which ports the dynos of this platform have."""

    __slots__ = ("_taken",)

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def take(self, wanted: int) -> int:
        """Give `wanted`, or the next free one above it, or any that the kernel gives."""
        for port in range(wanted, min(wanted + STEPS, 65535) + 1):
            if port not in self._taken and is_free(port):
                self._taken.add(port)
                return port
        sock = _socket.socket()
        try:
            sock.bind(("127.0.0.1", 0))
            port = int(sock.getsockname()[1])
        finally:
            sock.close()
        self._taken.add(port)
        return port

    def claim(self, port: int) -> None:
        """It was taken by another book's `take`."""
        self._taken.add(port)

    def give_back(self, port: int) -> None:
        """The run that had it is gone."""
        self._taken.discard(port)
