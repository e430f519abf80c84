"""What the API needs of the platform that it serves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from aiohttp import web

from localku.platform.app import App
from localku.platform.hosting import Hosting
from localku.platform.https import Https
from localku.platform.telemetry import Telemetry


class Host(Protocol):
    """The platform: its apps, and the router's port. api_port: of the API over TCP, or 0. key: what
    clients over TCP have to know."""

    hosting: Hosting
    api_port: int
    https: Https | None
    telemetry: Telemetry

    @property
    def port(self) -> int: ...

    @property
    def key(self) -> str: ...

    def say(self, text: str) -> None: ...


HOST = web.AppKey("host", Host)
STARTED = web.AppKey("started", float)  # loop time at which the platform began


def apps(request: web.Request) -> Iterable[App]:
    """The apps of this platform."""
    return request.app[HOST].hosting.apps.values()
