"""Where a drain leads: a URL in, its parts out, or the reason why it cannot be one. Pure.

The law: only http, https, syslog and syslog+tls are taken; a part that would have no effect is
refused, not ignored; what is shown of a URL in a log line holds no password and no token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from localku.errors import UserError

# heroku.md 4.3: 601 is Logplex's own for syslog; 6514 is RFC 5425's for TLS
PORTS = {"http": 80, "https": 443, "syslog": 601, "syslog+tls": 6514}
MAX_URL = 2048  # letters

_BAD = re.compile(r"[\x00-\x20\x7f\\<>\"`{}|^]")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LOOPBACK = re.compile(r"127(\.[0-9]{1,3}){3}")


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a drain's URL. host: in lower case, without brackets. path: with the query.
    user, password: decoded, "" for none."""

    scheme: str
    host: str
    port: int
    path: str = "/"
    user: str = ""
    password: str = ""

    @property
    def is_http(self) -> bool:
        """Whether batches are posted, not written to a syslog receiver."""
        return self.scheme in ("http", "https")

    @property
    def is_tls(self) -> bool:
        """Whether the receiver has to show a certificate."""
        return self.scheme in ("https", "syslog+tls")

    @property
    def is_here(self) -> bool:
        """Whether the host is this machine by its name (RFC 6761 6.3) or its address."""
        name = self.host.rstrip(".")
        local = name == "localhost" or name.endswith(".localhost") or name == "::1"
        return local or _LOOPBACK.fullmatch(name) is not None

    @property
    def place(self) -> str:
        """`https://logs.test:8443`, the port only where it is not the scheme's: for log lines."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (
            f":{self.port}" if self.port != PORTS[self.scheme] else ""
        )


def parse(url: str) -> Target:
    """The parts of a drain's URL. UserError with one line when it cannot be one."""
    if len(url) > MAX_URL:
        raise UserError(f"a drain's URL has at most {MAX_URL} letters")
    if not url or not url.isascii() or _BAD.search(url):
        raise UserError("a drain's URL has visible ASCII letters only; others are written as %XX")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UserError("a drain's URL needs a host, and a port from 1 to 65535 if any") from None
    scheme = parts.scheme.lower()
    if scheme not in PORTS:
        raise UserError("a drain's URL begins with https://, http://, syslog+tls:// or syslog://")
    if port == 0 or not _is_host(host):
        raise UserError("a drain's URL needs a host, and a port from 1 to 65535 if any")
    _refuse_what_has_no_effect(scheme, parts)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if ":" in user:
        raise UserError("a user name has no colon (RFC 7617)")
    return Target(scheme, host, port or PORTS[scheme], path, user, password)


def _refuse_what_has_no_effect(scheme: str, parts: SplitResult) -> None:
    if parts.fragment:
        raise UserError("a drain's URL has no #fragment: it would never be sent")
    is_http = scheme in ("http", "https")
    if not is_http and (parts.path not in ("", "/") or parts.query or "@" in parts.netloc):
        raise UserError("a syslog drain has a host and a port, no path, query or password")


def _is_host(host: str) -> bool:
    if ":" in host:  # urlsplit has checked an IPv6 address, from Python 3.11 on
        return re.fullmatch(r"[0-9a-f:.]+", host) is not None
    labels = host.removesuffix(".").split(".")
    return len(host) < 254 and all(_HOST.fullmatch(label) for label in labels)
