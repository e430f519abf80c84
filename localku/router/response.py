"""Response heads, strictly: what a dyno may say. The mirror of head.py for the other direction.

A head that breaks the grammar is H17, one that breaks a limit of Heroku's is H25; both come out as
ResponseError and neither reaches the client. A connection to a dyno keeps its last ResponseHead:
an app that answers with the same head again is parsed once.
"""

from __future__ import annotations

from localku.router.grammar import (
    COOKIE_MAX,
    FIELD_TEXT,
    LINE_MAX,
    RESPONSE_LINE_MAX,
    ResponseError,
    content_length,
    is_token,
    lines_of,
    tokens,
)

_KEEP, _LENGTH, _ENCODING, _CONNECTION, _VIA, _SERVER, _DATE, _DROP = range(8)

_ROLES = {
    b"Content-Length": _LENGTH,
    b"Transfer-Encoding": _ENCODING,
    b"Connection": _CONNECTION,
    b"Via": _VIA,
    b"Server": _SERVER,
    b"Date": _DATE,
    b"Keep-Alive": _DROP,
    b"Proxy-Connection": _DROP,
    b"Proxy-Authorization": _DROP,
    b"TE": _DROP,
}
_SPECIAL = {name.lower(): role for name, role in _ROLES.items()}
_known = {**_ROLES, **_SPECIAL}
_KNOWN_MAX = 2048


class ResponseHead:
    """What a dyno's response head says.

    status: 100 to 999; reason: as it came. kept: lines to forward verbatim, in order.
    length: -1 without Content-Length. keep: the dyno's connection may be used again.
    via: the existing chain. dated, served: whether Date and Server are among the kept lines.
    block, block_framing: for the one who forwards it: what it built last, and for which framing.
    """

    __slots__ = (
        "block",
        "block_framing",
        "chunked",
        "dated",
        "keep",
        "kept",
        "length",
        "reason",
        "served",
        "status",
        "via",
    )

    def __init__(self, status: int, reason: bytes) -> None:
        self.status = status
        self.reason = reason
        self.kept: list[bytes] = []
        self.length = -1
        self.chunked = False
        self.keep = False
        self.via = b""
        self.dated = False
        self.served = False
        self.block = b""
        self.block_framing = b""


def parse_response(head: bytes) -> ResponseHead:
    """Read a head: status line and fields, each ended by CRLF, without the final empty line.

    Raises ResponseError: H17 for grammar, H25 for limits and for a Content-Length in doubt.
    """
    line, _, raw = head.partition(b"\r\n")
    response, old = _status_line(line)
    lines = lines_of(raw)
    if lines is None:
        raise ResponseError("H17")
    if len(raw) > COOKIE_MAX:
        _check_lengths(lines)
    lengths: list[bytes] = []
    encodings: list[bytes] = []
    connection: list[bytes] = []
    kept = response.kept
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise ResponseError("H17")
        role = _known.get(name)
        if role is None:
            role = _role(name)
        if role == _KEEP:
            kept.append(line)
        elif role == _LENGTH:
            lengths.append(value.lstrip(b" \t"))
        elif role == _DATE:
            response.dated = True
            kept.append(line)
        elif role == _SERVER:
            response.served = True
            kept.append(line)
        elif role == _CONNECTION:
            connection += tokens(value)
        elif role == _ENCODING:
            encodings.append(value.strip(b" \t").lower())
        elif role == _VIA:
            chain = value.strip(b" \t")
            response.via += b", " + chain if response.via and chain else chain
    if lengths:
        _set_length(response, lengths)
    _set_framing(response, encodings, old)
    _set_connection(response, connection, old)
    return response


def _status_line(line: bytes) -> tuple[ResponseHead, bool]:
    """RFC 9112 section 4; a missing reason phrase (and its space) is tolerated, as vegur does."""
    if len(line) > LINE_MAX:
        raise ResponseError("H25", "oversized status line")
    version, _, rest = line.partition(b" ")
    code, space, reason = rest.partition(b" ")
    well_formed = len(code) == 3 and code.isdigit() and code[0] != 0x30
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or not well_formed:
        raise ResponseError("H17")
    if space and reason.translate(None, FIELD_TEXT):
        raise ResponseError("H17")
    return ResponseHead(int(code), reason), version == b"HTTP/1.0"


def _check_lengths(lines: list[bytes]) -> None:
    for line in lines:
        if len(line) > RESPONSE_LINE_MAX:
            raise ResponseError("H25", "oversized header")
        if len(line) > COOKIE_MAX and line[:11].lower() == b"set-cookie:":
            raise ResponseError("H25", "oversized cookie")


def _role(name: bytes) -> int:
    if not is_token(name):
        raise ResponseError("H17")
    role = _SPECIAL.get(name.lower(), _KEEP)
    if len(_known) < _KNOWN_MAX and len(name) <= 64:
        _known[name] = role
    return role


def _set_length(response: ResponseHead, lengths: list[bytes]) -> None:
    """Identical repetitions collapse to one; anything else in doubt is H25 (vegur)."""
    response.length = content_length(lengths[0])
    if response.length < 0 or lengths.count(lengths[0]) != len(lengths):
        raise ResponseError("H25", "invalid content length")


def _set_framing(response: ResponseHead, encodings: list[bytes], old: bool) -> None:
    """RFC 9112 section 6.3: chunked overrides a length, which is then not passed on."""
    if not encodings:
        return
    if encodings != [b"chunked"]:
        raise ResponseError("H17")
    response.chunked = True
    if response.length >= 0 or old:
        response.length = -1
        response.keep = False
    else:
        response.keep = True


def _set_connection(response: ResponseHead, named: list[bytes], old: bool) -> None:
    framing_in_doubt = response.chunked and not response.keep
    wished = b"keep-alive" in named if old else b"close" not in named
    response.keep = wished and not framing_in_doubt
    others = {name for name in named if name not in (b"close", b"keep-alive", b"upgrade")}
    if others:
        kept = response.kept
        kept[:] = [line for line in kept if line.partition(b":")[0].lower() not in others]
