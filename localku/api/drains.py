"""/apps/{app}/log-drains: where the log of an app goes. What became of it: /localku/apps/...

Heroku's objects have no place for numbers, so that what only we have is under our own prefix.
"""

from __future__ import annotations

from aiohttp import web

from localku.api import errors, serialize
from localku.api.apps import of_request
from localku.api.exchange import listing, read_object, reply
from localku.errors import UserError
from localku.platform.app import App
from localku.platform.state import DrainState


def _json(app: App, drain: DrainState) -> serialize.Json:
    return {
        "addon": None,
        "app": serialize.reference(app),
        "created_at": serialize.timestamp(drain.created_at),
        "id": drain.id,
        "token": drain.token,
        "updated_at": serialize.timestamp(drain.updated_at),
        "url": drain.url,
    }


def _full(app: App, drain: DrainState) -> serialize.Json:
    """The same, with what became of the lines. Counts are lines since the platform's start."""
    work = app.drains.working(drain)
    return {
        **_json(app, drain),
        "ca": bool(drain.ca),
        "delivered": work.delivery.delivered,
        "dropped": work.delivery.dropped,
        "waiting": work.delivery.waiting,
        "trouble": work.delivery.trouble or None,
        "last_error": work.last_error or None,
        "failed_at": serialize.timestamp(work.failed_at) if work.failed_at else None,
    }


def _of_request(request: web.Request) -> tuple[App, DrainState]:
    app = of_request(request)
    word = request.match_info["drain"]
    found = app.drains.find(word)
    if found is None:
        raise errors.not_found("log drain", "log_drain")
    return app, found


async def index(request: web.Request) -> web.Response:
    """GET /apps/{app}/log-drains"""
    app = of_request(request)
    return listing(request, [_json(app, each) for each in app.drains.known])


async def info(request: web.Request) -> web.Response:
    """GET /apps/{app}/log-drains/{id, token or URL}"""
    return reply(_json(*_of_request(request)))


async def create(request: web.Request) -> web.Response:
    """POST /apps/{app}/log-drains `{"url": "https://..."}`; "ca": PEM of who vouches for it"""
    app = of_request(request)
    body = await read_object(request)
    url, ca = body.get("url"), body.get("ca")
    if not isinstance(url, str):
        raise errors.invalid("Require params: url.")
    if not isinstance(ca, (str, type(None))):
        raise errors.invalid("Invalid ca: it has to be a certificate in PEM.")
    try:
        return reply(_json(app, app.drains.add(url, ca or "")), 201)
    except UserError as error:
        raise errors.invalid(f"{_sentence(str(error))}.") from None


async def remove(request: web.Request) -> web.Response:
    """DELETE /apps/{app}/log-drains/{id, token or URL}"""
    app, drain = _of_request(request)
    app.drains.remove(drain)
    return reply(_json(app, drain))


async def full_index(request: web.Request) -> web.Response:
    """GET /localku/apps/{app}/log-drains: with what was delivered, what was not, and why"""
    app = of_request(request)
    return listing(request, [_full(app, each) for each in app.drains.known])


async def full_info(request: web.Request) -> web.Response:
    """GET /localku/apps/{app}/log-drains/{id, token or URL}"""
    return reply(_full(*_of_request(request)))


async def of_addon(request: web.Request) -> web.Response:
    """/addons/{addon}/log-drains: there are no add-ons here"""
    raise errors.not_found("add-on", "add_on")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


ROUTES = [
    web.get("/apps/{app}/log-drains", index),
    web.post("/apps/{app}/log-drains", create),
    web.get("/apps/{app}/log-drains/{drain}", info),
    web.delete("/apps/{app}/log-drains/{drain}", remove),
    web.get("/localku/apps/{app}/log-drains", full_index),
    web.get("/localku/apps/{app}/log-drains/{drain}", full_info),
    web.get("/addons/{addon}/log-drains", of_addon),
    web.put("/addons/{addon}/log-drains/{drain}", of_addon),
]
