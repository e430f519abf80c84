"""What localku says to the further routers of its fleet, and they to it. Pure.

To a router:   ("start", settings, doors, grace, table)  ("table", table)  ("close", grace)
From a router: ("ready",)  ("log", app, time, dyno, lines)
`doors`: descriptors of listening sockets that the router was started with, by what is spoken
there, {"http": (5, 6)}. `grace`: seconds for requests in flight. Settings and tables are flattened
to plain tuples, which is all that frames carry, field by field in their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from typing import Any

from localku.logs.entry import Entry
from localku.router.settings import RouterSettings
from localku.router.table import AppRoute, RoutingTable, Upstream

Plain = tuple[Any, ...]
READY: Plain = ("ready",)


def start(
    settings: RouterSettings, doors: Mapping[str, Sequence[int]], grace: float, table: RoutingTable
) -> Plain:
    """All that a router has to know before it takes its first connection."""
    plain = {kind: tuple(fds) for kind, fds in doors.items()}
    return ("start", astuple(settings), plain, grace, astuple(table))


def table(whole: RoutingTable) -> Plain:
    """A new table, whole."""
    return ("table", astuple(whole))


def close(grace: float) -> Plain:
    """Take no more connections, let those that are there end in time, and exit."""
    return ("close", grace)


def log(app: str, entry: Entry) -> Plain:
    """Lines of an app, with `heroku` as their source."""
    return ("log", app, entry.time, entry.dyno, entry.data)


def settings_from(plain: Plain) -> RouterSettings:
    """The settings of a start message."""
    return RouterSettings(*plain)


def table_from(plain: Plain) -> RoutingTable:
    """The table of a start or table message."""
    hosts, default, bare = plain
    routes = {host: _route(route) for host, route in hosts.items()}
    return RoutingTable(routes, None if default is None else _route(default), frozenset(bare))


def entry_from(time: float, dyno: str, lines: bytes) -> Entry:
    """The entry of a log message."""
    return Entry(time, "heroku", dyno, lines)


def _route(plain: Plain) -> AppRoute:
    route = AppRoute(*plain)
    upstreams: tuple[Any, ...] = route.upstreams  # still plain
    return replace(route, upstreams=tuple(Upstream(*upstream) for upstream in upstreams))
