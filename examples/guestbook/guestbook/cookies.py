"""A visitor's name in a signed cookie: the session lives with the visitor (factor VI).

Kept in a dyno's memory, it would be known to that dyno alone, and gone at its next restart.
Every web dyno has the same SECRET_KEY, so each can read what another one signed. Pure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie

NAME = "visitor"
MAX_AGE_SECONDS = 30 * 24 * 3600


def write(author: str, key: bytes, secure: bool) -> str:
    """The Set-Cookie value that remembers `author`; `secure` if the visitor came by HTTPS."""
    payload = base64.urlsafe_b64encode(author.encode()).decode().rstrip("=")
    flags = f"Path=/; Max-Age={MAX_AGE_SECONDS}; HttpOnly; SameSite=Lax"
    return f"{NAME}={payload}.{_sign(payload, key)}; {flags}{'; Secure' if secure else ''}"


def read(header: str, key: bytes) -> str:
    """The name in a Cookie header; empty if there is none, or if we did not sign it."""
    try:
        morsel = SimpleCookie(header).get(NAME)
        payload, _, signature = morsel.value.partition(".") if morsel else ("", "", "")
        if not payload or not hmac.compare_digest(signature, _sign(payload, key)):
            return ""
        return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    except (CookieError, TypeError, binascii.Error, UnicodeDecodeError):
        return ""


def _sign(payload: str, key: bytes) -> str:
    return hmac.new(key, f"{NAME}={payload}".encode(), hashlib.sha256).hexdigest()
