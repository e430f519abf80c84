"""The request line, strictly: method, target, version, and single blanks between them.

Targets come in the four forms of RFC 9112 section 3.2; what goes on to a dyno is always the path
and query byte for byte, or `*`.
"""

from __future__ import annotations

from localku.router.grammar import LINE_MAX, TARGET, HeadError, is_token

_IDEMPOTENT = frozenset((b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"))
_METHODS = _IDEMPOTENT | {b"POST", b"PATCH"}  # tokens for certain


class RequestLine:
    """method and target as they are forwarded; authority: of an absolute-form target, else b"".

    raw: the line as it came. old: an HTTP/1.0 client. idempotent: may be sent again (RFC 9110
    section 9.2.2).
    """

    __slots__ = ("authority", "head", "idempotent", "method", "old", "raw", "target")

    def __init__(
        self, raw: bytes, method: bytes, target: bytes, authority: bytes, old: bool
    ) -> None:
        self.raw = raw
        self.method = method
        self.target = target
        self.authority = authority
        self.old = old
        self.head = method == b"HEAD"
        self.idempotent = method in _IDEMPOTENT


def parse_request_line(line: bytes) -> RequestLine:
    """Read a request line (without CRLF). Raises HeadError 400, 414 or 505."""
    if len(line) > LINE_MAX:
        raise HeadError(414, "request line too long")
    parts = line.split(b" ")
    if len(parts) != 3:
        raise HeadError(400, "bad request line")
    method, target, version = parts
    if version == b"HTTP/1.1":
        old = False
    elif version == b"HTTP/1.0":
        old = True
    else:
        raise HeadError(_version_status(version), "bad request line")
    if not target or target.translate(None, TARGET):
        raise HeadError(400, "bad request line")
    if method not in _METHODS and not _is_method(method):
        raise HeadError(400, "bad request line")
    if target.startswith(b"/") and b"#" not in target:
        return RequestLine(line, method, target, b"", old)
    target, authority = _origin_form(method, target)
    return RequestLine(line, method, target, authority, old)


def _is_method(method: bytes) -> bool:
    """Any token up to 127 octets but CONNECT (Dev Center "HTTP Routing")."""
    return is_token(method) and len(method) <= 127 and method != b"CONNECT"


def _version_status(version: bytes) -> int:
    well_formed = len(version) == 8 and version[:5] == b"HTTP/" and version[6:7] == b"."
    digits = version[5:6] + version[7:8]
    return 505 if well_formed and digits.isdigit() and digits != b"09" else 400


def _origin_form(method: bytes, target: bytes) -> tuple[bytes, bytes]:
    """(target, authority) of a target that is not a plain path. RFC 9112 section 3.2."""
    target = target.partition(b"#")[0]  # a fragment is the client's own affair: Heroku drops it
    if target.startswith(b"/"):
        return target, b""
    if target == b"*" and method == b"OPTIONS":
        return target, b""
    scheme, mark, rest = target.partition(b"://")
    if not mark or scheme.lower() not in (b"http", b"https"):
        raise HeadError(400, "bad request line")
    ends = [at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0]
    end = min(ends, default=len(rest))
    authority, path = rest[:end], rest[end:]
    if not authority:
        raise HeadError(400, "bad request line")
    if not path and method == b"OPTIONS":
        return b"*", authority
    return (path if path.startswith(b"/") else b"/" + path), authority
