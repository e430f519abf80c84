"""/apps/{app}/webhooks: kept as Heroku's CLI wants them. Nothing is delivered to them yet."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from aiohttp import web

from localku.api import errors, serialize
from localku.api.apps import of_request
from localku.api.exchange import listing, read_object, reply
from localku.api.host import HOST
from localku.platform import records
from localku.platform.app import App
from localku.platform.records import WEBHOOK
from localku.platform.state import Record
from localku.platform.store import Store

# Dev Center, "App Webhooks"
ENTITIES = (
    *("api:addon-attachment", "api:addon", "api:app", "api:build", "api:collaborator"),
    *("api:domain", "api:dyno", "api:formation", "api:release", "api:sni-endpoint", "dyno"),
)
LEVELS = ("notify", "sync")
SECRET = "Heroku-Webhook-Secret"
MAX_TEXT = 2048  # letters of a URL, a secret, an authorization


def _store(request: web.Request) -> Store:
    return request.app[HOST].hosting.store


def _json(app: App, hook: Record) -> serialize.Json:
    shown = {name: value for name, value in hook.fields.items() if name in ("url", "level")}
    return {
        "app": serialize.reference(app),
        "created_at": serialize.timestamp(hook.created_at),
        "id": hook.id,
        "include": hook.fields["include"],
        **shown,
        "updated_at": serialize.timestamp(hook.updated_at),
    }


def _of_app(request: web.Request) -> tuple[App, list[Record]]:
    app = of_request(request)
    return app, [each for each in _store(request).records(WEBHOOK) if each.app_id == app.id]


def _one(request: web.Request) -> tuple[App, Record]:
    app, found = _of_app(request)
    for each in found:
        if each.id == request.match_info["webhook"]:
            return app, each
    raise errors.not_found("app webhook", "app_webhook")


def _fields(body: dict[str, object], needed: tuple[str, ...] = ()) -> dict[str, object]:
    """What a request gives, checked. Raises ApiError."""
    missing = [name for name in needed if not body.get(name)]
    if missing:
        raise errors.invalid(f"Require params: {', '.join(missing)}.")
    given = {name: body[name] for name in (*_CHECKS, "include") if body.get(name) is not None}
    for name, value in given.items():
        if name != "include" and not (isinstance(value, str) and len(value) <= MAX_TEXT):
            raise errors.invalid(f"Invalid {name}.")
    if "url" in given and urlsplit(str(given["url"])).scheme not in ("http", "https"):
        raise errors.invalid("Url must be an http or https URL.")
    if given.get("level", "sync") not in LEVELS:
        raise errors.invalid("Level must be notify or sync.")
    if "include" in given:
        given["include"] = _include(given["include"])
    return given


_CHECKS = ("url", "level", "secret", "authorization")


def _include(wish: object) -> list[str]:
    words = wish if isinstance(wish, list) else []
    bad = [word for word in words if word not in ENTITIES]
    if bad or not words:
        raise errors.invalid(f"Include must be some of {', '.join(ENTITIES)}.")
    return list(dict.fromkeys(words))


async def index(request: web.Request) -> web.Response:
    """GET /apps/{app}/webhooks"""
    app, found = _of_app(request)
    return listing(request, [_json(app, each) for each in found])


async def create(request: web.Request) -> web.Response:
    """POST /apps/{app}/webhooks; the secret that signs is told once, in a header"""
    app = of_request(request)
    fields = _fields(await read_object(request), ("include", "level", "url"))
    fields.setdefault("secret", secrets.token_hex(32))
    hook = records.add(_store(request), WEBHOOK, fields, app.id)
    response = reply(_json(app, hook), 201)
    response.headers[SECRET] = str(fields["secret"])
    return response


async def info(request: web.Request) -> web.Response:
    """GET /apps/{app}/webhooks/{id}"""
    return reply(_json(*_one(request)))


async def update(request: web.Request) -> web.Response:
    """PATCH /apps/{app}/webhooks/{id}"""
    app, hook = _one(request)
    fields = _fields(await read_object(request))
    return reply(_json(app, records.update(_store(request), hook, fields)))


async def remove(request: web.Request) -> web.Response:
    """DELETE /apps/{app}/webhooks/{id}"""
    app, hook = _one(request)
    records.remove(_store(request), hook)
    return reply(_json(app, hook))


async def nothing(request: web.Request) -> web.Response:
    """GET /apps/{app}/webhook-deliveries, /webhook-events: nothing is delivered"""
    of_request(request)
    return reply([])


ROUTES = [
    web.get("/apps/{app}/webhooks", index),
    web.post("/apps/{app}/webhooks", create),
    web.get("/apps/{app}/webhooks/{webhook}", info),
    web.patch("/apps/{app}/webhooks/{webhook}", update),
    web.delete("/apps/{app}/webhooks/{webhook}", remove),
    web.get("/apps/{app}/webhook-deliveries", nothing),
    web.get("/apps/{app}/webhook-events", nothing),
]
