"""The URL of a backing service, led through a relay: host and port swapped, all else kept. Pure.

What would not work then is refused, with the reason: nothing is guessed. No value is in any message
but host names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from localku.errors import UserError

# what a client connects to when the URL has no port (IANA; the documents of each)
PORTS = {
    "postgres": 5432,
    "postgresql": 5432,
    "pgsql": 5432,
    "mysql": 3306,
    "mysql2": 3306,
    "mariadb": 3306,
    "redis": 6379,
    "amqp": 5672,
    "mongodb": 27017,
    "memcached": 11211,
    "http": 80,
    "nats": 4222,
    "beanstalk": 11300,
    "ldap": 389,
    "smtp": 25,
}
# their clients hold the name in the certificate against the one in the URL
VERIFIED = ("rediss", "amqps", "https", "ldaps", "smtps", "mysqls", "kafka+ssl", "wss")
STRICT = {
    "sslmode": ("verify-full",),
    "ssl-mode": ("verify_identity",),
    "ssl_mode": ("verify_identity",),
    "ssl_verify_identity": ("true", "1"),
    "ssl_check_hostname": ("true", "1"),
    "tls": ("true", "1"),  # mongodb, go-sql-driver
    "ssl": ("true", "1"),
    "ssl_cert_reqs": ("required", "cert_required"),
}
NO_SERVER = ("sqlite", "sqlite3", "file", "unix", "redis+socket", "mysql+unix")
PLACES = ("_URL", "_URI", "_DSN")
_AUTHORITY = re.compile(
    r"(?P<before>[A-Za-z][\w.+-]*://(?:[^/?#]*@)?)(?P<place>[^/?#@]*)(?P<after>.*)", re.S
)


def target(var: str, url: str) -> tuple[str, int]:
    """The host and the port that the URL names. Raises UserError when no relay can stand there."""
    found = _AUTHORITY.fullmatch(url)
    scheme = url.partition(":")[0].lower()
    if scheme in NO_SERVER or scheme.partition("+")[0] in ("sqlite", "unix"):
        raise UserError(f"{var} names a file, not a server: no relay can stand before it")
    if found is None:
        raise UserError(f"{var} is no URL with a host (scheme://host:port/...)")
    place = found["place"]
    if "," in place:
        raise UserError(f"{var} names several hosts: a relay can stand before one only")
    if scheme.endswith("+srv"):
        raise UserError(f"{var} has its hosts from the DNS ({scheme}): no relay can stand there")
    _refuse_tls(var, scheme, url)
    try:
        parts = urlsplit(f"x://{place}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UserError(f"the host or the port in {var} is none") from None
    if not host or "%2f" in place.lower() or _socket_path(url):
        raise UserError(f"{var} names a Unix socket: no relay can stand before it")
    if port is None:
        port = PORTS.get(scheme) or PORTS.get(scheme.partition("+")[0])
    if port is None:
        raise UserError(f"{var} has no port, and the usual one of {scheme} is not known: write it")
    return host, port


def swapped(url: str, host: str, port: int) -> str:
    """The same URL with another host and port."""
    found = _AUTHORITY.fullmatch(url)
    if found is None:
        raise AssertionError("target() has looked")
    return f"{found['before']}{host}:{port}{found['after']}"


def only(config: Mapping[str, str]) -> str:
    """The variable that names a backing service, when there is one only. Raises UserError."""
    named = [var for var, value in config.items() if "://" in value and var.endswith(PLACES)]
    found = [var for var in named if _can(var, config[var])] or named
    if len(found) == 1:
        return found[0]
    there = f"here are {', '.join(found)}" if found else "here is none with a URL"
    raise UserError("which config var names the backing service?", hint=there)


def _can(var: str, url: str) -> bool:
    try:
        target(var, url)
    except UserError:
        return False
    return True


def _refuse_tls(var: str, scheme: str, url: str) -> None:
    why = scheme if scheme in VERIFIED else ""
    for name, value in _query(url):
        if value.lower() in STRICT.get(name.lower(), ()):
            why = f"{name}={value}"
    if why:
        raise UserError(
            f"{var} is TLS that checks the host's name ({why}): it would not pass a relay"
        )


def _socket_path(url: str) -> bool:
    # libpq: host= in the query wins over the one in the authority
    return any(name in ("host", "unix_socket", "socket") for name, _ in _query(url))


def _query(url: str) -> list[tuple[str, str]]:
    return parse_qsl(url.partition("?")[2].partition("#")[0], keep_blank_values=True)
