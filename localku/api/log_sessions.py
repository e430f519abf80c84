"""/apps/{app}/log-sessions: a URL at which somebody may read an app's log, now and as it grows.

The URL is a secret of its own: who has it needs no key (Heroku's clients send none). It is read as
server-sent events, as Heroku's CLI does, or as plain lines. What was said before comes out of the
stream's history; the lines are counted first and filtered afterwards, as logplex does.
"""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aiohttp import HttpVersion11, web

from localku.api import errors, serialize, wishes
from localku.api.apps import of_request
from localku.api.exchange import read_object, reply
from localku.api.host import HOST, apps
from localku.api.tails import Pulse, Tail
from localku.logs.entry import Entry
from localku.logs.events import FAST_END, Events, read_id
from localku.logs.filters import log_filter
from localku.logs.format import KINDS, Formatter
from localku.logs.history import EXPIRY
from localku.logs.stream import HISTORY_LINES
from localku.platform.app import App

DEFAULT_LINES = 100
UNUSED = 360.0  # seconds that a URL is good for (logplex, session_expiry_s)
MAX_SESSIONS = 1000
PIECE = 64  # entries written at once


@dataclass(slots=True)
class LogSession:
    """What one URL shows. used: loop time of the last request. tails: of those who read it now."""

    app: App
    lines: int
    tail: bool
    source: str
    dyno: str
    process_type: str
    used: float
    tails: set[Tail] = field(default_factory=set)

    @property
    def words(self) -> tuple[str, str, str]:
        """What it filters by."""
        return self.source, self.dyno, self.process_type

    def filter(self) -> Callable[[Entry], bool] | None:
        """Which entries it shows."""
        return log_filter(*self.words)


class Sessions:
    """All sessions by the secret in their URL."""

    def __init__(self) -> None:
        self.by_token: dict[str, LogSession] = {}
        self.pulse = Pulse()

    def add(self, session: LogSession) -> str:
        """Keep it; returns its secret. Those that nobody has used for long are forgotten."""
        for token, each in list(self.by_token.items()):
            is_old = session.used - each.used > UNUSED or len(self.by_token) >= MAX_SESSIONS
            if is_old and not each.tails:
                del self.by_token[token]
        token = secrets.token_urlsafe(32)
        self.by_token[token] = session
        return token

    def find(self, token: str, now: float) -> LogSession:
        """The session of that secret. Raises ApiError."""
        session = self.by_token.get(token)
        if session is None or (now - session.used > UNUSED and not session.tails):
            raise errors.not_found("log session", "log_session")
        session.used = now
        return session


SESSIONS = web.AppKey("log_sessions", Sessions)


async def create(request: web.Request) -> web.Response:
    """POST /apps/{app}/log-sessions `{"lines": 100, "tail": false, "dyno": "web", "source": "app"}`

    dyno: a dyno, or a process type. All of them may be left out.
    """
    app = of_request(request)
    body = await read_object(request)
    tail = wishes.flag(body["tail"], "tail") if body.get("tail") is not None else False
    session = LogSession(
        app,
        _lines(body.get("lines")),
        tail,
        _word(body, "source"),
        _word(body, "dyno"),
        _word(body, "type"),
        asyncio.get_running_loop().time(),
    )
    token = request.app[SESSIONS].add(session)
    now = serialize.timestamp(time.time())
    port = request.app[HOST].api_port
    place = f"http://127.0.0.1:{port}" if port else "http://localhost"
    answer = {
        "created_at": now,
        "id": str(uuid.uuid4()),
        "logplex_url": f"{place}/localku/log-sessions/{token}",
        "updated_at": now,
    }
    return reply(answer, 201)


def _lines(wish: object) -> int:
    if wish is None:
        return DEFAULT_LINES
    if isinstance(wish, str) and wish.isascii() and wish.isdecimal() and len(wish) < 9:
        wish = int(wish)
    if not isinstance(wish, int) or isinstance(wish, bool) or wish < 0:
        raise errors.invalid("Invalid lines: it has to be a whole number.")
    return min(wish, HISTORY_LINES)


