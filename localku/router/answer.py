"""The dyno's answer: its head, once it is whole, and its body, as it comes.

Framing follows RFC 9112 section 6.3; what an HTTP/1.0 client cannot read is made readable for it
(a chunked body is decoded and ends with the connection). Nothing is collected.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from localku.router import codes, forward, outcome
from localku.router.affinity import MAX_AGE, cookie_line
from localku.router.chunked import BadChunk, ChunkScanner, whole_chunks
from localku.router.grammar import LINE_MAX, RESPONSE_LINE_MAX, ResponseError
from localku.router.phase import BULK, CHUNKED, RESPOND, UNTIL_CLOSE
from localku.router.response import ResponseHead, parse_response
from localku.router.tunnel import Tunnel

if TYPE_CHECKING:
    from localku.router.exchange import Exchange
    from localku.router.upstream import Link

_JOIN_MAX = 4096  # a body piece up to this size is cheaper copied twice than joined by a view

_KEEP = forward.framing_lines(chunked=False, keep=True)
_CLOSE = forward.framing_lines(chunked=False, keep=False)
_CHUNKED_KEEP = forward.framing_lines(chunked=True, keep=True)
_CHUNKED_CLOSE = forward.framing_lines(chunked=True, keep=False)
_UPGRADE = forward.framing_lines(chunked=False, keep=False, upgrade=True)


def take_head(exchange: Exchange, data: bytes) -> None:
    """Bytes of a response whose head was not whole so far."""
    link = exchange.link
    if link is None:
        return
    if link.partial is not None:
        link.partial += data
        data = bytes(link.partial) if b"\r\n\r\n" in link.partial else data
    while True:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            _await_rest(exchange, link, data)
            return
        link.partial = None
        head = _parse(exchange, link, data[: end + 2])
        if head is None:
            return
        if head.status >= 200:
            _begin_body(exchange, head, data, end + 4)
            return
        if head.status == 101:
            _switch(exchange, link, head, data[end + 4 :])
            return
        if not exchange.line.old:
            exchange.front.write(forward.interim_head(head))
        data = data[end + 4 :]
        if not data:
            exchange.deadline = monotonic() + exchange.router.settings.idle_timeout
            return


def _await_rest(exchange: Exchange, link: Link, data: bytes) -> None:
    """Keep a head that is not whole; what can never become one fails at once."""
    if link.partial is None:
        link.partial = bytearray(data)
    partial = link.partial
    start = bytes(partial[:7])
    if start != b"HTTP/1."[: len(start)]:
        outcome.fail(exchange, codes.H17)
    elif len(partial) > LINE_MAX and partial.find(b"\r\n", 0, LINE_MAX + 2) < 0:
        outcome.fail(exchange, codes.restriction("oversized status line"))
    elif len(partial) > RESPONSE_LINE_MAX:
        outcome.fail(exchange, codes.restriction("oversized header"))
    elif b"\n" in data and data.count(b"\n") != data.count(b"\r\n") + (data[:1] == b"\n"):
        outcome.fail(exchange, codes.H17)
    else:
        exchange.deadline = monotonic() + exchange.router.settings.idle_timeout


def _parse(exchange: Exchange, link: Link, raw: bytes) -> ResponseHead | None:
    if raw == link.raw_head:
        return link.head
    try:
        head = parse_response(raw)
    except ResponseError as error:
        known = {"H17": codes.H17}
        outcome.fail(exchange, known.get(error.code) or codes.restriction(error.restriction))
        return None
    link.raw_head = raw
    link.head = head
    return head


def _begin_body(exchange: Exchange, head: ResponseHead, data: bytes, at: int) -> None:
    """The final head is whole; data[at:] is the beginning of the body."""
    router = exchange.router
    exchange.status = status = head.status
    exchange.reusable = head.keep
    if not router.classic:
        exchange.skipped = exchange.received - (len(data) - at)
    if exchange.in_left or router.draining:
        exchange.keep = False
    keep = exchange.keep
    if exchange.line.head or status == 204 or status == 304:
        left = 0
        framing = _KEEP if keep else _CLOSE
        if head.chunked and not exchange.line.old:
            framing = _CHUNKED_KEEP if keep else _CHUNKED_CLOSE
    elif head.length >= 0:
        left = head.length
        framing = _KEEP if keep else _CLOSE
    elif head.chunked and not exchange.line.old:
        left = CHUNKED
        framing = _CHUNKED_KEEP if keep else _CHUNKED_CLOSE
    else:
        left, framing = _until_close(exchange, head)
    if head.block_framing is not framing:
        head.block = forward.response_head(head, router.via, router.server, framing)
        head.block_framing = framing
    block = head.block
    if exchange.app.bindings is not None:
        block += _cookie(exchange)
    out = block + (b"\r\n" if head.dated else router.date_line())
    exchange.out_left = left
    size = len(data) - at
    if size == left or (left == CHUNKED and _is_whole(exchange, data, at)):
        _write(exchange, out, data, at)
        outcome.complete(exchange)
        return
    exchange.phase = RESPOND
    relay(exchange, data[at:], out)


def _cookie(exchange: Exchange) -> bytes:
    """The line that binds the client to its dyno, unless it is bound already (session affinity)."""
    bindings, dyno = exchange.app.bindings, exchange.dyno
    if bindings is None or dyno is None:
        return b""
    value = bindings.renewed(exchange.fields.kept, dyno.upstream)
    return cookie_line(value, exchange.router.date(MAX_AGE)) if value else b""


def _is_whole(exchange: Exchange, data: bytes, at: int) -> bool:
    """Whether data[at:] is a plain chunked body from first to last, to be passed on as it is."""
    return exchange.out_scan is None and whole_chunks(data, at)[1] == len(data)


def relay(exchange: Exchange, data: bytes, out: bytes = b"") -> None:
    """Pass on a piece of the body. out: what is to be sent in front of it, in the same write."""
    left = exchange.out_left
    if left == CHUNKED:
        _relay_chunks(exchange, data, out)
        return
    front = exchange.front
    size = len(data)
    if left == UNTIL_CLOSE or size < left:
        if left > 0:
            exchange.out_left = left = left - size
        if exchange.link is not None:
            exchange.link.bulk = left > BULK
        exchange.deadline = monotonic() + exchange.router.settings.idle_timeout
        front.write(out + data if out else data)
        return
    if size > left:
        exchange.reusable = False  # the dyno says more than it announced
        data = data[:left]
    front.write(out + data if out else data)
    outcome.complete(exchange)


def _relay_chunks(exchange: Exchange, data: bytes, out: bytes) -> None:
    scan = exchange.out_scan
    if scan is None:
        scan = exchange.out_scan = ChunkScanner()
    try:
        piece = scan.feed(data)
    except BadChunk as error:
        exchange.front.write(out + error.relay)
        outcome.fail(exchange, codes.H17)
        return
    if out or piece:
        exchange.front.write(out + piece if out else piece)
    if not scan.done:
        exchange.deadline = monotonic() + exchange.router.settings.idle_timeout
        return
    if scan.rest:
        exchange.reusable = False
    outcome.complete(exchange)


def _until_close(exchange: Exchange, head: ResponseHead) -> tuple[int, bytes]:
    """(out_left, framing lines) of a body whose end the client knows by the connection's end."""
    exchange.keep = False
    if head.chunked:
        exchange.out_scan = ChunkScanner(decode=True)
        return CHUNKED, _CLOSE
    exchange.reusable = False
    return UNTIL_CLOSE, _CLOSE


def _write(exchange: Exchange, out: bytes, data: bytes, at: int) -> None:
    size = len(data) - at
    if size <= _JOIN_MAX:
        exchange.front.write(out + data[at:])
    else:
        exchange.front.write(b"".join((out, memoryview(data)[at:])))


def _switch(exchange: Exchange, link: Link, head: ResponseHead, behind: bytes) -> None:
    """101: from here on the bytes are none of our business. behind: what came after the head."""
    if not exchange.fields.upgrade or exchange.in_left:
        outcome.fail(exchange, codes.H17)
        return
    router = exchange.router
    exchange.status = 101
    if not router.classic:
        exchange.skipped = exchange.received - len(behind)
    out = forward.response_head(head, router.via, router.server, _UPGRADE) + _cookie(exchange)
    exchange.front.write(out + b"\r\n" + behind)
    Tunnel(exchange, link).start()
