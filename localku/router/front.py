"""The client's side: one Front per connection. It finds heads, and hands over what follows them.

A Front has at most one exchange at a time; what a client pipelines behind it is held back, up to
HELD_MAX bytes, beyond which the client is not read. The last request line and the last fields stay
parsed: clients repeat themselves.
"""

from __future__ import annotations

from _socket import socket as Socket
from time import monotonic, time
from typing import TYPE_CHECKING

from localku.router import forward, pages, record
from localku.router.exchange import HELD_MAX, Exchange
from localku.router.forward import NO_LINE, NOTHING_SEEN, Seen
from localku.router.grammar import HEAD_MAX, LINE_MAX, TOKEN, HeadError
from localku.router.head import parse_fields
from localku.router.request_line import RequestLine, parse_request_line
from localku.router.wire import Wire

if TYPE_CHECKING:
    from localku.router.carrier import Carrier
    from localku.router.router import Router

_BLANK_LINES_MAX = 5  # before a request line (cowboyku); RFC 9112 section 2.2 asks for one


class Front(Wire):
    """One client connection.

    held: bytes that came and are not handled yet. deadline: for idling, for a head, for lingering;
    while there is an exchange, its own counts. deaf: what comes is thrown away, we only wait for
    the client to hang up. seen: what the fields of the request at hand mean.
    """

    __slots__ = (
        *("_blanks", "_line", "deadline", "deaf", "edge", "exchange", "held", "router", "seen"),
    )

    def __init__(self, router: Router, sock: Socket, edge: forward.Edge, now: float) -> None:
        super().__init__(router.poller, sock)
        self.router = router
        self.edge = edge
        self.exchange: Carrier | None = None
        self.held: bytes | bytearray = b""
        self.deaf = False
        self.deadline = now + router.settings.head_timeout
        self._line = edge.line
        self.seen = edge.seen
        self._blanks = 0

    def on_data(self, data: bytes) -> None:
        """A request, a part of one, or something behind one."""
        if self.exchange is not None:
            self.exchange.client_data(data)
        elif not self.deaf:
            if not self.held:
                self._advance(data)
            elif isinstance(self.held, bytearray):
                self.held += data
                self._check_partial(data)
            else:
                self._advance(self.held + data)

    def _advance(self, data: bytes) -> None:
        """Begin the request at the front of data; without a whole head, keep it."""
        while data[:2] == b"\r\n":
            data = data[2:]
            self._blanks += 1
            if self._blanks > _BLANK_LINES_MAX:
                self._forget()
                self._reject(HeadError(400, "bad request line"))
                return
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._await_rest(data)
            return
        self.held = b""
        self._blanks = 0
        try:
            self._begin(data, end)
        except HeadError as error:
            if self._line is NO_LINE:
                self._forget()
            self._reject(error)

    def _forget(self) -> None:
        """What was parsed last says nothing about the request at hand."""
        self._line = NO_LINE
        self.seen = NOTHING_SEEN

    def _await_rest(self, data: bytes) -> None:
        """A head has begun: it must be whole within head_timeout."""
        self.held = bytearray(data)
        self._forget()
        if data:
            self.deadline = monotonic() + self.router.settings.head_timeout
            self.router.clock.note()
            self._check_partial(data)

    def _check_partial(self, data: bytes) -> None:
        """More of a head came: is it whole now, or can it never become a right one?"""
        held = self.held
        if b"\r\n\r\n" in held[-len(data) - 3 :]:
            self.held = b""
            self._advance(bytes(held))
        elif held[0] not in TOKEN and held[0] != 0x0D:
            self._reject(HeadError(400, "bad request line"))
        elif b"\n" in data and _has_bare_lf(held, len(data)):
            self._reject(HeadError(400))
        elif len(held) > LINE_MAX and b"\r\n" not in held[: LINE_MAX + 2]:
            self._reject(HeadError(414, "request line too long"))
        elif len(held) > HEAD_MAX:
            self._reject(HeadError(431))

    def _begin(self, data: bytes, end: int) -> None:
        """data[:end + 4] is a whole head: read it and set its exchange going. Raises HeadError."""
        eol = data.find(b"\r\n")
        raw = data[:eol]
        if raw != self._line.raw:
            self._line = NO_LINE
            self.edge.line = self._line = parse_request_line(raw)
        line = self._line
        raw = data[eol + 2 : end + 2]
        seen = self.seen
        if raw != seen.raw or line.authority or (line.old and seen.fields.upgrade):
            seen = self._read_fields(raw, line)
        fields = seen.fields
        if fields.chunked and line.old:
            raise HeadError(400)  # RFC 9112 section 6.1: faulty framing in HTTP/1.0
        router = self.router
        app = router.find(fields.host_key)
        if app is None:
            self.refuse(404, pages.no_such_app_page(), line.head)
            return
        request_id = fields.request_id or router.ids.next()
        if router.clock.asleep:
            router.clock.note()
        exchange = Exchange(router, self, app, line, fields, request_id, monotonic())
        self.exchange = exchange
        head = forward.request_head(line, fields, seen.block, request_id, int(time() * 1000))
        exchange.start(head, data[end + 4 :])

    def _read_fields(self, raw: bytes, line: RequestLine) -> Seen:
        """Parse a field section; what it means must not be taken for the next one's meaning where
        the request line has a say in it. Raises HeadError."""
        self.seen = NOTHING_SEEN
        if len(raw) > HEAD_MAX:
            raise HeadError(431)
        fields = parse_fields(raw, line.authority)
        alone = bool(line.authority)
        if line.old and fields.upgrade:
            fields.upgrade = b""  # RFC 9110 section 7.8: ignored in HTTP/1.0
            alone = True
        fwd = record.log_fwd(forward.forwarded_for(fields, self.edge))
        block = forward.request_fields(fields, self.edge)
        self.edge.seen = self.seen = Seen(None if alone else raw, fields, block, fwd)
        return self.seen

    def hold(self, data: bytes) -> None:
        """Keep what came behind the present request."""
        if data:
            self.held = self.held + data
            if len(self.held) > HELD_MAX:
                self.pause_reading()

    def take_held(self) -> bytes:
        """What came behind the present request, for a tunnel."""
        held, self.held = bytes(self.held), b""
        return held

    def next(self, keep: bool, unread: bool, now: float) -> None:
        """The exchange is over. keep: there may be another; unread: its body did not end."""
        self.exchange = None
        self.bulk = False
        if not keep or unread or self.router.draining:
            if unread or self.held:
                self._linger()
            else:
                self.deadline = now + self.router.settings.idle_timeout
                self.close()
            return
        self.deadline = now + self.router.settings.client_keepalive
        if self.blocked:
            self.pause_reading()
            return
        self.resume_reading()
        if self.held:
            self._advance(bytes(self.held))

    def refuse(self, status: int, page: bytes, head_only: bool) -> None:
        """Answer with a page of ours; the connection ends behind it."""
        router = self.router
        head = pages.error_head(status, len(page), router.via, router.server, router.date())
        self.write(head if head_only else head + page)
        self._linger()

    def _linger(self) -> None:
        """End our half and wait a little: closing on unread bytes would reset the connection and
        with it the answer on its way (RFC 9112 section 9.6)."""
        self.exchange = None
        self.deaf = True
        self.held = b""
        self.deadline = monotonic() + self.router.settings.linger
        self.finish()
        self.resume_reading()

    def cut_short(self, reset: bool = False) -> None:
        """A response has broken off: send what there is of it, then hang up.

        reset: the client would take a mere end of the connection for the end of the response.
        """
        self.deaf = True
        self.deadline = monotonic() + self.router.settings.idle_timeout
        if reset:
            self.close_as_broken()
        else:
            self.close()

    def _reject(self, error: HeadError) -> None:
        """A request that is not one: its line, its page, the end."""
        router = self.router
        self.held = b""
        line = self._line
        fields = self.seen.fields
        code = router.client_error(error.status, error.cause)
        app = router.find(fields.host_key) if fields.host else router.default
        if app is not None:
            router.log(
                app,
                record.failed(
                    *(code.opening(), line.method, line.target, fields.host, router.ids.next()),
                    *(record.log_fwd(self.edge.client), self.edge.protocol),
                    status=error.status,
                ),
            )
        self.refuse(error.status, pages.client_error_page(error.status), line.head)

    def expired(self) -> None:
        """The deadline has passed and there is no exchange."""
        if isinstance(self.held, bytearray) and self.held and not self.deaf:
            self.refuse(408, pages.client_error_page(408), head_only=False)
        else:
            self.abort()

    def on_eof(self) -> None:
        """The client hangs up; an answer on its way has nobody to go to."""
        if self.exchange is not None:
            self.exchange.client_lost()
        self.close()

    def on_lost(self, error: OSError) -> None:
        """The client's connection broke."""
        if self.exchange is not None:
            self.exchange.client_lost()

    def on_fault(self) -> None:
        """Our own fault: this client's request fails, nobody else's."""
        if self.exchange is not None:
            self.exchange.crashed()
        self.cut_short()

    def on_closed(self) -> None:
        """Nothing may point to a connection that is gone."""
        self.router.fronts.discard(self)
        self.router.left()

    def on_blocked(self) -> None:
        """The client reads slower than the dyno answers."""
        if self.exchange is not None:
            self.exchange.client_blocked()

    def on_drained(self) -> None:
        """There is room again."""
        if self.exchange is not None:
            self.exchange.client_drained()
        elif not self.deaf:
            self.resume_reading()
            if self.held:
                self._advance(bytes(self.held))


def _has_bare_lf(held: bytes | bytearray, new: int) -> bool:
    """Whether a line feed without its CR is among the last `new` bytes."""
    tail = held[-new - 1 :]
    bare = tail.count(b"\n") - tail.count(b"\r\n")
    return bare > (tail[:1] == b"\n" and len(tail) > new)
