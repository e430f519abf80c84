"""The dyno's side: one Link per connection, one Dyno per running dyno with its idle links.

Idle links wait in a stack (the warmest goes first) and keep reading, so that a dyno that hangs up
is noticed at once. Which request a link carries is `exchange`; it gets the link's events.
"""

from __future__ import annotations

import errno
import socket
from _socket import socket as Socket
from typing import TYPE_CHECKING

from localku.router.poller import Poller
from localku.router.table import Upstream
from localku.router.wire import READ_SIZE, Wire

if TYPE_CHECKING:
    from localku.router.carrier import Carrier
    from localku.router.response import ResponseHead

IDLE_MAX = 256  # links kept per dyno; more are closed when they come back
_ESTABLISHED = 1  # tcpi_state, the first octet of TCP_INFO, on Linux
_TCP_INFO: int = getattr(socket, "TCP_INFO", 0)
_IN_PROGRESS = (0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN)


class Dyno:
    """A web dyno that is up, while the router knows it.

    inflight: requests that it works on. gone: it left the table; its links are not kept any more.
    """

    __slots__ = ("gone", "idle", "inflight", "name", "upstream")

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.name = upstream.dyno.encode()
        self.idle: list[Link] = []
        self.inflight = 0
        self.gone = False

    def take(self, idempotent: bool) -> Link | None:
        """The warmest idle link, or None. For a request that must not be sent twice, a link on
        which the dyno has hung up already (unread by us so far) is passed over."""
        while self.idle:
            link = self.idle.pop()
            if idempotent or link.established():
                return link
            link.abort()
        return None

    def put(self, link: Link, until: float) -> None:
        """Keep a link for the next request, until that moment."""
        if self.gone or len(self.idle) >= IDLE_MAX or link.closing:
            link.close()
            return
        link.deadline = until
        link.resume_reading()
        self.idle.append(link)

    def prune(self, now: float) -> None:
        """Close the links that nobody needed until their deadline (the coldest come first)."""
        idle = self.idle
        while idle and idle[0].deadline <= now:
            idle[0].abort()

    def retire(self) -> None:
        """The dyno left the table: close what is idle, keep nothing from now on."""
        self.gone = True
        for link in tuple(self.idle):
            link.abort()


class Link(Wire):
    """A connection to a dyno. reused: it has carried a request before.

    raw_head, head: the last response head, so that the same one again is not parsed again.
    partial: a response head that is not whole yet.
    """

    __slots__ = (
        "connecting",
        "deadline",
        "dyno",
        "exchange",
        "head",
        "partial",
        "raw_head",
        "reused",
    )

    def __init__(self, poller: Poller, sock: Socket, dyno: Dyno, exchange: Carrier) -> None:
        super().__init__(poller, sock)
        self.dyno = dyno
        self.exchange: Carrier | None = exchange
        self.connecting = True
        self.reused = False
        self.deadline = 0.0
        self.raw_head = b""
        self.head: ResponseHead | None = None
        self.partial: bytearray | None = None

    def established(self) -> bool:
        """Whether the kernel has not seen the dyno hang up (Linux; elsewhere: assume so)."""
        if not _TCP_INFO:
            return True
        return self.sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)[0] == _ESTABLISHED

    def writable(self) -> None:
        """The loop's callback: the end of connecting, or room to write."""
        if not self.connecting:
            super().writable()
            return
        error = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self.lost(OSError(error, "connect"))
            return
        self.connecting = False
        self.resume_reading()
        self.poller.remove_writer(self.fd)
        if self.exchange is not None:
            self.exchange.dyno_connected()

    def on_data(self, data: bytes) -> None:
        """A response, or (on an idle link) something that nobody asked for."""
        if self.exchange is None:
            self.abort()
        else:
            self.exchange.dyno_data(data)

    def on_eof(self) -> None:
        """The dyno hangs up."""
        if self.exchange is None:
            self.abort()
        else:
            self.exchange.dyno_lost(None)

    def on_unwritable(self, error: OSError) -> None:
        """The dyno takes no more; it may have answered before it hung up (an early refusal)."""
        while not self.closing:
            try:
                data = self.sock.recv(READ_SIZE)
            except OSError:
                break  # nothing there, or the error that we know already
            if not data:
                break
            self.on_data(data)
        self.lost(error)

    def on_lost(self, error: OSError) -> None:
        """The connection broke, or was never made."""
        if self.exchange is not None:
            self.exchange.dyno_lost(error)

    def on_fault(self) -> None:
        """Our own fault: its request fails, nobody else's."""
        if self.exchange is not None:
            self.exchange.crashed()
        self.abort()

    def on_closed(self) -> None:
        """Nothing may point to a link that is gone."""
        if self.exchange is None and self in self.dyno.idle:
            self.dyno.idle.remove(self)

    def on_blocked(self) -> None:
        """The dyno reads slower than the client sends."""
        if self.exchange is not None:
            self.exchange.dyno_blocked()

    def on_drained(self) -> None:
        """There is room again."""
        if self.exchange is not None:
            self.exchange.dyno_drained()


def open_link(poller: Poller, dyno: Dyno, exchange: Carrier) -> Link:
    """Begin to connect; exchange hears dyno_connected() or dyno_lost().

    The upstream's host is a numeric address: nothing here asks a name server. Raises OSError.
    """
    upstream = dyno.upstream
    family = socket.AF_INET6 if ":" in upstream.host else socket.AF_INET
    sock = Socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        error = sock.connect_ex((upstream.host, upstream.port))
        if error not in _IN_PROGRESS:
            raise OSError(error, "connect")
    except OSError:
        sock.close()
        raise
    link = Link(poller, sock, dyno, exchange)
    poller.add_writer(link.fd, link)
    return link
