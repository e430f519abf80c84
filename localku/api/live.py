"""/localku/apps/{app}/live and /metrics: the feed of one app, as it goes on and as it went.

Whoever looks on has a bounded queue of his own: one who is slow misses points and lines, and delays
nobody; one who has gone costs nothing. Dynos are measured only while somebody looks on.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable

from aiohttp import web

from localku.api import errors, feed
from localku.api.apps import of_request
from localku.api.host import HOST, apps
from localku.logs.filters import log_filter
from localku.logs.stream import HISTORY_LINES
from localku.metrics import shapes
from localku.metrics.metrics import Json, Watcher
from localku.metrics.slices import Slice
from localku.platform.app import App
from localku.platform.telemetry import CHANGED, LOOKED

PAST = 7200.0  # seconds that are told when nobody says since when
RESOLUTION_MAX = 86_400
DEFAULT_LINES = 200
TURN = 0.002  # seconds of working out before others get their turn
ROUND = 0.1  # seconds between two writes to one client
KEPT = 300  # points and marks that wait for one client
WORD_MAX = 256


class View:
    """One client that looks on. ended: the platform ends."""

    def __init__(self, app: App, lines: feed.Lines, ready: asyncio.Event) -> None:
        self.app = app
        self.lines = lines
        self.ready = ready
        self.watcher = Watcher(self._told)
        self.events: deque[tuple[str, Json]] = deque(maxlen=KEPT)
        self.ended = False
        self.is_due = True  # hello and dynos may be others than those last told
        self.looked = False
        self._hello: Json = {}
        self._dynos: list[Json] = []

    def _told(self, event: str, value: Json) -> None:
        if event == CHANGED:
            self.is_due = True
        elif event == LOOKED:
            self.looked = True
        else:
            self.events.append((event, value))
        self.ready.set()

    def end(self) -> None:
        """Let the client go."""
        self.ended = True
        self.ready.set()

    def take(self, request: web.Request) -> bytes:
        """All that there is to tell now."""
        parts = self._present(request) if self.is_due or self.looked else []
        while self.events:
            parts.append(feed.event(*self.events.popleft()))
        lines = self.lines.take()
        if lines is not None:
            parts.append(feed.event("lines", lines))
        return b"".join(parts)

    def _present(self, request: web.Request) -> list[bytes]:
        host = request.app[HOST]
        parts = []
        hello = feed.hello(host, self.app)
        if hello != self._hello:
            self._hello = hello
            parts.append(feed.event("hello", feed.stamped(hello)))
        dynos = [feed.dyno(each) for each in host.telemetry.dynos(self.app)]
        if self.looked or dynos != self._dynos:
            self._dynos = dynos
            parts.append(feed.event("dynos", {"dynos": dynos}))
        self.is_due = self.looked = False
        return parts


VIEWS = web.AppKey("views", set[View])


async def live(request: web.Request) -> web.StreamResponse:
    """GET /localku/apps/{app}/live?lines=200&source=&dyno=&type= : server-sent events"""
    app = of_request(request)
    most = _number(request, "lines", DEFAULT_LINES, HISTORY_LINES)
    words = (_word(request, name) for name in ("source", "dyno", "type"))
    ready = asyncio.Event()
    lines = feed.Lines(log_filter(*words), ready.set)
    view = View(app, lines, ready)
    response = web.StreamResponse(headers={"Cache-Control": "no-store"})
    response.content_type = "text/event-stream"
    response.charset = "utf-8"
    response.force_close()
    request.app[VIEWS].add(view)
    for entry in app.stream.history():
        lines.offer(entry)
    known = lines.take(most)
    app.stream.subscribe(lines)  # in the same turn: no gap, nothing twice
    request.app[HOST].telemetry.watch(app, view.watcher)
    try:
        await response.prepare(request)
        await response.write(view.take(request))
        if known is not None and known["lines"]:
            await response.write(feed.event("lines", {**known, "dropped": 0}))
        while not view.ended and app in apps(request):
            await view.ready.wait()
            view.ready.clear()
            await response.write(view.take(request))
            await asyncio.sleep(ROUND)
        await response.write_eof()
    except ConnectionError:
        pass  # the client went away
    finally:
        app.stream.unsubscribe(lines)
        app.metrics.unwatch(view.watcher)
        request.app[VIEWS].discard(view)
    return response


async def past(request: web.Request) -> web.Response:
    """GET /localku/apps/{app}/metrics?since=EPOCH&resolution=1&histograms=0

    resolution=0: all in one point. histograms=1: with all times of the router's lines."""
    app = of_request(request)
    resolution = _number(request, "resolution", 1, RESOLUTION_MAX)
    histograms = bool(_number(request, "histograms", 0, 1))
    now = time.time()
    since = _moment(request, now - PAST)
    points = []
    turn = time.monotonic()
    for piece in _pieces(app, since, resolution):
        points.append(feed.encode(shapes.point(piece, histograms)))
        if time.monotonic() - turn > TURN:
            await asyncio.sleep(0)
            turn = time.monotonic()
    marks = [shapes.mark(each) for each in app.metrics.marks if each.t >= since]
    body = b'{"app":%b,"now":%.3f,"points":[%b],"marks":%b}\n' % (
        feed.encode(app.name),
        now,
        b",".join(points),
        feed.encode(marks),
    )
    return web.Response(body=body, content_type="application/json", charset="utf-8")


def _pieces(app: App, since: float, resolution: int) -> Iterable[Slice]:
    if resolution:
        return app.metrics.series.since(since, resolution)
    merged = app.metrics.series.merged(since)
    return () if merged is None else (merged,)


def _moment(request: web.Request, otherwise: float) -> float:
    text = request.query.get("since", "")
    try:
        moment = float(text) if text else otherwise
    except ValueError:
        moment = float("nan")
    if not abs(moment) < 1e15:
        raise errors.invalid("Invalid since: it has to be seconds since the epoch.")
    return moment


def _number(request: web.Request, name: str, otherwise: int, most: int) -> int:
    text = request.query.get(name, "")
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) < 9):
        raise errors.invalid(f"Invalid {name}: it has to be a whole number.")
    return min(int(text), most)


def _word(request: web.Request, name: str) -> str:
    word = request.query.get(name, "")
    if len(word) > WORD_MAX:
        raise errors.invalid(f"Invalid {name}: it has to be a name.")
    return word


async def end_all(application: web.Application) -> None:
    """The platform ends: every client gets what it has not had, and then the end."""
    for view in application[VIEWS]:
        view.end()


ROUTES = [
    web.get("/localku/apps/{app}/live", live),
    web.get("/localku/apps/{app}/metrics", past),
]
