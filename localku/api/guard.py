"""The door-keeper of the API: who comes over TCP has to have the key (see access.py)."""

from __future__ import annotations

import socket

from aiohttp import web

from localku.api import access, errors
from localku.api.exchange import Handler
from localku.api.host import HOST

# a route of that name prefix needs no key, because its path is a secret or what it gives is none
OPEN = "open."


def is_over_unix(request: web.Request) -> bool:
    """Whether it came over the Unix socket, which only this user can reach."""
    transport = request.transport
    used = transport.get_extra_info("socket") if transport is not None else None
    return used is not None and used.family == socket.AF_UNIX


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse whoever has no business here, before anything else is looked at. Raises ApiError."""
    if not is_over_unix(request):
        _refuse_browsers(request)
        if not (request.match_info.route.name or "").startswith(OPEN):
            given = access.key_of(request.headers.get("Authorization", ""))
            if not access.opens(given, request.app[HOST].key):
                raise errors.unauthorized()
    if not access.is_spoken(request.headers.get("Accept", "")):
        raise errors.no_endpoint()
    return await handler(request)


def _refuse_browsers(request: web.Request) -> None:
    host = request.headers.get("Host", "")
    if not access.is_local(host):
        raise errors.forbidden("This API is at localhost: no other host name may be used for it.")
    for origin in request.headers.getall("Origin", ()):
        if not access.is_own_origin(origin, request.scheme, host):
            raise errors.forbidden("This API does not answer to other web pages.")
