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
    r"^([a-z][a-z0-9+.-]*)://(?:([^/@]*)@)?(\[[^\]]+\]|[^/:?#]*)(?::(\d+))?(.*)$", re.I
)
PORTS = {"postgres": 5432, "postgresql": 5432, "mysql": 3306, "mysql2": 3306, "mariadb": 3306}
PORTS |= {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671, "mongodb": 27017}
PORTS |= {"memcached": 11211, "smtp": 25, "smtps": 465, "http": 80, "https": 443, "kafka": 9092}
WEB = ("http", "https", "ws", "wss")
_SERVICE = re.compile(
    r"(DB|DATABASE|PG|POSTGRES\w*|MYSQL|REDIS|MONGO\w*|SMTP|MAIL|EMAIL|RABBIT\w*|AMQP|MEMCACHED?"
    r"|KAFKA|ELASTIC\w*|BROKER|CACHE|QUEUE)_?(HOST|HOSTNAME|SERVER|SERVERS)$"
)
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
    """A URL of a service. user: `name:password` or "". tail: from the path on."""

    scheme: str
    user: str
    host: str
    port: int
    tail: str

    def at(self, host: str, port: int) -> str:
        """The same URL for another address."""
        who = f"{self.user}@" if self.user else ""
        return f"{self.scheme}://{who}{host}:{port}{self.tail}"


def read_url(value: str) -> Url | None:
    """A URL with a host, or None. Port 0: it names none, and the scheme has none that we know."""
    found = _URL.match(value)
    if not found or not found[3] or "," in found[3]:
        return None
    scheme = found[1].lower()
    port = int(found[4]) if found[4] else PORTS.get(scheme.partition("+")[0], 0)
    return Url(found[1], found[2] or "", found[3].strip("[]"), port, found[5])


@dataclass
class Services:
    """What the config vars point at. urls: name -> URL of a service. hosts: names of variables
    with just a host. files: name -> path of a SQLite file as written (relative ones: in the
    slug). paths: name -> absolute path of something outside the app."""

    urls: dict[str, Url] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)

    @property
    def real(self) -> list[str]:
        """The variables that name a service which keeps data, not a web page."""
        kept = [name for name, url in self.urls.items() if url.scheme.lower() not in WEB]
        return sorted([*kept, *self.hosts])


def services(config: Mapping[str, str]) -> Services:
    """Sort the config vars by what they point at."""
    found = Services()
    for name, value in config.items():
        sqlite = SQLITE.match(value)
        url = read_url(value)
        if sqlite and sqlite[2] not in ("", "/:memory:", ":memory:"):
            found.files[name] = sqlite_path(value)
        elif url is not None:
            found.urls[name] = url
        elif _SERVICE.search(name.upper()) and value:
            found.hosts[name] = value
        elif value.startswith("/") and ":" not in value and not value.startswith(_SYSTEM):
            found.paths[name] = value
    return found


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
