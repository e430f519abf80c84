"""The fields of a request head, strictly: nothing that two readers could read apart.

The law: a head that leaves any doubt about where its message ends, or whom it is for, raises
HeadError and is never forwarded. Values in, values out; front.py decides what happens next. The
request line is read in request_line.py.
"""

from __future__ import annotations

from localku.router.grammar import (
    FIELDS_MAX,
    HOST,
    LINE_MAX,
    NAME_MAX,
    REQUEST_ID,
    HeadError,
    content_length,
    is_token,
    lines_of,
    tokens,
)

_KEEP, _HOST, _LENGTH, _ENCODING, _CONNECTION, _UPGRADE, _EXPECT = range(7)
_REQUEST_ID, _FORWARDED_FOR, _VIA, _DROP = range(7, 11)

# What a field is to the router. X-Forwarded-Proto, -Port and X-Request-Start are replaced by ours;
# the hop-by-hop ones are Heroku's list (vegur) and Proxy-Connection (RFC 9110 section 7.6.1).
_ROLES = {
    b"Host": _HOST,
    b"Content-Length": _LENGTH,
    b"Transfer-Encoding": _ENCODING,
    b"Connection": _CONNECTION,
    b"Upgrade": _UPGRADE,
    b"Expect": _EXPECT,
    b"X-Request-Id": _REQUEST_ID,
    b"X-Forwarded-For": _FORWARDED_FOR,
    b"Via": _VIA,
    b"X-Forwarded-Proto": _DROP,
    b"X-Forwarded-Port": _DROP,
    b"X-Request-Start": _DROP,
    b"Keep-Alive": _DROP,
    b"Proxy-Authorization": _DROP,
    b"Proxy-Connection": _DROP,
    b"TE": _DROP,
}
_SPECIAL = {name.lower(): role for name, role in _ROLES.items()}
_known = dict(_ROLES)  # names as they were spelled -> role; bounded, filled by what clients send
_host_keys: dict[bytes, str] = {}  # bounded likewise
_KNOWN_MAX = 2048

_PLAIN = (b"close", b"keep-alive", b"upgrade")


class Fields:
    """What the header fields of one request say.

    host: as it came; host_key: lower case, without port. kept: lines to forward verbatim, in order.
    length: -1 when there is no Content-Length. request_id: b"" unless it is one that Heroku keeps.
    forwarded_for, via: existing chains joined by ", ". upgrade: the protocol that the client asks
    for, b"" for none. expect: 100-continue is expected. close, keep_alive: what Connection said.
    """

    __slots__ = (
        "chunked",
        "close",
        "expect",
        "forwarded_for",
        "host",
        "host_key",
        "keep_alive",
        "kept",
        "length",
        "request_id",
        "upgrade",
        "via",
    )

    def __init__(self) -> None:
        self.host = b""
        self.host_key = ""
        self.kept: list[bytes] = []
        self.length = -1
        self.chunked = False
        self.request_id = b""
        self.forwarded_for = b""
        self.via = b""
        self.upgrade = b""
        self.expect = False
        self.close = False
        self.keep_alive = False


def parse_fields(raw: bytes, authority: bytes = b"") -> Fields:
    """Read a field section: every line ended by CRLF, without the empty line at the end.

    authority: host of an absolute-form target, which then stands in for Host (RFC 9112, 3.2.2).
    Raises HeadError 400 or 417.
    """
    lines = lines_of(raw)
    if lines is None or len(lines) > FIELDS_MAX:
        raise HeadError(400)
    if len(raw) > LINE_MAX:
        _check_lengths(lines)
    fields = Fields()
    kept = fields.kept
    hosts: list[bytes] = []
    encodings: list[bytes] = []
    connection: list[bytes] = []
    upgrade: list[bytes] = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise HeadError(400)
        role = _known.get(name)
        if role is None:
            role = _role(name)
        if role == _KEEP:
            kept.append(line)
        elif role == _HOST:
            hosts.append(value.strip(b" \t"))
        elif role == _CONNECTION:
            connection += tokens(value)
        elif role == _ENCODING:
            encodings.append(value.strip(b" \t").lower())
        elif role == _UPGRADE:
            upgrade.append(value.strip(b" \t"))
        elif role != _DROP:
            _note(fields, role, value)
    _set_host(fields, hosts, authority)
    _set_framing(fields, encodings)
    _set_connection(fields, connection, upgrade)
    return fields


