"""/apps: what this platform runs."""

from __future__ import annotations

from aiohttp import web

from localku.api import lookup, serialize
from localku.api.exchange import reply
from localku.api.host import HOST, apps
from localku.platform.app import App


def of_request(request: web.Request) -> App:
    """The app that the path names. Raises ApiError."""
    return lookup.app(apps(request), request.match_info["app"])


async def index(request: web.Request) -> web.Response:
    """GET /apps"""
    port = request.app[HOST].port
    return reply([serialize.app(each, port) for each in apps(request)])


async def info(request: web.Request) -> web.Response:
    """GET /apps/{app}"""
    return reply(serialize.app(of_request(request), request.app[HOST].port))


ROUTES = [web.get("/apps", index), web.get("/apps/{app}", info)]
