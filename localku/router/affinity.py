"""Session affinity: a cookie keeps a client at the dyno that it met first. Pure.

Heroku's feature http-session-affinity (Dev Center, "Session Affinity"): the cookie is set when a
client has none, or when the dyno that it names is gone or did not accept. What it says is opaque:
a keyed digest of the dyno's run, so that nobody learns names or picks a dyno by a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from localku.router.table import Upstream

COOKIE = b"heroku-session-affinity"
MAX_AGE = 86_400  # seconds: what real cookies say
_DIGEST = 12  # bytes


def token(secret: bytes, upstream: Upstream) -> bytes:
    """The value that stands for one run of a dyno: 24 hexadecimal digits."""
    text = f"{upstream.dyno} {upstream.generation}".encode()
    return blake2b(text, key=secret, digest_size=_DIGEST).hexdigest().encode("ascii")


def sent_token(lines: Iterable[bytes]) -> bytes:
    """The cookie's value among a request's field lines, or b""."""
    for line in lines:
        if line[:7].lower() == b"cookie:":
            for pair in line[7:].split(b";"):
                name, _, value = pair.strip().partition(b"=")
                if name == COOKIE:
                    return value
    return b""


def cookie_line(value: bytes, expires: bytes) -> bytes:
    """The field line that binds a client, with CRLF. expires: an IMF-fixdate, MAX_AGE from now.

    No Domain: a cookie without one has the same scope, and browsers take none for `localhost`.
    """
    return b"Set-Cookie: %b=%b; Version=1; Expires=%b; Max-Age=%d; Path=/; HttpOnly\r\n" % (
        *(COOKIE, value, expires, MAX_AGE),
    )


class Bindings:
    """Which cookie means which of an app's dynos. secret: keys the digests; at most 64 bytes."""

    __slots__ = ("_secret", "_tokens")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._tokens: dict[bytes, Upstream] = {}

    def members(self, upstreams: Iterable[Upstream]) -> None:
        """Replace the dynos that can be bound to."""
        self._tokens = {token(self._secret, upstream): upstream for upstream in upstreams}

    def find(self, lines: Iterable[bytes]) -> Upstream | None:
        """The dyno that a request's cookie names, if it is there."""
        return self._tokens.get(sent_token(lines))

    def renewed(self, lines: Iterable[bytes], upstream: Upstream) -> bytes:
        """The cookie's value that the client should get, or b"" when it has that one already."""
        value = token(self._secret, upstream)
        return b"" if sent_token(lines) == value else value
