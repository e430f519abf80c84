"""One kept-alive connection of the generator: it sends one request at a time and reads the answer.

The answer's head is read by the router's own strict parser, once for each head that differs; bodies
are counted off and thrown away, so that no answer can fill the memory.
"""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from localku.load.wire import Wire
from localku.router.chunked import BadChunk, ChunkScanner
from localku.router.grammar import ResponseError
from localku.router.response import ResponseHead, parse_response

HEAD_MAX = 1 << 18  # bytes; the router itself sends none that is longer
KNOWN_MAX = 512  # heads
NO_BODY = (204, 304)
CONNECT, RESET, TIMEOUT, PROTOCOL, UNSENT = "connect", "reset", "timeout", "protocol", "unsent"

_HEAD, _LENGTH, _CHUNKS, _CLOSE = range(4)
_known: dict[bytes, ResponseHead] = {}
# of these, status and length of the answers that need no second thought
_plain: dict[bytes, tuple[int, int]] = {}


class Sink(Protocol):
    """Who owns connections; told of each end of a request."""

    def answered(self, connection: Connection, status: int) -> None:
        """The answer is whole; the connection is free again, or closed."""

    def lost(self, connection: Connection, kind: str, why: str) -> None:
        """It is gone. kind: what became of its request, "" if it had none."""


class Connection(asyncio.Protocol):
    """due, sent: the moments of its request. measured: whether that one counts. busy: it has one.
    reused: it had an answer before, so that its server may have closed it meanwhile."""

    __slots__ = (
        "_chunks",
        "_is_head",
        "_held",
        "_keep",
        "_left",
        "_sink",
        "_state",
        "_status",
        "_transport",
        "busy",
        "due",
        "is_open",
        "measured",
        "retried",
        "reused",
        "sent",
        "touched",
        "wire",
    )

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._transport: asyncio.Transport | None = None
        self._state = _HEAD
        self._held = b""
        self._left = 0
        self._status = 0
        self._keep = True
        self._is_head = False
        self._chunks: ChunkScanner | None = None
        self.is_open = True
        self.busy = False
        self.reused = False
        self.retried = False
        self.measured = False
        self.touched = False
        self.due = self.sent = 0.0
        self.wire: Wire | None = None

    def ask(self, wire: Wire, due: float, sent: float, measured: bool) -> None:
        """Send a request; once there is a connection, if there is none yet."""
        self.wire = wire
        self._is_head = wire.is_head
        self.due = due
        self.sent = sent
        self.measured = measured
        self.busy = True
        self.touched = False
        if self._transport is not None:
            self._transport.write(wire.data)

    def abort(self) -> None:
        """Close it at once; nothing is told."""
        self.is_open = False
        self.busy = False
        if self._transport is not None:
            self._transport.abort()

    def failed(self, why: str) -> None:
        """There will be no connection."""
        self._lose(CONNECT, why)

    # -- asyncio.Protocol ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what waits."""
        made = self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        if not self.is_open:
            made.abort()
        elif self.busy and self.wire is not None:
            made.write(self.wire.data)

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer."""
        if not self.busy:
            if self.is_open:
                self._close("answered without being asked")
            return
        self.touched = True
        if self._state == _HEAD:
            if self._held:
                data = self._held + data
                self._held = b""
            end = data.find(b"\r\n\r\n")
            plain = _plain.get(data[: end + 2]) if end > 0 else None
            if plain is not None and plain[1] == len(data) - end - 4 and not self._is_head:
                self.busy = False
                self.reused = True
                self._sink.answered(self, plain[0])
                return
        try:
            self._read(data)
        except ResponseError:
            self._close("an answer that is no HTTP")
        except BadChunk:
            self._close("an answer whose chunks are wrong")

    def eof_received(self) -> bool:
        """The end of the stream; connection_lost tells the rest."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed, by either side."""
        if not self.is_open:
            return
        if self.busy and self._state == _CLOSE and exc is None:
            self._keep = False
            self._finish()
            return
        self._lose(
            RESET, "the connection was closed before the answer" if exc is None else str(exc)
        )

    # -- the answer ----------------------------------------------------------------------------

    def _read(self, data: bytes) -> None:
        """The careful way through an answer. Raises ResponseError or BadChunk."""
        while self._state == _HEAD:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                if len(data) > HEAD_MAX or not b"HTTP/1.".startswith(data[:7]):
                    raise ResponseError("H17")
                self._held = data
                return
            head = parse_head(data[: end + 2])
            data = data[end + 4 :]
            if head.status == 101:
                raise ResponseError("H17")
            if head.status >= 200:
                self._begin(head)
            elif not data:
                return
        if self._state == _LENGTH:
            self._left -= len(data)
            if self._left < 0:
                raise ResponseError("H17")
            if not self._left:
                self._finish()
        elif self._state == _CHUNKS and self._chunks is not None:
            self._chunks.feed(data)
            if self._chunks.done:
                if self._chunks.rest:
                    raise ResponseError("H17")
                self._finish()

    def _begin(self, head: ResponseHead) -> None:
        """What follows a head (RFC 9112 section 6.3)."""
        self._status = head.status
        self._keep = head.keep
        self._left = 0
        if head.status in NO_BODY or self._is_head:
            self._state = _LENGTH
        elif head.chunked:
            self._state = _CHUNKS
            self._chunks = ChunkScanner()
        elif head.length >= 0:
            self._state = _LENGTH
            self._left = head.length
        else:
            self._state = _CLOSE

    def _finish(self) -> None:
        """The answer is whole."""
        self._state = _HEAD
        self._chunks = None
        self.busy = False
        self.reused = True
        if not self._keep:
            self.is_open = False
            if self._transport is not None:
                self._transport.close()
        self._sink.answered(self, self._status)

    def _close(self, why: str) -> None:
        """The server broke the rules: no more of it."""
        if self._transport is not None:
            self._transport.abort()
        self._lose(PROTOCOL, why)

    def _lose(self, kind: str, why: str) -> None:
        self.is_open = False
        was_busy, self.busy = self.busy, False
        self._sink.lost(self, kind if was_busy else "", why)


def parse_head(raw: bytes) -> ResponseHead:
    """A head read, or known already. Raises ResponseError."""
    head = _known.get(raw)
    if head is None:
        head = parse_response(raw)
        if len(_known) >= KNOWN_MAX:
            _known.clear()
            _plain.clear()
        _known[raw] = head
        if head.keep and head.length >= 0 and head.status >= 200 and head.status not in NO_BODY:
            _plain[raw] = head.status, head.length
    return head
