"""One listening socket: takes connections off its queue, many per event, and survives a shortage.

When descriptors run out, a spare one is given up to take the connection all the same and tell the
client so (H22); the queue would otherwise stay full and the loop would spin on it.
"""

from __future__ import annotations

import errno
import os
import socket
from _socket import socket as Socket
from collections.abc import Callable

from localku.router.poller import Poller

_AT_ONCE = 64  # connections taken per event, so that running requests are not kept waiting
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Acceptor:
    """accepted(sock, address, port) for each client; exhausted(sock) for one too many."""

    __slots__ = (
        "_accepted",
        "_exhausted",
        "_family",
        "_poller",
        "_sock",
        "_spare",
        "_wanted",
        "fd",
        "port",
    )

    def __init__(
        self,
        poller: Poller,
        sock: Socket,
        accepted: Callable[[Socket, str, int], None],
        exhausted: Callable[[Socket], None],
    ) -> None:
        sock.setblocking(False)
        self._poller = poller
        self._sock = sock
        self._accepted = accepted
        self._exhausted = exhausted
        self._wanted = 1
        self._family: int = sock.family
        self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self.fd = sock.fileno()
        self.port: int = sock.getsockname()[1]
        poller.add_reader(self.fd, self)

    def readable(self) -> None:
        """The loop's callback: clients are waiting.

        As many are taken as came the last time, and twice as many the next time if there were
        more: to find the queue empty costs a system call and an exception.
        """
        wanted, self._wanted = self._wanted, min(self._wanted * 2, _AT_ONCE)
        for taken in range(wanted):
            try:
                sock, address = self._accept()
            except (BlockingIOError, InterruptedError):
                self._wanted = max(taken, 1)
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._shed()
                return
            self._accepted(sock, address, self.port)

    def _accept(self) -> tuple[Socket, str]:
        # the C method under socket.accept(): no second object per client, no enum look-ups
        fd, address = self._sock._accept()  # type: ignore[attr-defined]
        sock = Socket(self._family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=fd)
        sock.setblocking(False)
        return sock, address[0]

    def _shed(self) -> None:
        """Out of descriptors: use the spare one to turn one client away."""
        if self._spare < 0:
            self._reopen_spare()
        if self._spare < 0:
            return
        os.close(self._spare)
        self._spare = -1
        try:
            sock, _ = self._accept()
        except OSError:
            self._reopen_spare()
            return
        self._exhausted(sock)
        sock.close()
        self._reopen_spare()

    def _reopen_spare(self) -> None:
        try:
            self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._spare = -1  # tried again at the next shortage

    def writable(self) -> None:
        """A listening socket is never written."""

    def close(self) -> None:
        """Take no more clients; those in the queue are reset."""
        self._poller.remove_reader(self.fd)
        self._sock.close()
        if self._spare >= 0:
            os.close(self._spare)
            self._spare = -1
