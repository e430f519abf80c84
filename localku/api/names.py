"""/apps/{app}/domains and /apps/{app}/features: under which names, and how, an app is served."""

from __future__ import annotations

from aiohttp import web

from localku.api import errors, serialize, wishes
from localku.api.apps import of_request
from localku.api.exchange import listing, read_object, reply
from localku.errors import UserError
from localku.platform import domains as custom
from localku.platform import features as switches
from localku.platform.app import App
from localku.platform.state import Domain


def _domain(app: App, word: str) -> Domain:
    for each in app.domains:
        if word in (each.id, each.hostname):
            return each
    raise errors.not_found("domain name", "domain", word)


async def domains(request: web.Request) -> web.Response:
    """GET /apps/{app}/domains"""
    app = of_request(request)
    own = (serialize.domain(app, each) for each in app.domains)
    return listing(request, [serialize.own_domain(app), *own])


async def domain(request: web.Request) -> web.Response:
    """GET /apps/{app}/domains/{hostname or id}"""
    app = of_request(request)
    own = serialize.own_domain(app)
    word = request.match_info["domain"]
    if word in (own["id"], own["hostname"]):
        return reply(own)
    return reply(serialize.domain(app, _domain(app, word)))


async def add_domain(request: web.Request) -> web.Response:
    """POST /apps/{app}/domains"""
    app = of_request(request)
    body = await read_object(request)
    hostname = body.get("hostname")
    if not isinstance(hostname, str):
        raise errors.invalid("Require params: hostname.")
    try:
        return reply(serialize.domain(app, custom.add(app, hostname)), 201)
    except UserError as error:
        raise errors.invalid(str(error)) from None


async def remove_domain(request: web.Request) -> web.Response:
    """DELETE /apps/{app}/domains/{hostname or id}"""
    app = of_request(request)
    found = _domain(app, request.match_info["domain"])
    custom.remove(app, found)
    return reply(serialize.domain(app, found))


def _feature(app: App, word: str) -> switches.Feature:
    for each in switches.FEATURES:
        if word in (each.name, serialize.id_within(app, f"feature/{each.name}")):
            return each
    raise errors.not_found("app feature", "feature", word)


def _feature_json(app: App, one: switches.Feature) -> serialize.Json:
    return serialize.feature(app, one, switches.is_on(app, one.name))


async def features(request: web.Request) -> web.Response:
    """GET /apps/{app}/features"""
    app = of_request(request)
    return listing(request, [_feature_json(app, each) for each in switches.FEATURES])


async def feature(request: web.Request) -> web.Response:
    """GET /apps/{app}/features/{name or id}"""
    app = of_request(request)
    return reply(_feature_json(app, _feature(app, request.match_info["feature"])))


async def switch(request: web.Request) -> web.Response:
    """PATCH /apps/{app}/features/{name or id} `{"enabled": true}`"""
    app = of_request(request)
    body = await read_object(request)
    one = _feature(app, request.match_info["feature"])
    if "enabled" not in body:
        raise errors.invalid("Require params: enabled.")
    switches.switch(app, one.name, wishes.flag(body["enabled"], "enabled"))
    return reply(_feature_json(app, one))


ROUTES = [
    web.get("/apps/{app}/domains", domains),
    web.post("/apps/{app}/domains", add_domain),
    web.get("/apps/{app}/domains/{domain}", domain),
    web.delete("/apps/{app}/domains/{domain}", remove_domain),
    web.get("/apps/{app}/features", features),
    web.get("/apps/{app}/features/{feature}", feature),
    web.patch("/apps/{app}/features/{feature}", switch),
]
