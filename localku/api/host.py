"""What the API needs of the platform that it serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web

from localku.platform.app import App


class Host(Protocol):
    """The platform: its app, and the router's port."""

    app: App

    @property
    def port(self) -> int: ...


HOST = web.AppKey("host", Host)
STARTED = web.AppKey("started", float)  # loop time at which the platform began


def apps(request: web.Request) -> Sequence[App]:
    """The apps of this platform: the one that `localku start` runs."""
    return (request.app[HOST].app,)
