"""/apps: what this platform runs."""

from __future__ import annotations

from aiohttp import web

from localku.api import errors, lookup, serialize, wishes
from localku.api.exchange import read_object, reply
from localku.api.host import HOST, apps
from localku.errors import UserError
from localku.platform.app import App
from localku.router.policy import POLICIES


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


async def update(request: web.Request) -> web.Response:
    """PATCH /apps/{app}: maintenance mode"""
    app = of_request(request)
    body = await read_object(request)
    if "maintenance" in body:
        app.maintain(wishes.flag(body["maintenance"], "maintenance"))
    return reply(serialize.app(app, request.app[HOST].port))


async def routing(request: web.Request) -> web.Response:
    """GET /localku/apps/{app}/routing"""
    return reply({"policy": of_request(request).routing, "policies": list(POLICIES)})


async def route_by(request: web.Request) -> web.Response:
    """PATCH /localku/apps/{app}/routing `{"policy": "random"}`: from the next request on"""
    app = of_request(request)
    body = await read_object(request)
    try:
        app.route_by(str(body.get("policy", "")))
    except UserError as error:
        raise errors.invalid(str(error)) from None
    return await routing(request)


ROUTES = [
    web.get("/apps", index),
    web.get("/apps/{app}", info),
    web.patch("/apps/{app}", update),
    web.get("/localku/apps/{app}/routing", routing),
    web.patch("/localku/apps/{app}/routing", route_by),
]
