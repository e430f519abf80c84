"""/pipelines and /pipeline-couplings: which apps stand in which stage of what. Nothing is promoted
yet: that needs slugs."""

from __future__ import annotations

import re

from aiohttp import web

from localku.api import errors, lookup, serialize
from localku.api.apps import of_request
from localku.api.exchange import listing, read_object, reply
from localku.api.host import HOST, apps
from localku.api.serialize import USER, Json, named, timestamp
from localku.platform import records
from localku.platform.records import COUPLING, PIPELINE
from localku.platform.state import Record
from localku.platform.store import Store

STAGES = ("test", "review", "development", "staging", "production")
NAME = re.compile(r"[a-z][a-z0-9-]{2,29}")  # the schema's pattern
NAME_RULE = (
    "Name must start with a letter, can only contain lowercase letters, digits and dashes, and "
    "have 3 to 30 of them."
)


def _store(request: web.Request) -> Store:
    return request.app[HOST].hosting.store


def pipeline_json(one: Record) -> Json:
    """A pipeline (definition `pipeline`)."""
    return {
        "created_at": timestamp(one.created_at),
        "generation": named("generation", "cedar"),
        "id": one.id,
        "name": one.fields["name"],
        "owner": {"id": serialize.user(USER)["id"], "type": "user"},
        "updated_at": timestamp(one.updated_at),
    }


def coupling_json(one: Record, pipeline: Record) -> Json:
    """An app's place in a pipeline (definition `pipeline-coupling`)."""
    return {
        "app": {"id": one.app_id},
        "created_at": timestamp(one.created_at),
        "id": one.id,
        "pipeline": {"id": pipeline.id, "name": pipeline.fields["name"]},
        "stage": one.fields["stage"],
        "updated_at": timestamp(one.updated_at),
    }


# -- pipelines -----------------------------------------------------------------------------------


def _pipeline(request: web.Request, word: object) -> Record:
    if isinstance(word, dict):
        word = word.get("id", word.get("name"))
    for each in _store(request).records(PIPELINE):
        if word in (each.id, each.fields["name"]):
            return each
    raise errors.not_found("pipeline", "pipeline")


def _free_name(request: web.Request, body: dict[str, object], known: str = "") -> str:
    name = body.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise errors.invalid(NAME_RULE)
    taken = {str(each.fields["name"]) for each in _store(request).records(PIPELINE)}
    if name in taken - {known}:
        raise errors.invalid("Name is already taken.")
    return name


async def index(request: web.Request) -> web.Response:
    """GET /pipelines, /pipelines?eq[name]=NAME"""
    wanted = request.query.get("eq[name]")
    found = [
        pipeline_json(each)
        for each in _store(request).records(PIPELINE)
        if wanted is None or each.fields["name"] == wanted
    ]
    return listing(request, found)


async def create(request: web.Request) -> web.Response:
    """POST /pipelines `{"name": …}`"""
    body = await read_object(request)
    name = _free_name(request, body)
    return reply(pipeline_json(records.add(_store(request), PIPELINE, {"name": name})), 201)


async def info(request: web.Request) -> web.Response:
    """GET /pipelines/{name or id}"""
    return reply(pipeline_json(_pipeline(request, request.match_info["pipeline"])))


async def update(request: web.Request) -> web.Response:
    """PATCH /pipelines/{name or id}: another name"""
    one = _pipeline(request, request.match_info["pipeline"])
    body = await read_object(request)
    name = _free_name(request, body, str(one.fields["name"]))
    return reply(pipeline_json(records.update(_store(request), one, {"name": name})))


async def remove(request: web.Request) -> web.Response:
    """DELETE /pipelines/{name or id}: the apps stay"""
    one = _pipeline(request, request.match_info["pipeline"])
    records.remove(_store(request), one)
    return reply(pipeline_json(one))


# -- couplings -----------------------------------------------------------------------------------


def _couplings(request: web.Request) -> list[tuple[Record, Record]]:
    pipelines = {each.id: each for each in _store(request).records(PIPELINE)}
    found = _store(request).records(COUPLING)
    return [(each, pipelines[each.parent_id]) for each in found]


