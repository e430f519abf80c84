"""The beginning of a client's connection on the TLS port: until it is clear what it speaks.

A Handshake stands among the router's clients until it is over, so that it has a deadline and is
closed with the others. Then a Front takes its place. One that fails leaves no line: nothing was
asked of any app, and every port scan would fill the log.
"""

from __future__ import annotations

import ssl
from _socket import MSG_PEEK
from _socket import socket as Socket
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, TypeVar, cast

from localku.router import forward, pages, record
from localku.router.carrier import Client
from localku.router.front import Front
from localku.router.tls import HTTP2, Identities, TlsSocket
from localku.router.wire import Wire

if TYPE_CHECKING:
    from localku.router.http2 import Http2
    from localku.router.router import Router

_Client = TypeVar("_Client", bound=Client)

_HANDSHAKE = b"\x16"  # the first octet of a TLS record with a handshake message (RFC 8446, 5.1)
_CAUSE = "plain HTTP on the TLS port"


class Handshake(Wire):
    """One client that has not introduced itself so far. deadline: by when it must have."""

    __slots__ = ("_begun", "_identities", "deadline", "edge", "exchange", "router")

    def __init__(
        self,
        router: Router,
        sock: Socket,
        edge: forward.Edge,
        now: float,
        identities: Identities,
    ) -> None:
        super().__init__(router.poller, sock)
        self.router = router
        self.edge = edge
        self.exchange: None = None
        self.deadline = now + router.settings.head_timeout
        self._identities = identities
        self._begun = False

    def readable(self) -> None:
        """The loop's callback: one more step."""
        try:
            done = (self._begun or self._begin()) and self._step()
        except OSError:
            self.abort()
            return
        if done:
            self._introduce()

    def _introduce(self) -> None:
        """The handshake is over: what ALPN settled takes the place."""
        client: TlsFront | Http2
        if cast(TlsSocket, self.sock).protocol == HTTP2[0]:
            from localku.router.http2 import Http2

            client = self._hand_over(Http2)
            client.start()
        else:
            client = self._hand_over(TlsFront)
            client.resume_reading()
        client.readable()  # what the client asks is often there already

    def writable(self) -> None:
        """The loop's callback: there is room for our part of the handshake again."""
        self.readable()

    def _begin(self) -> bool:
        """Whether TLS has begun; otherwise this connection is over, or not there yet."""
        try:
            first = self.sock.recv(1, MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        if first != _HANDSHAKE:
            if first:
                self._refuse()
            else:
                self.abort()
            return False
        self.sock = cast(Socket, self._identities.secure(self.sock))
        self._begun = True
        return True

    def _step(self) -> bool:
        """Go on with the handshake; whether it is over."""
        try:
            cast(TlsSocket, self.sock).handshake()
        except ssl.SSLWantReadError:
            self.poller.remove_writer(self.fd)
        except ssl.SSLWantWriteError:
            self.poller.add_writer(self.fd, self)
        else:
            return True
        return False

    def _hand_over(self, kind: Callable[[Router, Socket, forward.Edge, float], _Client]) -> _Client:
        self.pause_reading()
        self.poller.remove_writer(self.fd)
        client = kind(self.router, self.sock, self.edge, monotonic())
        self.router.fronts.add(client)
        self.router.fronts.discard(self)
        return client

    def _refuse(self) -> None:
        """Plain HTTP, or whatever begins like it: a page in the client's own words, one line."""
        router = self.router
        front = self._hand_over(Front)
        if router.default is not None:
            opening = router.client_error(400, _CAUSE).opening()
            fwd = record.log_fwd(self.edge.client)
            ours = (router.ids.next(), fwd, self.edge.protocol)
            router.log(router.default, record.failed(opening, b"", b"", b"", *ours, status=400))
        front.refuse(400, pages.plain_on_tls_page(), head_only=False)

    def expired(self) -> None:
        """It took too long."""
        self.abort()

    def on_closed(self) -> None:
        """Nothing may point to a connection that is gone."""
        self.router.fronts.discard(self)
        self.router.left()


class TlsEnd(Wire):
    """A Wire whose end is told by close_notify, unless close_as_broken() made it."""

    __slots__ = ()

    def close(self) -> None:
        """Send what is buffered, then say that this was all, then close."""
        if not self.closing and not self.backlog:
            cast(TlsSocket, self.sock).say_end()
        super().close()

    def _all_sent(self) -> None:
        if self.closing:
            cast(TlsSocket, self.sock).say_end()
        super()._all_sent()


class TlsFront(TlsEnd, Front):
    """HTTP/1.1 over TLS."""

    __slots__ = ()
