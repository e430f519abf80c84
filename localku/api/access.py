"""Who may use the API over TCP: its key, and the names under which a browser may know it. Pure.

The law: a request over TCP needs the key; it names a host of this machine, for a foreign name that
resolves to 127.0.0.1 is a rebinding attack; and when a browser sends it (an Origin), the page is
one of this API itself. The Unix socket needs none of this: its folder is its owner's alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

HOSTS = ("localhost", "127.0.0.1", "[::1]")
_PORT = re.compile(r":[0-9]{1,5}")
_LABELS = re.compile(r"([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+localhost")
_FOREIGN = re.compile(r"\s*(text/plain|application/openmetrics-text)\b")  # of Prometheus
_VERSION = re.compile(r";\s*version\s*=\s*\"?([^\s;,\"]+)")


def is_local(host: str) -> bool:
    """Whether a Host header names this machine: localhost, APP.localhost or a loopback address."""
    name = host.lower()
    end = name.rfind(":")
    if end > name.rfind("]"):
        if not _PORT.fullmatch(name[end:]):
            return False
        name = name[:end]
    return name in HOSTS or _LABELS.fullmatch(name) is not None


def is_own_origin(origin: str, scheme: str, host: str) -> bool:
    """Whether the page that sent this is of the API itself: Origin and Host agree."""
    return origin.lower() == f"{scheme}://{host}".lower()


def key_of(authorization: str) -> str:
    """The key that an Authorization header holds, "" for none.

    `Bearer KEY`, or the password of `Basic` as curl -n, git and older clients have it.
    """
    scheme, _, rest = authorization.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return rest
    if scheme.lower() != "basic":
        return ""
    try:
        text = base64.b64decode(rest, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return text.partition(":")[2]


def is_same(given: str, key: str) -> bool:
    """Compare in a time that tells nothing of the key."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), key.encode())


def page_token(key: str) -> str:
    """What the dashboard's page has instead of the key: made of it, so that a page that is open
    goes on when the platform starts again, and so that the key itself is in no page."""
    return hmac.new(key.encode(), b"localku dashboard", hashlib.sha256).hexdigest()


def opens(given: str, key: str) -> bool:
    """Whether a client may come in with this: the key, or the dashboard's token."""
    return is_same(given, key) or is_same(given, page_token(key))


def is_spoken(accept: str) -> bool:
    """Whether an Accept header asks for what is spoken here: version 3 or a variant of it
    (`version=3.sdk`), or for no version at all."""
    parts = accept.split(",")
    asked = [it for part in parts if not _FOREIGN.match(part) for it in _VERSION.findall(part)]
    return not asked or any(each == "3" or each.startswith("3.") for each in asked)
