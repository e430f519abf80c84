"""What a connection speaks, told by its first bytes: TLS, HTTP, or neither. Pure."""

from __future__ import annotations

HANDSHAKE = 0x16  # the first byte of TLS (RFC 8446 section 5.1: ContentType handshake)
METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT")
_VERBS = tuple(method + b" " for method in METHODS)


def is_tls(data: bytes) -> bool:
    """Whether TLS begins here."""
    return data[:1] == bytes([HANDSHAKE])


def is_http(data: bytes) -> bool | None:
    """Whether HTTP begins here; None when more bytes are needed to say."""
    if data.startswith(_VERBS):
        return True
    if any(verb.startswith(data) for verb in _VERBS):
        return None
    return False
