"""One exchange with a client: the body as JSON, the answer as JSON, errors as Heroku's objects.

Everything here is the same for all endpoints: Request-Id, ETag, the limit on bodies, and that no
mistake of ours leaves the client without an answer or the log stream without a word of it.
"""

from __future__ import annotations

import hashlib
import json
import re
import traceback
import uuid
from collections.abc import Awaitable, Callable

from aiohttp import web

from localku.api import errors, ranges
from localku.api.host import HOST, apps
from localku.logs.secrets import hidden

MAX_BODY = 256 << 10  # bytes; a thousand changes of a formation are some 50,000
REQUEST_ID = "Request-Id"
RATE_LIMIT = "RateLimit-Remaining"
REMAINING = 4500  # requests an hour, as on Heroku (Dev Center, "Platform API Reference"); uncounted

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def reply(value: object, status: int = 200) -> web.Response:
    """An answer of JSON."""
    body = json.dumps(value, separators=(",", ":")).encode() + b"\n"
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8")


def listing(request: web.Request, objects: list[dict[str, object]]) -> web.Response:
    """An answer of a list, or of the piece of it that the request's Range asks for."""
    asked = ranges.parse(request.headers.get("Range", ""))
    piece, following = ranges.apply(objects, asked)
    response = reply(piece, 206 if following else 200)
    response.headers["Accept-Ranges"] = "id, name, created_at, updated_at, version"
    if following:
        response.headers["Next-Range"] = following
    return response


async def read_object(request: web.Request) -> dict[str, object]:
    """The request's body, a JSON object; {} for an empty one. Raises ApiError."""
    try:
        data = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise errors.too_large(MAX_BODY) from None
    if not data.strip():
        return {}
    try:
        value = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError):  # bad JSON, bad UTF-8, too deep, a number too long
        raise errors.malformed("The request body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise errors.invalid("The request body has to be a JSON object.")
    return value


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


@web.middleware
async def exchange(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Wrap a handler: errors become objects, the answer gets its Request-Id and ETag."""
    request_id = _request_id(request.headers.get(REQUEST_ID, ""))
    try:
        response = await handler(request)
    except errors.ApiError as error:
        response = reply(error.body(), error.status)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        response = reply(errors.no_endpoint().body(), 404)
    except Exception as error:
        _report(request, request_id, error)
        response = reply(errors.internal().body(), 500)
    if response.prepared:
        return response  # a WebSocket that has come and gone
    response.headers[REQUEST_ID] = request_id
    response.headers[RATE_LIMIT] = str(REMAINING)
    return _with_etag(request, response)


def _request_id(given: str) -> str:
    """A new id, behind those that the client sent (Heroku joins them with commas)."""
    known = [
        word for word in re.split(r"[\s,]+", given[:512]) if re.fullmatch(r"[\w-]{8,64}", word)
    ]
    return ",".join([*known, str(uuid.uuid4())])


def _report(request: web.Request, request_id: str, error: Exception) -> None:
    say = request.app[HOST].say
    say(f"Internal error in {request.method} {request.path} (request {request_id}):")
    text = "".join(traceback.format_exception(error)).rstrip()
    for app in apps(request):  # every app's log gets it, so that it must have nobody's secrets
        text = hidden(text, app.config)
    for line in text.split("\n"):
        say(line)


def _with_etag(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    if request.method not in ("GET", "HEAD") or response.status != 200:
        return response
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return response
    response.etag = hashlib.sha256(response.body).hexdigest()[:32]
    if request.if_none_match and response.etag in request.if_none_match:
        names = ("ETag", REQUEST_ID, RATE_LIMIT)
        headers = {name: response.headers[name] for name in names}
        return web.Response(status=304, headers=headers)
    return response
