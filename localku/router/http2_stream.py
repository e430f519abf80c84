"""One request of an HTTP/2 connection: to its Exchange it looks like a Front.

What the client sends becomes a body as HTTP/1.1 frames it; the other way is in http2_reply.py.
"""

from __future__ import annotations

from collections import deque
from time import monotonic, time
from typing import TYPE_CHECKING, cast

from h2.errors import ErrorCodes

from localku.router import forward, pages, record
from localku.router.exchange import Exchange
from localku.router.forward import NOTHING_SEEN, Seen
from localku.router.grammar import HeadError
from localku.router.head import Fields
from localku.router.http2_head import (
    Header,
    Malformed,
    read_request,
    read_trailers,
)
from localku.router.http2_reply import Http2Reply
from localku.router.request_line import RequestLine

if TYPE_CHECKING:
    from localku.router.front import Front
    from localku.router.http2 import Http2

_CREDIT_MIN = 32_768  # bytes taken in before the client is told that it may send so many more


class Http2Stream(Http2Reply):
    """See Front for what an exchange asks of it. seen: what the request's fields mean."""

    __slots__ = (
        *("_chunked", "_credit", "_held", "_left", "bulk", "deadline", "edge", "reading", "seen"),
    )

    def __init__(self, conn: Http2, stream_id: int, now: float) -> None:
        super().__init__(conn, stream_id)
        self.edge = conn.edge
        self.seen = NOTHING_SEEN
        self.deadline = now + conn.router.settings.idle_timeout
        self.bulk = False
        self.reading = True
        self._chunked = False  # the request's body
        self._held: deque[bytes] = deque()  # of that body, while the exchange takes none
        self._left = -1  # bytes of it that were announced and have not come; -1: none were
        self._credit = 0

    # -- the request ---------------------------------------------------------------------------

    def begin(self, headers: list[Header], ended: bool) -> None:
        """A field section has come: the request begins, or is refused. ended: it has no body."""
        line = None
        self.unread = not ended
        try:
            line, fields = read_request(headers, ended)
            self._start(line, fields)
        except Malformed:
            self._log_refusal(400, "bad header", line)
            self._reset(ErrorCodes.PROTOCOL_ERROR)
        except HeadError as error:
            self._log_refusal(error.status, error.cause, line)
            head_only = line is not None and line.head
            self.refuse(error.status, pages.client_error_page(error.status), head_only)

    def _start(self, line: RequestLine, fields: Fields) -> None:
        router = self.router
        app = router.find(fields.host_key)
        if app is None:
            self.refuse(404, pages.no_such_app_page(), line.head)
            return
        fwd = record.log_fwd(forward.forwarded_for(fields, self.edge))
        self.seen = Seen(None, fields, forward.request_fields(fields, self.edge), fwd)
        self._chunked = fields.chunked
        self._left = fields.length
        request_id = fields.request_id or router.ids.next()
        if router.clock.asleep:
            router.clock.note()
        front = cast("Front", self)
        exchange = Exchange(router, front, app, line, fields, request_id, monotonic())
        self.exchange = exchange
        block = self.seen.block
        head = forward.request_head(line, fields, block, request_id, int(time() * 1000))
        exchange.start(head, b"")

    def _log_refusal(self, status: int, cause: str, line: RequestLine | None) -> None:
        router = self.router
        if router.default is None:
            return
        opening = router.client_error(status, cause).opening()
        asked = (line.method, line.target) if line is not None else (b"", b"")
        ours = (router.ids.next(), record.log_fwd(self.edge.client), self.edge.protocol)
        line_ = record.failed(opening, *asked, b"", *ours, status=status)
        router.log(router.default, line_)

    def take(self, data: bytes, length: int) -> None:
        """A piece of the body. length: what it counts in flow control."""
        self._credit += length
        if self._left >= 0:
            self._left -= len(data)
            if self._left < 0:
                self._spoil()
                return
        if data:
            self._pass_on(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def take_end(self, trailers: list[Header]) -> None:
        """The body has ended."""
        self.unread = False
        try:
            end = b"0\r\n%b\r\n" % read_trailers(trailers)
        except Malformed:
            self._spoil()
            return
        if self._left > 0:
            self._spoil()
        elif self._chunked:
            self._pass_on(end)

    def _spoil(self) -> None:
        """The body is none: to the exchange, the client has gone (RFC 9113 section 8.1.1)."""
        self._conn.reset(self.id, ErrorCodes.PROTOCOL_ERROR)
        self.lost()
        self.forget()

    def _pass_on(self, data: bytes) -> None:
        if self.exchange is None:
            return
        if self._held or not self.reading:
            self._held.append(data)
            return
        self.exchange.client_data(data)
        self._give_credit()

    def _give_credit(self) -> None:
        if self.reading and self._credit >= _CREDIT_MIN and not self._gone:
            credit, self._credit = self._credit, 0
            self._conn.widen(credit, self.id)

    def pause_reading(self) -> None:
        """Keep what comes; the client's window for this stream is not opened again."""
        self.reading = False

    def resume_reading(self) -> None:
        """Go on, but not from within the exchange that says so."""
        if not self.reading:
            self.reading = True
            self.router.poller.soon(self._deliver)

    def _deliver(self) -> None:
        while self._held and self.reading and self.exchange is not None:
            self.exchange.client_data(self._held.popleft())
        self._give_credit()

    def hold(self, data: bytes) -> None:
        """There is nothing behind a request here."""

    # -- its ends ------------------------------------------------------------------------------

    def next(self, keep: bool, unread: bool, now: float) -> None:
        """The exchange is over and all is written. keep: for HTTP/1.1, here streams end anyway."""
        self.exchange = None
        self._ended = True
        self._held.clear()
        self.deadline = now + self.router.settings.idle_timeout
        self._conn.wake()

    def refuse(self, status: int, page: bytes, head_only: bool) -> None:
        """Answer with a page of ours."""
        router = self.router
        head = pages.error_head(status, len(page), router.via, router.server, router.date())
        self.write(head if head_only else head + page)
        self.next(False, self.unread, monotonic())

    def cut_short(self, reset: bool = False) -> None:
        """A response has broken off: what there is of it, then a reset."""
        self.exchange = None
        self.pump()
        self._reset(ErrorCodes.INTERNAL_ERROR)

    def abort(self) -> None:
        """Nobody is to be told anything any more."""
        self._reset(ErrorCodes.CANCEL)

    def close(self) -> None:
        """What is on its way goes on; the connection waits for it."""

    def expired(self) -> None:
        """The client did not take the rest of the response."""
        self._reset(ErrorCodes.CANCEL)

    def lost(self) -> None:
        """The client gave the stream up, or has gone."""
        exchange, self._ended = self.exchange, True
        if exchange is not None:
            exchange.client_lost()

    def _reset(self, code: ErrorCodes) -> None:
        if not self._gone:
            self._conn.reset(self.id, code)
            self.forget()

    def forget(self) -> None:
        """It is over, and the client knows."""
        if not self._gone:
            self._gone = True
            self.exchange = None
            self._conn.left(self.id)
            self.router.fronts.discard(self)
            self.router.left()
