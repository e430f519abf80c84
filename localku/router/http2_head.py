"""Heads of HTTP/2 in the words of HTTP/1.1, and back (RFC 9113 section 8). Pure.

A dyno speaks HTTP/1.1, so a request must mean the same in both: it is first held to RFC 9113, then
to the very rules of every other request (request_line.py, head.py).
"""

from __future__ import annotations

from collections.abc import Iterable

from localku.router.grammar import FIELD_TEXT, FIELDS_MAX, HEAD_MAX, TOKEN, HeadError
from localku.router.head import Fields, host_key, parse_fields
from localku.router.request_line import RequestLine, parse_request_line

Header = tuple[bytes, bytes]

FRAME_MAX = 16_384  # RFC 9113 section 4.2: what every side must take, and all that we take
_FRAME_HEADER = 9  # bytes, of which the first three are the length of what follows
_PREFACE = 24  # section 3.4
LIST_MAX = HEAD_MAX + 32 * FIELDS_MAX  # RFC 9113 section 6.5.2: each field counts 32 more
_UPPER = bytes(range(0x41, 0x5B))
_SPECIFIC = frozenset(  # to a connection: section 8.2.2
    (b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade")
)
_PSEUDO = frozenset((b":method", b":scheme", b":authority", b":path"))


class Malformed(Exception):
    """A request that is none in HTTP/2: its stream is reset (RFC 9113 section 8.1.1)."""


def read_request(headers: Iterable[Header], ended: bool) -> tuple[RequestLine, Fields]:
    """What a field section asks. ended: no body follows.

    Raises Malformed, or HeadError for what would be refused in HTTP/1.1, too.
    """
    pseudo, regular = _sort(headers)
    method, path = pseudo.get(b":method", b""), pseudo.get(b":path", b"")
    if not method or method == b"CONNECT":
        raise Malformed("no method, or CONNECT")
    if not (path.startswith(b"/") or (path == b"*" and method == b"OPTIONS")):
        raise Malformed("no path")
    if pseudo.get(b":scheme") not in (b"https", b"http"):
        raise Malformed("no scheme")
    line = parse_request_line(b"%b %b HTTP/1.1" % (method, path))
    fields = _read_fields(regular, pseudo.get(b":authority", b""))
    if ended and fields.length > 0:
        raise Malformed("no body")
    fields.chunked = not ended and fields.length < 0
    return line, fields


class FrameGuard:
    """Watches for frames that are longer than we allow: h2 would collect up to 16 MB first."""

    __slots__ = ("_begun", "_skip")

    def __init__(self) -> None:
        self._skip = _PREFACE  # bytes until the next frame begins
        self._begun = b""  # of that frame's length

    def passes(self, data: bytes) -> bool:
        """Whether the next bytes of the connection are all right."""
        at = self._skip
        while at < len(data):
            begun = self._begun + data[at : at + 3 - len(self._begun)]
            if len(begun) < 3:
                self._begun, at = begun, len(data)
                break
            length = int.from_bytes(begun, "big")
            if length > FRAME_MAX:
                return False
            at += _FRAME_HEADER + length - len(self._begun)
            self._begun = b""
        self._skip = at - len(data)
        return True


def _sort(headers: Iterable[Header]) -> tuple[dict[bytes, bytes], list[Header]]:
    """(pseudo-header fields, others), all of them in order and well-formed. Raises Malformed."""
    pseudo: dict[bytes, bytes] = {}
    regular: list[Header] = []
    for name, value in headers:
        if value.translate(None, FIELD_TEXT) or value.strip(b" \t") != value:
            raise Malformed("field value")
        if not name.startswith(b":"):
            _check_name(name, value)
            regular.append((name, value))
        elif name not in _PSEUDO or name in pseudo or regular:
            raise Malformed("pseudo-header field")
        else:
            pseudo[name] = value
    return pseudo, regular


def _check_name(name: bytes, value: bytes) -> None:
    if not name or name.translate(None, TOKEN) or name.translate(None, _UPPER) != name:
        raise Malformed("field name")
    if name in _SPECIFIC or (name == b"te" and value != b"trailers"):
        raise Malformed("field of a connection")


def _read_fields(regular: list[Header], authority: bytes) -> Fields:
    """The same as field lines, Host first. Raises Malformed, HeadError."""
    hosts = [value for name, value in regular if name == b"host"]
    if authority and any(host_key(host) != host_key(authority) for host in hosts):
        raise Malformed("two hosts")
    if authority:
        regular = [(b"host", authority), *(each for each in regular if each[0] != b"host")]
    lines = [b"%b: %b\r\n" % header for header in _joined(regular)]
    if len(lines) > FIELDS_MAX:
        raise HeadError(400)
    return parse_fields(b"".join(lines))


def _joined(regular: list[Header]) -> list[Header]:
    """Cookie crumbs become one field again (RFC 9113 section 8.2.3)."""
    crumbs = [value for name, value in regular if name == b"cookie"]
    if len(crumbs) < 2:
        return regular
    others = [header for header in regular if header[0] != b"cookie"]
    return [*others, (b"cookie", b"; ".join(crumbs))]


def read_trailers(headers: Iterable[Header]) -> bytes:
    """Field lines, each with its CRLF, for the end of a chunked body. Raises Malformed."""
    pseudo, regular = _sort(headers)
    if pseudo:
        raise Malformed("pseudo-header field")
    return b"".join(b"%b: %b\r\n" % header for header in regular)


def response_head(head: bytes, via: bytes) -> tuple[int, list[Header], bool]:
    """(status, fields, whether the body comes chunked) of an HTTP/1.1 head of our own making.

    head: without the empty line at its end. via: our name in Via, as HTTP/1.1 has it.
    """
    status_line, _, rest = head.partition(b"\r\n")
    status = status_line[9:12]
    headers = [(b":status", status)]
    chunked = False
    for name, value in fields_of(rest):
        if name == b"via" and value.endswith(via):
            value = value[: -len(via)] + b"2.0" + via[3:]
        if name == b"transfer-encoding":
            chunked = True
        elif name not in _SPECIFIC:
            headers.append((name, value))
    return int(status), headers, chunked


def fields_of(lines: bytes) -> list[Header]:
    """Field lines as names in lower case and values, in order."""
    found = []
    for line in lines.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            found.append((name.lower(), value.strip(b" \t")))
    return found
