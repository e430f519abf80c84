"""The dashboard: the page at `/` of the API's port, its files, and how it comes to its token.

The page is static; what it shows and does goes through the API like everything else. It loads
nothing from another host, and runs no script but its own files (Content-Security-Policy).
"""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

from aiohttp import web

from localku.api import access, entrance, errors
from localku.api.exchange import read_object, reply
from localku.api.host import HOST

FOLDER = Path(__file__).with_name("static")
PAGE = "dashboard.html"
TOKEN_PLACE = "%TOKEN%"
TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@cache
def files() -> dict[str, tuple[bytes, str]]:
    """The files of the page: name to content and its type. Read once."""
    return {
        each.name: (each.read_bytes(), TYPES[each.suffix])
        for each in FOLDER.iterdir()
        if each.suffix in TYPES
    }


async def page(request: web.Request) -> web.Response:
    """GET /"""
    known = await entrance.is_at_home(request)
    token = access.page_token(request.app[HOST].key) if known else ""
    text = (FOLDER / PAGE).read_text(encoding="utf-8").replace(TOKEN_PLACE, token)
    headers = {**HEADERS, "Cache-Control": "no-store", "Vary": "Sec-Fetch-Mode, Sec-Fetch-Dest"}
    return web.Response(text=text, content_type="text/html", headers=headers)


async def file(request: web.Request) -> web.Response:
    """GET /localku/dashboard/{file}"""
    found = files().get(request.match_info["file"])
    if found is None:
        raise errors.no_endpoint()
    headers = {**HEADERS, "Cache-Control": "no-cache"}  # asked for each time, answered with 304
    return web.Response(body=found[0], content_type=found[1], charset="utf-8", headers=headers)


async def ticket(request: web.Request) -> web.Response:
    """POST /localku/dashboard/tickets: a link that opens the dashboard once"""
    host = request.app[HOST]
    if not host.api_port:
        raise errors.invalid("This platform has no API over TCP, and so no dashboard.")
    given = request.app[entrance.TICKETS].give(asyncio.get_running_loop().time())
    url = f"http://127.0.0.1:{host.api_port}/"
    return reply({"url": url, "ticket": given, "link": f"{url}#ticket={given}"}, 201)


async def token(request: web.Request) -> web.Response:
    """POST /localku/dashboard/token `{"ticket": …}` or `{"key": …}`"""
    body = await read_object(request)
    key = request.app[HOST].key
    now = asyncio.get_running_loop().time()
    if access.is_same(str(body.get("key", "")).strip(), key):
        return _token(key)
    given, tickets = str(body.get("ticket", "")), request.app[entrance.TICKETS]
    if await entrance.may_redeem(request) and tickets.take(given, now):
        return _token(key)
    raise errors.unauthorized()


def _token(key: str) -> web.Response:
    answer = reply({"token": access.page_token(key)}, 201)
    answer.headers["Cache-Control"] = "no-store"
    return answer


ROUTES = [
    web.get("/", page, name="open.dashboard"),
    web.get("/localku/dashboard/{file}", file, name="open.dashboard.file"),
    web.post("/localku/dashboard/tickets", ticket),
    web.post("/localku/dashboard/token", token, name="open.dashboard.token"),
]
