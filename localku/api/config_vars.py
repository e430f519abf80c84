"""/apps/{app}/config-vars and /apps/{app}/releases: the config, and what it was before."""

from __future__ import annotations

import re

from aiohttp import web

from localku.api import errors, serialize
from localku.api.apps import of_request
from localku.api.exchange import listing, read_object, reply
from localku.errors import UserError
from localku.platform import releasing
from localku.platform.app import App
from localku.platform.state import Release

KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
KEY_MAX = 256
OWN = ("PORT", "DYNO", "PS")  # each dyno has its own


def wanted(body: dict[str, object]) -> dict[str, str | None]:
    """The changes that a request asks for, all of them checked. Raises ApiError."""
    changes: dict[str, str | None] = {}
    for key, value in body.items():
        if not KEY.fullmatch(key) or len(key) > KEY_MAX:
            raise errors.invalid(
                f"{_shown(key)} is not a valid config var name: letters, digits and _ only."
            )
        if key in OWN and value is not None:
            raise errors.invalid(f"{key} is set for each dyno: it cannot be a config var.")
        changes[key] = _value(key, value)
    return changes


def _value(key: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise errors.invalid(f"The value of {key} has to be a string.")
    text = str(value)
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise errors.invalid(f"The value of {key} has a character that no environment can hold.")
    return text


def _shown(key: str) -> str:
    return repr(key) if len(key) <= 40 else "That"


async def index(request: web.Request) -> web.Response:
    """GET /apps/{app}/config-vars"""
    return reply(of_request(request).config)


async def update(request: web.Request) -> web.Response:
    """PATCH /apps/{app}/config-vars: all of it or nothing; null removes one"""
    app = of_request(request)
    changes = wanted(await read_object(request))
    # to remove what is not there changes nothing, and makes no release
    real = {key: value for key, value in changes.items() if value is not None or key in app.config}
    if real:
        try:
            releasing.set_config(app, real)
        except UserError as error:
            raise errors.invalid(str(error)) from None
    return reply(app.config)


def _release(app: App, word: str) -> Release:
    found = app.store.release(app.id, word)
    if found is None:
        raise errors.not_found("release", "release")
    return found


async def releases(request: web.Request) -> web.Response:
    """GET /apps/{app}/releases"""
    app = of_request(request)
    found = [serialize.release(app, each) for each in app.store.releases(app.id)]
    return listing(request, found[::-1])


async def release(request: web.Request) -> web.Response:
    """GET /apps/{app}/releases/{version or id}"""
    app = of_request(request)
    return reply(serialize.release(app, _release(app, request.match_info["release"])))


async def release_config(request: web.Request) -> web.Response:
    """GET /apps/{app}/releases/{version or id}/config-vars"""
    app = of_request(request)
    return reply(_release(app, request.match_info["release"]).config)


async def rollback(request: web.Request) -> web.Response:
    """POST /apps/{app}/releases `{"release": id}`: a new release from an old one"""
    app = of_request(request)
    body = await read_object(request)
    word = body.get("release")
    if not isinstance(word, (str, int)) or isinstance(word, bool):
        raise errors.invalid("Require params: release.")
    target = _release(app, str(word))
    if target.version == app.version:
        raise errors.invalid(f"v{target.version} is the current release.")
    if not target.commands:
        raise errors.invalid("Cannot rollback to a release that had no slug")
    return reply(serialize.release(app, releasing.rollback(app, target)), 201)


ROUTES = [
    web.get("/apps/{app}/config-vars", index),
    web.patch("/apps/{app}/config-vars", update),
    web.get("/apps/{app}/releases", releases),
    web.post("/apps/{app}/releases", rollback),
    web.get("/apps/{app}/releases/{release}", release),
    web.get("/apps/{app}/releases/{release}/config-vars", release_config),
]
