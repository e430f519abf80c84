"""What the router changes in a message on its way (Dev Center "HTTP Routing", vegur).

Towards the dyno: Host first, the client's own lines verbatim and in order, then ours. Towards the
client: the dyno's lines verbatim and in order, then framing, Via and Connection. Hop-by-hop fields
have been left out by the parsers already. Pure: bytes in, bytes out.
"""

from __future__ import annotations

from localku.router.head import Fields
from localku.router.request_line import RequestLine
from localku.router.response import ResponseHead

_NO_LENGTH_NEEDED = frozenset((b"GET", b"HEAD", b"OPTIONS", b"TRACE"))
_DAYS = (b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun")
_MONTHS = (
    *(b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun"),
    *(b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"),
)


class Edge:
    """What is the same for all connections of one client address to one port.

    client: its address. proto, port: X-Forwarded-Proto and -Port. via: our name in Via.
    keepalive: whether connections to dynos are used again. protocol: the end of its log lines.
    line, seen: of the last request.
    """

    __slots__ = ("client", "keepalive", "line", "port", "proto", "protocol", "seen", "via")

    def __init__(
        self,
        client: bytes,
        proto: bytes,
        port: int,
        via: bytes,
        keepalive: bool,
        protocol: bytes = b"",
    ) -> None:
        self.client = client
        self.proto = proto
        self.port = port
        self.via = via
        self.keepalive = keepalive
        self.protocol = protocol
        self.line = NO_LINE
        self.seen = NOTHING_SEEN


class Seen:
    """A request's fields: as they came, what they mean, what they become towards the dyno.

    raw: the field section, None where it must not be taken for the next one's.
    block: request_fields(). fwd: X-Forwarded-For as the log shows it.
    """

    __slots__ = ("block", "fields", "fwd", "raw")

    def __init__(self, raw: bytes | None, fields: Fields, block: bytes, fwd: bytes) -> None:
        self.raw = raw
        self.fields = fields
        self.block = block
        self.fwd = fwd


NO_LINE = RequestLine(b"", b"", b"", b"", False)
NOTHING_SEEN = Seen(None, Fields(), b"", b"")


def forwarded_for(fields: Fields, edge: Edge) -> bytes:
    """X-Forwarded-For as sent to the dyno: what came, then the address that we saw ourselves."""
    if fields.forwarded_for:
        return b"%b, %b" % (fields.forwarded_for, edge.client)
    return edge.client


def request_fields(fields: Fields, edge: Edge) -> bytes:
    """The field lines towards the dyno that do not change while a client repeats its own."""
    lines = [b"Host: " + fields.host, *fields.kept]
    if fields.chunked:
        lines.append(b"Transfer-Encoding: chunked")
    elif fields.length >= 0:
        lines.append(b"Content-Length: %d" % fields.length)
    if fields.upgrade:
        lines.append(b"Connection: Upgrade\r\nUpgrade: " + fields.upgrade)
    else:
        lines.append(b"Connection: keep-alive" if edge.keepalive else b"Connection: close")
    via = b"%b, %b" % (fields.via, edge.via) if fields.via else edge.via
    lines.append(
        b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Port: %d\r\nVia: %b\r\n"
        % (forwarded_for(fields, edge), edge.proto, edge.port, via)
    )
    return b"\r\n".join(lines)


def request_head(
    line: RequestLine, fields: Fields, block: bytes, request_id: bytes, received: int
) -> bytes:
    """The whole head towards the dyno. block: request_fields(); received: unix time in ms."""
    if fields.length < 0 and not fields.chunked and line.method not in _NO_LENGTH_NEEDED:
        block += b"Content-Length: 0\r\n"
    return b"%b %b HTTP/1.1\r\n%bX-Request-Id: %b\r\nX-Request-Start: %d\r\n\r\n" % (
        line.method,
        line.target,
        block,
        request_id,
        received,
    )


def response_head(response: ResponseHead, via: bytes, server: bytes, framing: bytes) -> bytes:
    """Status line and fields towards the client, up to but without Date and the empty line.

    framing: the lines that this client needs: Connection, and Transfer-Encoding if chunked.
    server: put in where the app names none.
    """
    lines = [b"HTTP/1.1 %d %b" % (response.status, response.reason), *response.kept]
    if response.length >= 0:
        lines.append(b"Content-Length: %d" % response.length)
    if not response.served:
        lines.append(b"Server: " + server)
    lines.append(b"Via: %b, %b" % (response.via, via) if response.via else b"Via: " + via)
    lines.append(framing)
    return b"\r\n".join(lines)


def framing_lines(chunked: bool, keep: bool, upgrade: bool = False) -> bytes:
    """The lines that say how a response ends and what becomes of the connection, with CRLF."""
    lines = b"Transfer-Encoding: chunked\r\n" if chunked else b""
    if upgrade:
        return lines + b"Connection: Upgrade\r\n"
    return lines + (b"Connection: keep-alive\r\n" if keep else b"Connection: close\r\n")


def interim_head(response: ResponseHead) -> bytes:
    """A 1xx towards the client; 100 goes bare, as vegur sends it."""
    lines = [b"HTTP/1.1 %d %b" % (response.status, response.reason)]
    if response.status != 100:
        lines += response.kept
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def http_date(moment: tuple[int, ...]) -> bytes:
    """IMF-fixdate (RFC 9110 section 5.6.7) of a UTC time.struct_time, in no locale but its own."""
    year, month, day, hour, minute, second, weekday = moment[:7]
    return b"%b, %02d %b %d %02d:%02d:%02d GMT" % (
        *(_DAYS[weekday], day, _MONTHS[month - 1], year),
        *(hour, minute, second),
    )
