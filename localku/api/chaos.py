"""/localku/apps/{app}/chaos: faults on purpose: what is on and was; begin one, end one or all.

`{"fault": "freeze", "dyno": "web.1", "for": 40, "every": null, "seed": 1}`; times are seconds.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from localku.api import errors, serialize
from localku.api.apps import of_request
from localku.api.exchange import read_object, reply
from localku.api.host import HOST, Host
from localku.chaos import faults
from localku.chaos.chaos import Chaos, Clash, Fault
from localku.errors import UserError


class Chaoses:
    """The chaos of the platform, there from the first time that somebody asks for it."""

    def __init__(self) -> None:
        self._chaos: Chaos | None = None

    def of(self, host: Host) -> Chaos:
        """That of a platform."""
        if self._chaos is None:
            self._chaos = Chaos(host.hosting, host.telemetry)
        return self._chaos


CHAOS = web.AppKey("chaos", Chaoses)


def _chaos(request: web.Request) -> Chaos:
    return request.app[CHAOS].of(request.app[HOST])


def _json(fault: Fault) -> serialize.Json:
    wish = fault.wish
    return {
        **fault.deed.shown(),
        "id": fault.id,
        "app": serialize.reference(fault.app),
        "fault": wish.kind.name,
        "text": wish.kind.text,
        "hint": fault.deed.hint,
        "lasts": wish.kind.lasts,
        "about": fault.deed.about,
        "dyno": fault.deed.target or None,
        "seed": fault.seed,
        "for": fault.seconds,
        "every": wish.every,
        "created_at": serialize.timestamp(fault.created_at),
        "ends_at": serialize.timestamp(fault.ends_at),
        "state": "on" if fault.on else "over",
        "failed": fault.failed or None,
        "done": list(fault.done),
        "count": fault.count,
    }


async def index(request: web.Request) -> web.Response:
    """GET /localku/apps/{app}/chaos"""
    app = of_request(request)
    return reply([_json(each) for each in _chaos(request).of(app)])


async def create(request: web.Request) -> web.Response:
    """POST /localku/apps/{app}/chaos"""
    app = of_request(request)
    body = await read_object(request)
    try:
        fault = _chaos(request).begin(app, faults.read(body))
    except Clash as clash:
        raise errors.conflict(_sentence(clash)) from None
    except UserError as error:
        raise errors.invalid(_sentence(error)) from None
    await asyncio.sleep(0)  # what it does at once is done, and in the answer
    return reply(_json(fault), 201)


def _of_request(request: web.Request) -> Fault:
    found = _chaos(request).find(of_request(request), request.match_info["fault"])
    if found is None:
        raise errors.not_found("fault", "fault", request.match_info["fault"])
    return found


async def info(request: web.Request) -> web.Response:
    """GET /localku/apps/{app}/chaos/{fault}"""
    return reply(_json(_of_request(request)))


async def stop(request: web.Request) -> web.Response:
    """DELETE /localku/apps/{app}/chaos/{fault}: answers when it is undone"""
    fault = _of_request(request)
    await _chaos(request).stop(fault)
    return reply(_json(fault))


async def stop_all(request: web.Request) -> web.Response:
    """DELETE /localku/apps/{app}/chaos"""
    chaos = _chaos(request)
    found = [each for each in chaos.of(of_request(request)) if each.on]
    for each in found:
        await chaos.stop(each)
    return reply([_json(each) for each in found])


def _sentence(error: UserError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


ROUTES = [
    web.get("/localku/apps/{app}/chaos", index),
    web.post("/localku/apps/{app}/chaos", create),
    web.delete("/localku/apps/{app}/chaos", stop_all),
    web.get("/localku/apps/{app}/chaos/{fault}", info),
    web.delete("/localku/apps/{app}/chaos/{fault}", stop),
]