def _word(body: dict[str, object], name: str) -> str:
    wish = body.get(name)
    if wish is None:
        return ""
    if not isinstance(wish, str) or len(wish) > 256:
        raise errors.invalid(f"Invalid {name}: it has to be a name.")
    return wish


async def read(request: web.Request) -> web.StreamResponse:
    """GET /localku/log-sessions/{token}: events for `Accept: text/event-stream`, else plain lines
    in Heroku's form, or another one with `?format=json`."""
    now = asyncio.get_running_loop().time()
    session = request.app[SESSIONS].find(request.match_info["token"], now)
    events = "text/event-stream" in request.headers.get("Accept", "")
    kind = request.query.get("format", KINDS[0])
    if kind not in KINDS:
        raise errors.invalid(f"Format must be one of {', '.join(KINDS)}.")
    shape = _events(request, session) if events else Formatter(kind)
    response = web.StreamResponse(headers={"Cache-Control": "no-cache"})
    response.content_type = "text/event-stream" if events else "text/plain"
    response.charset = "utf-8"
    response.force_close()
    if request.version >= HttpVersion11:
        response.enable_chunked_encoding()
    accepts = session.filter()
    what = (session.app.id, "events" if events else kind, *session.words)
    # the short form grows a column by what each client has seen: nothing of it can be shared
    tail = Tail(request.app[SESSIONS].pulse, object() if kind == "short" else what, shape, accepts)
    stream = session.app.stream
    if session.tail:
        stream.subscribe(tail.reader)
        session.tails.add(tail)
    try:
        known = _known(session, shape)  # in the same turn: no gap, nothing twice
        await response.prepare(request)
        if events and not session.tail:
            await response.write(FAST_END)
        await _send(response, shape, known)
        if session.tail:
            await _follow(request, response, session, tail)
        await response.write(shape.finish())
        await response.write_eof()
    except ConnectionError:
        pass  # the client went away
    finally:
        stream.unsubscribe(tail.reader)
        session.tails.discard(tail)
    return response


def _events(request: web.Request, session: LogSession) -> Events:
    shape = Events(read_id(request.headers.get("Last-Event-ID", "")))
    # an id of a history that is gone says nothing of this one
    return shape if shape.first <= session.app.stream.published else Events()


def _known(session: LogSession, shape: Events | Formatter) -> list[Entry]:
    """What was said before, as far as it is asked for."""
    first = shape.first if isinstance(shape, Events) else 0
    history = session.app.stream.history(HISTORY_LINES if first else session.lines)
    accepts = session.filter()
    since = time.time() - EXPIRY
    return [
        entry
        for entry in history
        if entry.number >= first and entry.time >= since and (accepts is None or accepts(entry))
    ]


async def _send(
    response: web.StreamResponse, shape: Events | Formatter, entries: list[Entry]
) -> None:
    for start in range(0, len(entries), PIECE):
        data = b"".join(shape.feed(entry) for entry in entries[start : start + PIECE])
        if data:
            await response.write(data)


async def _follow(
    request: web.Request,
    response: web.StreamResponse,
    session: LogSession,
    tail: Tail,
) -> None:
    await response.write(b"")  # the head, even if there is no line yet
    while not tail.ended:
        await tail.wait(request.transport, response.chunked)
        for data in tail.pieces():
            if data:
                await response.write(data)
        if not _is_there(request, session.app, apps(request)):
            return


def _is_there(request: web.Request, app: App, hosted: Iterable[App]) -> bool:
    """Whether there is still a client, and an app to hear of."""
    transport = request.transport
    return transport is not None and not transport.is_closing() and app in hosted


async def end_all(application: web.Application) -> None:
    """The platform ends: every reader gets what it has not had, and then the end."""
    for session in application[SESSIONS].by_token.values():
        for tail in session.tails:
            tail.end()


ROUTES = [
    web.post("/apps/{app}/log-sessions", create),
    web.get("/localku/log-sessions/{token}", read, name="open.log-session"),
]