def _check_lengths(lines: list[bytes]) -> None:
    for line in lines:
        if len(line) > LINE_MAX and len(line) - line.find(b":") - 1 > LINE_MAX + 1:
            raise HeadError(400)


def _role(name: bytes) -> int:
    """The role of a name in a spelling that was not seen before. Raises HeadError on a bad name.

    A name that begins with a blank is a folded line (obs-fold), one that ends with a blank is the
    classic smuggling trick: neither is a token.
    """
    if not is_token(name) or len(name) > NAME_MAX:
        raise HeadError(400)
    role = _SPECIAL.get(name.lower(), _KEEP)
    if len(_known) < _KNOWN_MAX and len(name) <= 64:
        _known[name] = role
    return role


def _note(fields: Fields, role: int, value: bytes) -> None:
    value = value if role == _LENGTH else value.strip(b" \t")
    if role == _LENGTH:
        number = content_length(value)
        if number < 0 or fields.length >= 0:
            raise HeadError(400)
        fields.length = number
    elif role == _REQUEST_ID:
        fits = 20 <= len(value) <= 200 and not value.translate(None, REQUEST_ID)
        if fits and not fields.request_id:
            fields.request_id = value
    elif role == _FORWARDED_FOR:
        fields.forwarded_for += b", " + value if fields.forwarded_for and value else value
    elif role == _VIA:
        fields.via += b", " + value if fields.via and value else value
    elif value:
        _expect(fields, value)


def _expect(fields: Fields, value: bytes) -> None:
    """Expect: only 100-continue exists; another token is 417, no token at all is 400 (vegur)."""
    if value.lower() != b"100-continue":
        known = is_token(value.partition(b"=")[0])
        raise HeadError(417 if known else 400, "unsupported expect header value")
    fields.expect = True


def _set_host(fields: Fields, hosts: list[bytes], authority: bytes) -> None:
    """Exactly one; the authority of an absolute-form target goes before it."""
    if len(hosts) != 1:
        raise HeadError(400)
    host_key(hosts[0])
    fields.host = authority or hosts[0]
    fields.host_key = host_key(fields.host)


def host_key(host: bytes) -> str:
    """The name to look up: lower case, without port, without a final dot. Raises HeadError.

    Nothing may be in it that another reader could take for its end, and no empty name.
    """
    key = _host_keys.get(host)
    if key is None:
        key = _read_host(host)
        if len(_host_keys) < _KNOWN_MAX and len(host) <= 64:
            _host_keys[host] = key
    return key


def _read_host(host: bytes) -> str:
    name, colon, port = host.rpartition(b":")
    if not colon or b"]" in port:
        name, port = host, b""
    if host.translate(None, HOST) or not name or (port and not port.isdigit()):
        raise HeadError(400)
    if b":" in name and not (name.startswith(b"[") and name.endswith(b"]")):
        raise HeadError(400)
    key = name.decode("ascii").lower()
    return key[:-1] if key.endswith(".") else key


def _set_framing(fields: Fields, encodings: list[bytes]) -> None:
    """RFC 9112 section 6.1: chunked, alone and once, and never beside a Content-Length."""
    if encodings:
        if encodings != [b"chunked"] or fields.length >= 0:
            raise HeadError(400)
        fields.chunked = True


def _set_connection(fields: Fields, named: list[bytes], upgrade: list[bytes]) -> None:
    """Hop-by-hop: what Connection names goes no further (RFC 9110 section 7.6.1)."""
    if not named:
        return
    fields.close = b"close" in named
    fields.keep_alive = b"keep-alive" in named
    if b"upgrade" in named:
        if len(upgrade) != 1 or not upgrade[0]:
            raise HeadError(400)
        fields.upgrade = upgrade[0]
    others = {name for name in named if name not in _PLAIN}
    if others:
        kept = fields.kept
        kept[:] = [line for line in kept if line.partition(b":")[0].lower() not in others]
