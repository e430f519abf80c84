"""The router of the platform, or the fleet of them, as the settings want it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from localku.logs.entry import Entry
from localku.manifest.settings import Settings
from localku.router.router import Router
from localku.router.settings import RouterSettings

if TYPE_CHECKING:
    from localku.router.fleet import Fleet


def make_router(
    settings: Settings, publish: Callable[[str, Entry], None], say: Callable[[Entry], None]
) -> tuple[Router, Router | Fleet]:
    """The first router, and what serves: itself, or the fleet that it is in.

    publish(app, entry): takes log lines. say(entry): what happens to the fleet's processes.
    """
    router = Router(router_settings(settings), publish)
    if settings.routers == 1:
        return router, router
    from localku.router.fleet import Fleet

    grace = settings.shutdown_grace
    return router, Fleet(router, settings.routers, publish, say=say, grace=grace)


def in_flight(router: Router | Fleet, app: str) -> dict[str, int] | None:
    """The requests that each dyno of an app works on now; None where nobody knows: of several
    routers, each counts its own and tells nobody."""
    if not isinstance(router, Router):
        return None
    known = router.apps.get(app)
    found: dict[str, int] = {}
    for upstream, dyno in known.dynos.items() if known is not None else ():
        found[upstream.dyno] = found.get(upstream.dyno, 0) + dyno.inflight  # two runs: preboot
    return found


def router_settings(settings: Settings) -> RouterSettings:
    """The router's numbers: its own ones scaled, those of the table as they were given."""
    own = RouterSettings().scaled(settings.time_scale)
    return replace(
        own,
        request_timeout=settings.request_timeout,
        connect_tries=settings.connect_tries,
        backlog_per_dyno=settings.backlog,
        head_timeout=settings.head_timeout,
        client_keepalive=settings.client_keepalive,
        upstream_keepalive=settings.dyno_keepalive,
        idle_timeout=settings.idle_timeout,
        connect_timeout=settings.connect_timeout,
        quarantine=settings.quarantine,
        boot_wait=settings.boot_wait,
        log_format=settings.router_log,
    )


def own_names() -> frozenset[str]:
    """How others on the network may call this machine: the bare port is theirs, too."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return frozenset({name, short, f"{short}.local"})
