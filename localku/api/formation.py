"""/apps/{app}/formation: how many dynos of which process type, read and changed."""

from __future__ import annotations

from aiohttp import web

from localku.api import lookup, serialize, wishes
from localku.api.apps import of_request
from localku.api.exchange import read_object, reply
from localku.platform import capping


async def index(request: web.Request) -> web.Response:
    """GET /apps/{app}/formation"""
    app = of_request(request)
    return reply([serialize.formation(app, kind) for kind in app.commands])


async def info(request: web.Request) -> web.Response:
    """GET /apps/{app}/formation/{type}"""
    app = of_request(request)
    return reply(serialize.formation(app, lookup.process_type(app, request.match_info["type"])))


async def update_batch(request: web.Request) -> web.Response:
    """PATCH /apps/{app}/formation: all of it or nothing; answers with the types that it named."""
    app = of_request(request)
    body = await read_object(request)
    wanted = wishes.batch(app, body)
    if wanted.quantities or wanted.sizes:
        app.scale(wanted.quantities, sizes=wanted.sizes)
    kinds = dict.fromkeys((*wanted.quantities, *wanted.sizes))
    return reply([serialize.formation(app, kind) for kind in kinds])


async def update(request: web.Request) -> web.Response:
    """PATCH /apps/{app}/formation/{type}"""
    app = of_request(request)
    body = await read_object(request)
    kind = lookup.process_type(app, request.match_info["type"])
    wanted = wishes.Wishes()
    wanted.add(app, kind, body)
    app.scale(wanted.quantities, sizes=wanted.sizes)
    return reply(serialize.formation(app, kind))


async def restart(request: web.Request) -> web.Response:
    """DELETE /apps/{app}/formations/{type}: restart the dynos of a process type"""
    app = of_request(request)
    app.restart(lookup.process_type(app, request.match_info["type"]))
    return reply({}, 202)


async def stop(request: web.Request) -> web.Response:
    """POST /apps/{app}/formations/{type}/actions/stop"""
    app = of_request(request)
    app.stop(lookup.process_type(app, request.match_info["type"]))
    return reply({}, 202)


async def caps(request: web.Request) -> web.Response:
    """GET /localku/apps/{app}/caps: what a dyno of each type may use here, and what sees to it"""
    app = of_request(request)
    wanted = capping.caps(app)
    by, why = capping.mechanism(app) if wanted else ("", "")
    types = [
        {"type": kind, "cpu": cap.cpu, "memory": cap.memory or None} for kind, cap in wanted.items()
    ]
    told = capping.lines(app)
    return reply({"mechanism": by or None, "why": why or None, "types": types, "lines": told})


# `formations` with an s is Heroku's own spelling for what is done to all dynos of a type
ROUTES = [
    web.get("/apps/{app}/formation", index),
    web.patch("/apps/{app}/formation", update_batch),
    web.get("/apps/{app}/formation/{type}", info),
    web.patch("/apps/{app}/formation/{type}", update),
    web.delete("/apps/{app}/formations/{type}", restart),
    web.post("/apps/{app}/formations/{type}/actions/stop", stop),
    web.get("/localku/apps/{app}/caps", caps),
]
