"""The router's log line, field by field as Heroku writes it (Dev Center "HTTP Routing").

Order, empties and quotes follow lines that real apps logged: path and fwd are quoted, addresses in
fwd are joined by "," alone, connect and service are whole milliseconds, an unknown value is empty.
The timestamp and `heroku[router]: ` in front of it belong to the log stream. Method, host and
request_id have no blank or quote in them, or the request would have been refused (grammar.py); path
and fwd may have anything, and are made safe here.
"""

from __future__ import annotations

from localku.logs.words import quotable

_PLAIN = bytes(octet for octet in range(0x20, 0x7F) if octet not in b'"\\')
_SERVED = (
    b'at=info method=%b path="%b" host=%b request_id=%b fwd="%b" dyno=%b'
    b" connect=%dms service=%dms status=%d bytes=%d %b\n"
)


def quoted(value: bytes) -> bytes:
    """Make a client's bytes safe between the quotes of a log line, as logfmt has it."""
    return quotable(value) if value.translate(None, _PLAIN) else value


def log_fwd(forwarded_for: bytes) -> bytes:
    """X-Forwarded-For as the log shows it: no blanks, safe between quotes."""
    return quoted(forwarded_for.replace(b" ", b"").replace(b"\t", b""))


def protocol_fields(classic: bool, secure: bool, http2: bool = False) -> bytes:
    """The end of the line: `protocol=http`, or Router 2.0's three fields."""
    if classic:
        return b"protocol=https" if secure else b"protocol=http"
    return b"protocol=%b tls=%b tls_version=unknown" % (
        b"http2.0" if http2 else b"http1.1",
        b"true" if secure else b"false",
    )


def served(
    method: bytes,
    path: bytes,
    host: bytes,
    request_id: bytes,
    fwd: bytes,
    dyno: bytes,
    connect: int,
    service: int,
    status: int,
    size: int,
    protocol: bytes,
) -> bytes:
    """The line of a request that the dyno answered. connect, service: ms; size: bytes."""
    if path.translate(None, _PLAIN):
        path = quotable(path)
    return _SERVED % (
        *(method, path, host, request_id, fwd, dyno),
        *(connect, service, status, size, protocol),
    )


def failed(
    opening: bytes,
    method: bytes,
    path: bytes,
    host: bytes,
    request_id: bytes,
    fwd: bytes,
    protocol: bytes,
    dyno: bytes = b"",
    connect: int | None = None,
    service: int | None = None,
    status: int | None = None,
    size: int | None = None,
) -> bytes:
    """The line of a request with an H-code. opening: Code.opening(); None gives an empty field."""
    return (
        b'%bmethod=%b path="%b" host=%b request_id=%b fwd="%b" dyno=%b'
        b" connect=%b service=%b status=%b bytes=%b %b\n"
    ) % (
        *(opening, method, quoted(path), host, request_id, fwd, dyno),
        *(_or_empty(connect, b"ms"), _or_empty(service, b"ms")),
        *(_or_empty(status), _or_empty(size), protocol),
    )


def _or_empty(value: int | None, unit: bytes = b"") -> bytes:
    return b"" if value is None else b"%d%b" % (value, unit)
