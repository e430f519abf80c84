"""/auth: `heroku login` through the browser.

The CLI begins (POST /auth), opens the page, and waits at its own URL until the page is answered.
Anybody on this machine can begin, so that beginning is worth nothing: the page wants the key, which
only the user can read.
"""

from __future__ import annotations

import asyncio
import html
import secrets

from aiohttp import web

from localku.api import access, errors
from localku.api.exchange import read_object, reply
from localku.api.host import HOST

LIFETIME = 600.0  # seconds; the CLI gives up after ten minutes, too
BREATH = 15.0  # seconds between two signs of life: the CLI takes a minute's silence for an end
MOST = 100  # that wait at the same time; a new one takes the place of the oldest


class Sign:
    """One login that waits for its page."""

    def __init__(self, description: str) -> None:
        self.description = description
        self.token = secrets.token_urlsafe(32)
        self.granted = asyncio.Event()


Waiting = dict[str, Sign]
WAITING = web.AppKey("waiting", dict)  # page -> Sign, oldest first

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>localku login</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:4em auto;padding:0 1em}}
input{{font:inherit;width:100%;padding:.4em}}button{{font:inherit;padding:.4em 1em;margin-top:1em}}
</style><h1>localku</h1>{body}</html>
"""
FORM = """<p>{description} wants to steer the apps of this platform.</p>{trouble}
<form method="post"><label>Key: it is in the file <code>api-key</code> of the
state folder (<code>.localku</code>); <code>localku env</code> prints it, too.
<input name="key" type="password" autocomplete="off" autofocus required></label>
<button>Log in</button></form>"""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}


def _page(body: str, status: int = 200) -> web.Response:
    text = PAGE.format(body=body)
    return web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)


def _form(sign: Sign, status: int = 200, trouble: str = "") -> web.Response:
    told = html.escape(sign.description)
    return _page(FORM.format(description=told, trouble=trouble), status)


def _sign(request: web.Request) -> Sign:
    waiting: Waiting = request.app[WAITING]
    found = waiting.get(request.match_info["page"])
    if found is None:
        raise errors.not_found("login", "login")
    return found


async def begin(request: web.Request) -> web.Response:
    """POST /auth `{"description": …}`"""
    body = await read_object(request)
    waiting: Waiting = request.app[WAITING]
    while len(waiting) >= MOST:
        del waiting[next(iter(waiting))]
    sign = Sign(str(body.get("description") or "A program")[:200])
    page = secrets.token_urlsafe(32)
    waiting[page] = sign
    asyncio.get_running_loop().call_later(LIFETIME, waiting.pop, page, None)
    answer = {
        "browser_url": f"/auth/browser/{page}",
        "cli_url": f"/auth/cli/{page}",
        "token": sign.token,
    }
    return reply(answer, 201)


async def show(request: web.Request) -> web.Response:
    """GET /auth/browser/{page}"""
    return _form(_sign(request))


async def answer(request: web.Request) -> web.Response:
    """POST /auth/browser/{page} `key=…`"""
    sign = _sign(request)
    given = (await request.post()).get("key", "")
    if not isinstance(given, str) or not access.is_same(given.strip(), request.app[HOST].key):
        return _form(sign, 403, "<p><strong>That is not the key.</strong></p>")
    sign.granted.set()
    return _page("<p>Logged in. You can close this page.</p>")


async def wait(request: web.Request) -> web.StreamResponse:
    """GET /auth/cli/{page}: blanks until the page is answered, then the key, to the CLI alone"""
    sign = _sign(request)
    if not access.is_same(access.key_of(request.headers.get("Authorization", "")), sign.token):
        raise errors.unauthorized()
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    deadline = asyncio.get_running_loop().time() + LIFETIME
    while not sign.granted.is_set() and asyncio.get_running_loop().time() < deadline:
        try:
            await asyncio.wait_for(sign.granted.wait(), BREATH)
        except asyncio.TimeoutError:
            await response.write(b" ")
    request.app[WAITING].pop(request.match_info["page"], None)
    if sign.granted.is_set():
        await response.write(reply({"access_token": request.app[HOST].key}).body)  # type: ignore[arg-type]
    else:
        await response.write(b'{"error":"Nobody answered the page in time."}')
    await response.write_eof()
    return response


_PAGE = "/auth/browser/{page}"
ROUTES = [
    web.post("/auth", begin, name="open.auth"),
    web.get(_PAGE, show, name="open.auth.browser"),
    web.post(_PAGE, answer, name="open.auth.browser"),
    web.get("/auth/cli/{page}", wait, name="open.auth.cli"),
]
