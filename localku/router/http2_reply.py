"""The response of a stream: HTTP/1.1 in, as every exchange writes it; HEADERS and DATA out.

Frames leave in pump(), which the connection calls when there is room, stream after stream.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError

from localku.router.chunked import ChunkScanner
from localku.router.http2_head import FRAME_MAX, Header, fields_of, response_head
from localku.router.wire import HIGH_WATER, LOW_WATER

if TYPE_CHECKING:
    from localku.router.carrier import Carrier
    from localku.router.http2 import Http2


class Http2Reply:
    """backlog: body bytes that wait to be sent; blocked: so many that the dyno has to wait.

    unread: more of the request's body is to come. exchange: who writes, None when all is written.
    """

    __slots__ = (
        *("_answered", "_conn", "_ended", "_gone", "_head", "_out", "_scan", "_trailers"),
        *("backlog", "blocked", "exchange", "id", "router", "unread"),
    )

    def __init__(self, conn: Http2, stream_id: int) -> None:
        self.id = stream_id
        self.router = conn.router
        self.exchange: Carrier | None = None
        self.backlog = 0
        self.blocked = False
        self.unread = False
        self._conn = conn
        self._answered = False  # the response's head is here
        self._head: list[Header] | None = None  # and is to be sent
        self._scan: ChunkScanner | None = None
        self._out: deque[bytes | memoryview] = deque()
        self._trailers: list[Header] = []
        self._ended = False  # nothing more will be written
        self._gone = False

    def lost(self) -> None:
        """The client gave the stream up, or has gone."""
        raise NotImplementedError

    def forget(self) -> None:
        """It is over, and the client knows."""
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        """HTTP/1.1 from the exchange: a head, whole and first, then pieces of a body."""
        if self._gone or self._ended:
            return
        if not self._answered:
            data = self._take_head(data)
        if self._scan is not None:
            data = self._scan.feed(data) if data else b""
            if self._scan.done:
                self._trailers = fields_of(self._scan.trailers)
        if data:
            self._out.append(bytes(data))
            self.backlog += len(data)
        self._conn.wake()
        if self.backlog > HIGH_WATER and not self.blocked:
            self.blocked = True
            if self.exchange is not None:
                self.exchange.client_blocked()

    def _take_head(self, data: bytes) -> bytes:
        head, _, body = data.partition(b"\r\n\r\n")
        status, headers, chunked = response_head(head, self.router.via)
        if status < 200:
            self._conn.inform(self.id, headers)
            return b""
        self._answered = True
        self._head = headers
        if chunked:
            self._scan = ChunkScanner(decode=True)
        return body

    def pump(self) -> int:
        """Send what may be sent now, a frame of body at the most; returns its size, 0 for none."""
        if self._gone:
            return 0
        try:
            return self._pump()
        except (ProtocolError, KeyError):  # the client has closed the stream in the meantime
            self.lost()
            self.forget()
            return 0

    def _pump(self) -> int:
        conn = self._conn
        if self._head is not None:
            head, self._head = self._head, None
            whole = self._ended and not self.backlog and not self._trailers
            conn.send_headers(self.id, head, end=whole)
            if whole:
                self._finish()
                return 0
        size = min(conn.window(self.id), FRAME_MAX, self.backlog)
        if size:
            piece = self._cut(size)
            whole = self._ended and not self.backlog and not self._trailers
            conn.send_data(self.id, piece, end=whole)
            if self.blocked and self.backlog <= LOW_WATER:
                self.blocked = False
                if self.exchange is not None:
                    self.exchange.client_drained()
            if whole:
                self._finish()
        elif self._ended and not self.backlog:
            if self._trailers:
                conn.send_headers(self.id, self._trailers, end=True)
            else:
                conn.send_data(self.id, b"", end=True)
            self._finish()
        return size

    def _cut(self, size: int) -> bytes:
        """The next bytes of the body."""
        self.backlog -= size
        parts = []
        while size:
            part = self._out.popleft()
            if len(part) > size:
                self._out.appendleft(memoryview(part)[size:])
                part = part[:size]
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _finish(self) -> None:
        """All is sent. A client that still sends may stop: RFC 9113 section 8.1."""
        if self.unread:
            self._conn.reset(self.id, ErrorCodes.NO_ERROR)
        self._conn.served()
        self.forget()
