"""The config vars of a trial: nothing real is reached by them. Pure.

A URL of a service gets a stand-in of ours, a SQLite file or another file or folder outside the app
a copy, so that what a probe does can be seen and hurts nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

SQLITE = re.compile(r"^(sqlite3?(?:\+\w+)?:///?)(/?[^?]*)(\?.*)?$")
_URL = re.compile(
    r"^((?:jdbc:)?[a-z][a-z0-9+.-]*)://(?:([^/@]*)@)?(\[[^\]]+\]|[^/:?#]*)(?::(\d+))?(.*)$", re.I
)
PORTS = {"postgres": 5432, "postgresql": 5432, "mysql": 3306, "mysql2": 3306, "mariadb": 3306}
PORTS |= {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671, "mongodb": 27017}
PORTS |= {"memcached": 11211, "smtp": 25, "smtps": 465, "http": 80, "https": 443, "kafka": 9092}
WEB = ("http", "https", "ws", "wss")
_KEEPING = {port for scheme, port in PORTS.items() if scheme not in WEB}
_NAMES = (
    r"(DB|DATABASE|PG|POSTGRES\w*|MYSQL|REDIS|MONGO\w*|SMTP|MAIL|EMAIL|RABBIT\w*|AMQP|MEMCACHED?"
    r"|KAFKA|ELASTIC\w*|BROKER|CACHE|QUEUE)"
)
_SERVICE = re.compile(rf"{_NAMES}_?(HOST|HOSTNAME|SERVER|SERVERS)$")
_ABOUT = re.compile(_NAMES)
_ADDRESSES = re.compile(r"[\w.-]+:\d{1,5}(?:,[\w.-]+:\d{1,5})*")
_SOCKET = re.compile(r"(?:[a-z0-9.-]+\+)?(?:unix|socket|unixsocket):/", re.I)
# parameters of URLs by which drivers of PostgreSQL, MySQL and Redis go to another place
_ELSEWHERE = {"host", "hostaddr", "port", "service", "servicefile"}
_ELSEWHERE |= {"unix_socket", "unix_sock", "socket", "socketpath", "unix"}
_WORD = re.compile(r"(?:^|\s)(dbname|host|hostaddr|port|user|password|service)\s*=", re.I)
_WHERE = re.compile(
    r"(?:^|\s)(?:host|hostaddr|port|service|servicefile)\s*=\s*(?:'(?:[^'\\]|\\.)*'|\S*)", re.I
)
NOWHERE = "localku-doctor.invalid"  # RFC 2606: is never found
_SYSTEM = (
    "/usr/",
    "/bin/",
    "/sbin/",
    "/lib",
    "/opt/",
    "/etc/",
    "/dev/",
    "/proc/",
    "/sys/",
    "/nix/",
)


@dataclass(frozen=True)
class Url:
    """A URL of a service. user: `name:password` or "". tail: from the path on. port 0: a relay
    cannot stand in for it, as it leads to a socket file, to several hosts or to no known port."""

    scheme: str
    user: str
    host: str
    port: int
    tail: str

    def at(self, host: str, port: int) -> str:
        """The same URL for another address."""
        who = f"{self.user}@" if self.user else ""
        return f"{self.scheme}://{who}{host}:{port}{self.tail}"


@dataclass(frozen=True)
class Words:
    """A connection string of PostgreSQL in words, `dbname=x host=h` (libpq, 34.1.1.1)."""

    text: str
    scheme: str = "postgres"
    user: str = ""
    host: str = ""
    port: int = 0

    def at(self, host: str, port: int) -> str:
        """The same words for another address."""
        return f"{_WHERE.sub('', self.text).strip()} host={host} port={port}"


def read_url(value: str) -> Url | None:
    """A URL with a host, or of a service whose drivers then take a socket file of this machine; or
    None. Only the first of several hosts stays, and no parameter that names another place."""
    found = _URL.match(value)
    if not found:
        return None
    scheme, user, host, port, tail = found[1], found[2] or "", found[3], found[4], found[5]
    known = PORTS.get(scheme.lower().removeprefix("jdbc:").partition("+")[0], 0)
    if not host and (not known or scheme.lower() in WEB):
        return None
    host, *others = host.split(",")
    plain = _tail(tail)
    relayed = host and not others and plain == tail
    number = (int(port) if port else known) if relayed else 0
    return Url(scheme, user, host.strip("[]"), number, plain)


def _tail(tail: str) -> str:
    """The path and parameters of a URL, without what leads elsewhere: further hosts, sockets."""
    path, mark, query = re.sub(r"^,[^?#]*?(?=(?<!/)/(?!/)|[?#]|$)", "", tail).partition("?")
    kept = [each for each in query.split("&") if each.partition("=")[0].lower() not in _ELSEWHERE]
    return f"{path}?{'&'.join(kept)}" if mark and kept else path


@dataclass
class Services:
    """What the config vars point at. urls: name -> URL of a service. hosts: name -> just a host,
    or hosts with ports, or a socket. files: name -> path of a SQLite file as written (relative
    ones: in the slug). paths: name -> absolute path of something outside the app."""

    urls: dict[str, Url | Words] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)


def services(config: Mapping[str, str]) -> Services:
    """Sort the config vars by what they point at."""
    found = Services()
    for name, value in config.items():
        sqlite = SQLITE.match(value)
        url = None if _SOCKET.match(value) else _read(value)
        if sqlite and sqlite[2] not in ("", "/:memory:", ":memory:"):
            found.files[name] = sqlite_path(value)
        elif url is not None:
            found.urls[name] = url
        elif value and (_SERVICE.search(name.upper()) or _is_address(name, value)):
            found.hosts[name] = value
        elif value.startswith("/") and ":" not in value and not value.startswith(_SYSTEM):
            found.paths[name] = value
    return found


def _read(value: str) -> Url | Words | None:
    is_words = "://" not in value and len({each[1] for each in _WORD.finditer(value)}) > 1
    return Words(value) if is_words else read_url(value)


def _is_address(name: str, value: str) -> bool:
    """Whether it is a socket's URL, or `host:port` of what seems to be a service."""
    if _SOCKET.match(value):
        return True
    if not _ADDRESSES.fullmatch(value):
        return False
    ports = {int(each) for each in re.findall(r":(\d+)", value)}
    return bool(_ABOUT.search(name.upper()) or ports & _KEEPING)


def nowhere(value: str) -> str:
    """Hosts (with ports, if value has some) that are never found."""
    if _ADDRESSES.fullmatch(value):
        return re.sub(r"[^:,]+(?=:)", NOWHERE, value)
    return NOWHERE


def sqlite_path(value: str) -> str:
    """The file of a SQLite URL: a.db of `sqlite:///a.db`, /a.db of `sqlite:////a.db`."""
    found = SQLITE.match(value)
    if not found:
        return ""
    return found[2]


def sqlite_url(value: str, path: str) -> str:
    """The same URL for the file at that absolute path."""
    found = SQLITE.match(value)
    if not found:
        return value
    scheme = found[1].partition(":")[0]
    return f"{scheme}:///{path}{found[3] or ''}"
