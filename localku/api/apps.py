"""/apps: what this platform runs."""

from __future__ import annotations

import secrets

from aiohttp import web

from localku.api import errors, lookup, serialize, wishes
from localku.api.exchange import listing, read_object, reply
from localku.api.host import HOST, apps
from localku.errors import UserError
from localku.manifest.appname import made_up
from localku.platform.app import App
from localku.router.policy import POLICIES


def of_request(request: web.Request) -> App:
    """The app that the path names. Raises ApiError."""
    return lookup.app(apps(request), request.match_info["app"])


def _json(request: web.Request, app: App) -> serialize.Json:
    return serialize.app(app, request.app[HOST].port)


async def index(request: web.Request) -> web.Response:
    """GET /apps, /users/{user}/apps"""
    return listing(request, [_json(request, each) for each in apps(request)])


async def info(request: web.Request) -> web.Response:
    """GET /apps/{app}"""
    return reply(_json(request, of_request(request)))


async def create(request: web.Request) -> web.Response:
    """POST /apps: without a name, one is made up"""
    return _create(request, (await read_object(request)).get("name"), "")


async def create_here(request: web.Request) -> web.Response:
    """POST /localku/apps `{"name": "shop", "root": "/path"}`: an app with its code at once"""
    body = await read_object(request)
    return _create(request, body.get("name"), _root(body))


def _create(request: web.Request, name: object, root: str) -> web.Response:
    name = name or made_up(secrets.randbelow)
    if not isinstance(name, str):
        raise errors.invalid("Name is invalid.")
    try:
        app = request.app[HOST].hosting.create(name, root)
    except UserError as error:
        raise errors.invalid(str(error)) from None
    return reply(_json(request, app), 201)


def _root(body: dict[str, object]) -> str:
    """The folder that a request names. Raises ApiError."""
    root = body.get("root")
    if not isinstance(root, str) or not root.startswith("/") or "\0" in root:
        raise errors.invalid("The root has to be an absolute path.")
    return root


async def update(request: web.Request) -> web.Response:
    """PATCH /apps/{app}: another name, maintenance mode"""
    app = of_request(request)
    body = await read_object(request)
    on = wishes.flag(body["maintenance"], "maintenance") if "maintenance" in body else None
    name = body.get("name")
    if name is not None and not isinstance(name, str):
        raise errors.invalid("Name is invalid.")
    if name is not None:
        try:
            request.app[HOST].hosting.rename(app, name)
        except UserError as error:
            raise errors.invalid(str(error)) from None
    if on is not None:
        app.maintain(on)
    return reply(_json(request, app))


async def destroy(request: web.Request) -> web.Response:
    """DELETE /apps/{app}"""
    app = of_request(request)
    gone = _json(request, app)
    try:
        request.app[HOST].hosting.destroy(app)
    except UserError as error:
        raise errors.invalid(str(error)) from None
    return reply(gone)


async def source(request: web.Request) -> web.Response:
    """PUT /localku/apps/{app}/source `{"root": "/path"}`: the folder that the app's code is in"""
    app = of_request(request)
    root = _root(await read_object(request))
    try:
        request.app[HOST].hosting.source(app, root)
    except UserError as error:
        raise errors.invalid(str(error)) from None
    return reply({"root": root})


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


async def collaborators(request: web.Request) -> web.Response:
    """GET /apps/{app}/collaborators: the one user"""
    return listing(request, [serialize.collaborator(of_request(request))])


async def collaborator(request: web.Request) -> web.Response:
    """GET /apps/{app}/collaborators/{email or id}"""
    one = serialize.collaborator(of_request(request))
    if request.match_info["user"] not in (one["id"], serialize.USER):
        raise errors.not_found("collaborator", "collaborator")
    return reply(one)


async def no_collaborator(request: web.Request) -> web.Response:
    """POST, DELETE of collaborators: a laptop has one user"""
    of_request(request)
    raise errors.forbidden("A laptop has one user: collaborators cannot be changed here.")


async def nothing(request: web.Request) -> web.Response:
    """What an app has none of yet: add-ons, builds, buildpacks, …"""
    of_request(request)
    return reply([])


ROUTES = [
    web.get("/apps", index),
    web.post("/apps", create),
    web.get("/users/{user}/apps", index),
    web.get("/apps/{app}", info),
    web.patch("/apps/{app}", update),
    web.delete("/apps/{app}", destroy),
    web.get("/apps/{app}/collaborators", collaborators),
    web.post("/apps/{app}/collaborators", no_collaborator),
    web.get("/apps/{app}/collaborators/{user}", collaborator),
    web.delete("/apps/{app}/collaborators/{user}", no_collaborator),
    web.get("/apps/{app}/addons", nothing),
    web.get("/apps/{app}/addon-attachments", nothing),
    web.get("/apps/{app}/builds", nothing),
    web.get("/apps/{app}/buildpack-installations", nothing),
    web.post("/localku/apps", create_here),
    web.put("/localku/apps/{app}/source", source),
    web.get("/localku/apps/{app}/routing", routing),
    web.patch("/localku/apps/{app}/routing", route_by),
]
