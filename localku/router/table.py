"""What the router knows of the world: an immutable table, replaced whole by the platform.

Pure values. The router never changes them and never asks for more; the platform builds a new
table whenever a dyno comes up, goes down or is scaled (one writer per fact).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Upstream:
    """One web dyno that is up. generation differs for each run of the dyno: it keys the pools."""

    dyno: str
    host: str
    port: int
    generation: int


@dataclass(frozen=True, slots=True)
class AppRoute:
    """How requests for one app are served.

    quantity: web dynos in the formation (0: H14). starting and crashed count the web dynos in those
    states: with none up, starting > 0 means wait (H20 after the boot wait), else crashed means H10.
    blank: the app has no code yet (H81). policy: a name of localku.router.policy; it may change
    from table to table. affinity: keys the session affinity cookie; b"" for no affinity.
    """

    app: str
    upstreams: tuple[Upstream, ...] = ()
    quantity: int = 0
    starting: int = 0
    crashed: int = 0
    maintenance: bool = False
    error_page_url: str = ""
    maintenance_page_url: str = ""
    blank: bool = False
    policy: str = "round-robin"
    affinity: bytes = b""


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """hosts: lower-case host name without port -> app; `*.example.test` stands for all below it.

    default: the app of the bare port, or None. bare: names of this machine besides localhost and
    its addresses; any other name that is not in hosts belongs to no app.
    """

    hosts: dict[str, AppRoute] = field(default_factory=dict)
    default: AppRoute | None = None
    bare: frozenset[str] = frozenset()