def _coupling(request: web.Request) -> tuple[Record, Record]:
    for each in _couplings(request):
        if each[0].id == request.match_info["coupling"]:
            return each
    raise errors.not_found("pipeline coupling", "pipeline_coupling")


def _stage(body: dict[str, object]) -> str:
    stage = body.get("stage")
    if stage not in STAGES:
        raise errors.invalid(f"Stage must be one of {', '.join(STAGES)}.")
    return str(stage)


async def couplings(request: web.Request) -> web.Response:
    """GET /pipeline-couplings, /users/~/pipeline-couplings, /pipelines/{name or id}/…"""
    word = request.match_info.get("pipeline")
    only = _pipeline(request, word).id if word is not None else ""
    pairs = [pair for pair in _couplings(request) if only in ("", pair[1].id)]
    return listing(request, [coupling_json(*pair) for pair in pairs])


async def couple(request: web.Request) -> web.Response:
    """POST /pipeline-couplings `{"app", "pipeline", "stage"}`"""
    body = await read_object(request)
    word = body.get("app")
    if isinstance(word, dict):
        word = word.get("id", word.get("name"))
    app = lookup.app(apps(request), str(word))
    pipeline = _pipeline(request, body.get("pipeline"))
    stage = _stage(body)
    if any(each.app_id == app.id for each, _ in _couplings(request)):
        raise errors.invalid("App is already in a pipeline.")
    made = records.add(_store(request), COUPLING, {"stage": stage}, app.id, pipeline.id)
    return reply(coupling_json(made, pipeline), 201)


async def coupling(request: web.Request) -> web.Response:
    """GET /pipeline-couplings/{id}"""
    return reply(coupling_json(*_coupling(request)))


async def coupling_of_app(request: web.Request) -> web.Response:
    """GET /apps/{app}/pipeline-couplings: one object, or 404"""
    app = of_request(request)
    for each, pipeline in _couplings(request):
        if each.app_id == app.id:
            return reply(coupling_json(each, pipeline))
    raise errors.not_found("pipeline coupling", "pipeline_coupling")


async def move(request: web.Request) -> web.Response:
    """PATCH /pipeline-couplings/{id}: another stage"""
    one, pipeline = _coupling(request)
    stage = _stage(await read_object(request))
    return reply(coupling_json(records.update(_store(request), one, {"stage": stage}), pipeline))


async def uncouple(request: web.Request) -> web.Response:
    """DELETE /pipeline-couplings/{id}"""
    one, pipeline = _coupling(request)
    records.remove(_store(request), one)
    return reply(coupling_json(one, pipeline))


async def promote(request: web.Request) -> web.Response:
    """POST /pipeline-promotions: code is the live folder, there is no slug to hand on"""
    raise errors.invalid("There is no slug to promote: each app runs the code of its own folder.")


async def filter_apps(request: web.Request) -> web.Response:
    """POST /filters/apps `{"in": {"id": […], "name": […]}}`"""
    body = await read_object(request)
    within = body.get("in")
    wanted = within if isinstance(within, dict) else {}
    words = []
    for name in ("id", "name"):
        given = wanted.get(name, [])
        if not isinstance(given, list) or not all(isinstance(word, str) for word in given):
            raise errors.invalid(f"The {name}s have to be a list of strings.")
        words += given
    port = request.app[HOST].port
    found = [each for each in apps(request) if each.id in words or each.name in words]
    return listing(request, [serialize.app(each, port) for each in found])


ROUTES = [
    web.get("/pipelines", index),
    web.post("/pipelines", create),
    web.get("/pipelines/{pipeline}", info),
    web.patch("/pipelines/{pipeline}", update),
    web.delete("/pipelines/{pipeline}", remove),
    web.get("/pipelines/{pipeline}/pipeline-couplings", couplings),
    web.get("/pipeline-couplings", couplings),
    web.get("/users/{user}/pipeline-couplings", couplings),
    web.post("/pipeline-couplings", couple),
    web.get("/pipeline-couplings/{coupling}", coupling),
    web.patch("/pipeline-couplings/{coupling}", move),
    web.delete("/pipeline-couplings/{coupling}", uncouple),
    web.get("/apps/{app}/pipeline-couplings", coupling_of_app),
    web.post("/pipeline-promotions", promote),
    web.post("/filters/apps", filter_apps),
]
