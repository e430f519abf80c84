"""/apps/{app}/dynos: what runs, and its restart and stop."""

from __future__ import annotations

from aiohttp import web

from localku.api import lookup, serialize
from localku.api.apps import of_request
from localku.api.exchange import reply


async def index(request: web.Request) -> web.Response:
    """GET /apps/{app}/dynos"""
    app = of_request(request)
    formation = [serialize.dyno(app, runner) for runner in lookup.dynos(app)]
    return reply([*formation, *(serialize.oneoff(app, each) for each in app.oneoffs.values())])


async def info(request: web.Request) -> web.Response:
    """GET /apps/{app}/dynos/{dyno}"""
    app = of_request(request)
    word = request.match_info["dyno"]
    one = lookup.oneoff(app, word)
    if one is not None:
        return reply(serialize.oneoff(app, one))
    return reply(serialize.dyno(app, lookup.dyno(app, word)))


async def restart_all(request: web.Request) -> web.Response:
    """DELETE /apps/{app}/dynos"""
    of_request(request).restart()
    return reply({}, 202)


async def restart(request: web.Request) -> web.Response:
    """DELETE /apps/{app}/dynos/{dyno}: one dyno, or all of a process type"""
    app = of_request(request)
    app.restart(_name(request))
    return reply({}, 202)


async def stop(request: web.Request) -> web.Response:
    """POST /apps/{app}/dynos/{dyno}/actions/stop"""
    app = of_request(request)
    app.stop(_name(request))
    return reply({}, 202)


def _name(request: web.Request) -> str:
    app = of_request(request)
    word = request.match_info["dyno"]
    one = lookup.oneoff(app, word)
    if one is not None:
        return one.name
    return word if word in app.commands else lookup.dyno(app, word).spec.name


ROUTES = [
    web.get("/apps/{app}/dynos", index),
    web.delete("/apps/{app}/dynos", restart_all),
    web.get("/apps/{app}/dynos/{dyno}", info),
    web.delete("/apps/{app}/dynos/{dyno}", restart),
    web.post("/apps/{app}/dynos/{dyno}/actions/stop", stop),
]
