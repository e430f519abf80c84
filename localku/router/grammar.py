"""The alphabet of HTTP/1.1 heads, and the one way in which a head can be wrong.

Strictness costs one `bytes.translate` per head: deleting every octet that may stand in a field
line must leave nothing but the CRLFs that end the lines. That one comparison rules out NUL, bare
CR, bare LF and every other control character (RFC 9112 section 2.2, RFC 9110 section 5.5).
"""

from __future__ import annotations

DIGIT = b"0123456789"
ALPHA = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
TOKEN = b"!#$%&'*+-.^_`|~" + DIGIT + ALPHA  # RFC 9110 section 5.6.2
HEX = DIGIT + b"abcdefABCDEF"
TARGET = bytes(range(0x21, 0x7F)) + bytes(range(0x80, 0x100))
FIELD_TEXT = b"\t " + TARGET  # field values may carry obs-text, RFC 9110 section 5.5
HOST = b"-._~%!$&'()*+;=:[]" + DIGIT + ALPHA  # no "," "/" "@" "?" "#": those only mislead
REQUEST_ID = b"+/=-" + DIGIT + ALPHA  # Dev Center "HTTP Request IDs"

LINE_MAX = 8192  # request line, header value, status line: Dev Center "HTTP Routing", limits
NAME_MAX = 1000
FIELDS_MAX = 1000
HEAD_MAX = 262_144  # the whole request head; Heroku bounds the parts, memory bounds the sum
RESPONSE_LINE_MAX = 524_288  # a header line, and also a head that does not end
COOKIE_MAX = 8192  # the whole Set-Cookie line


class HeadError(Exception):
    """A request that is refused: status for the client, cause for the log line (Heroku's words).

    method, path, host: what was readable of it, b"" where nothing was.
    """

    def __init__(self, status: int, cause: str = "bad header") -> None:
        super().__init__(f"{status} {cause}")
        self.status = status
        self.cause = cause
        self.method = b""
        self.path = b""
        self.host = b""


class ResponseError(Exception):
    """A dyno's head that is not passed on. code: H17, or H25 with the restriction that it broke."""

    def __init__(self, code: str, restriction: str = "") -> None:
        super().__init__(f"{code} {restriction}")
        self.code = code
        self.restriction = restriction


def is_address(host: str) -> bool:
    """Whether a host (without port) is a numeric address: IPv6 in brackets, or digits and dots."""
    return host.startswith("[") or not host.strip("0123456789.")


def is_token(value: bytes) -> bool:
    """Whether value is a non-empty RFC 9110 token."""
    return bool(value) and not value.translate(None, TOKEN)


def lines_of(fields: bytes) -> list[bytes] | None:
    """Split a field section (each line ended by CRLF) into lines without their CRLF.

    None when an octet outside of FIELD_TEXT is left over: a bare CR or LF, a NUL, a control.
    """
    lines = fields.split(b"\r\n")
    if lines.pop() or fields.translate(None, FIELD_TEXT) != b"\r\n" * len(lines):
        return None
    return lines


def content_length(value: bytes) -> int:
    """The number in a Content-Length value, -1 when it is anything but 1 to 18 digits.

    Blanks before the digits are the usual OWS; blanks behind them are refused, as vegur does.
    """
    digits = value.lstrip(b" \t")
    return int(digits) if digits.isdigit() and len(digits) <= 18 else -1


def tokens(value: bytes) -> list[bytes]:
    """The lower-case members of a comma list such as Connection; empty members are dropped."""
    return [item for item in (part.strip(b" \t").lower() for part in value.split(b",")) if item]
