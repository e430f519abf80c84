"""One-off dynos: /apps/{app}/dynos starts one, and its client joins it here or by rendezvous.

`/localku/apps/{app}/dynos/{dyno}/run?rows=24&columns=80` is a WebSocket. From the server: binary
messages, whose first byte is the stream (1 or 2, stderr only without a pty) and whose rest is
output, and at the end a text, {"status": 3, "why": ""}. From the client: binary messages are
input; a text is {"resize": [rows, columns]}, {"signal": "INT"} or {"eof": true}. A connection that
closes is a terminal that closes: SIGHUP.
"""

from __future__ import annotations

import asyncio
import json

from aiohttp import WSMsgType, web

from localku.api import errors, lookup, run_wishes, serialize
from localku.api.apps import of_request
from localku.api.attach import GOODBYE, MAX_MESSAGE, read_size
from localku.api.exchange import read_object, reply
from localku.api.hangup import has_hung_up
from localku.api.host import HOST
from localku.api.rendezvous import LOOK, Meetings
from localku.dynos.line import Line
from localku.dynos.oneoff import OneOff
from localku.dynos.runner import Runner
from localku.errors import UserError
from localku.platform import oneoffs
from localku.platform.app import App

HIGH, LOW = 256 << 10, 64 << 10  # bytes that wait for the client: the command waits, goes on

MEETINGS = web.AppKey("meetings", Meetings)
VISITS: web.AppKey[set[Visit]] = web.AppKey("visits", set)


async def create(request: web.Request) -> web.Response:
    """POST /apps/{app}/dynos"""
    app = of_request(request)
    return _start(request, app, await read_object(request))


async def create_inside(request: web.Request) -> web.Response:
    """POST /apps/{app}/dynos/{dyno}: a command in a dyno's own environment

    Heroku's CLI (run:inside) does not say that it attaches, and does.
    """
    app = of_request(request)
    runner = lookup.dyno(app, request.match_info["dyno"])
    return _start(request, app, {"attach": True, **await read_object(request)}, runner)


def _start(
    request: web.Request, app: App, body: dict[str, object], inside: Runner | None = None
) -> web.Response:
    wish = run_wishes.read(body)
    try:
        one = oneoffs.start(app, wish, inside=inside)
    except UserError as error:
        raise errors.invalid(str(error)) from None
    port = request.app[HOST].api_port
    url = None
    if wish.attached and port:
        secret = request.app[MEETINGS].arrange(one)
        url = f"rendezvous://localhost:{port}/{secret}"
    return reply(serialize.oneoff(app, one, url), 201)


async def run(request: web.Request) -> web.StreamResponse:
    """GET /localku/apps/{app}/dynos/{dyno}/run: be its client"""
    app = of_request(request)
    one = lookup.oneoff(app, request.match_info["dyno"])
    if one is None:
        raise errors.not_found("one-off dyno", "dyno", request.match_info["dyno"])
    if not web.WebSocketResponse().can_prepare(request).ok:
        raise errors.ApiError(426, "upgrade_required", "This endpoint speaks WebSocket.")
    if not one.awaits:
        raise errors.conflict(f"{one.name} awaits no client.")
    socket = web.WebSocketResponse(max_msg_size=MAX_MESSAGE, compress=False, timeout=GOODBYE)
    await socket.prepare(request)
    if not one.awaits:  # somebody else came, or R13
        await socket.close(code=4000, message=f"{one.name} awaits no client".encode())
        return socket
    visit = Visit(one, socket, request.transport)
    request.app[VISITS].add(visit)
    try:
        await visit.serve(run_wishes.window(dict(request.query)))
    finally:
        request.app[VISITS].discard(visit)
        visit.finished.set()
    return socket


class Visit:
    """One client at its dyno (dynos.line.Client)."""

    apart = True

    def __init__(
        self, one: OneOff, socket: web.WebSocketResponse, transport: asyncio.Transport | None
    ) -> None:
        self.one = one
        self.socket = socket
        self.transport = transport
        self.finished = asyncio.Event()
        self._line: Line | None = None
        self._chunks: list[bytes] = []
        self._size = 0
        self._end: dict[str, object] | None = None
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def serve(self, window: tuple[int, int] | None) -> None:
        """Carry bytes both ways until the command or the client has gone."""
        self._line = self.one.join(self, window)
        sending = asyncio.ensure_future(self._send())
        try:
            await self._receive()
        finally:
            if self._end is None:
                self.one.client_left()
                sending.cancel()
            await asyncio.wait([sending])

    # -- from the dyno -------------------------------------------------------------------------

    def output(self, data: bytes, stream: int) -> None:
        """The command said this."""
        self._chunks.append(bytes((stream,)) + data)
        self._size += len(data)
        if self._size > HIGH and self._line is not None:
            self._line.pause()
        self._news.set()

    def room(self) -> None:
        """The command has read."""
        self._room.set()

    def ended(self, status: int, why: str) -> None:
        """The command is gone."""
        self._end = {"status": status, "why": why}
        self._line = None
        self._news.set()
        self._room.set()

    async def _send(self) -> None:
        try:
            while self._chunks or self._end is None:
                if not self._chunks:
                    self._news.clear()
                    await self._news.wait()
                    continue
                data = self._chunks.pop(0)
                await self.socket.send_bytes(data)
                self._size -= len(data) - 1
                if self._size < LOW and self._line is not None:
                    self._line.resume()
            await self.socket.send_str(json.dumps(self._end))
            await asyncio.wait_for(self.socket.close(), GOODBYE)
        except (ConnectionError, asyncio.TimeoutError):
            self.hang_up()  # the receiver sees it, and ends the visit

    def hang_up(self) -> None:
        """Cut the connection, if it is still there."""
        if self.transport is not None:
            self.transport.abort()

    # -- from the client -----------------------------------------------------------------------

    async def _receive(self) -> None:
        async for message in self.socket:
            line = self._line
            if line is None:
                continue  # the command is gone: what still comes is dropped
            if message.type is WSMsgType.BINARY:
                line.write(message.data)
                while line.full and self._line is not None:
                    if not await self._got_room():
                        return
            elif message.type is WSMsgType.TEXT:
                self._control(line, message.data)

    async def _got_room(self) -> bool:
        """Wait until the command may have read; False when the client has gone meanwhile."""
        self._room.clear()
        try:
            await asyncio.wait_for(self._room.wait(), LOOK)
        except asyncio.TimeoutError:
            transport = self.transport
            if transport is None or transport.is_closing():
                return False
            return not has_hung_up(transport.get_extra_info("socket").fileno())
        return True

    def _control(self, line: Line, text: str) -> None:
        size = read_size(text)
        if size is not None:
            line.resize(*size)
            return
        try:
            wish = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(wish, dict):
            return
        if wish.get("eof") is True:
            line.end_input()
        elif isinstance(wish.get("signal"), str):
            self.one.interrupt(wish["signal"])


async def dismiss_all(application: web.Application) -> None:
    """The platform ends, and the commands with it: their clients get a moment to hear how."""
    visits = application[VISITS].copy()
    if not visits:
        return
    waiting = [asyncio.ensure_future(visit.finished.wait()) for visit in visits]
    _, late = await asyncio.wait(waiting, timeout=GOODBYE)
    for each in late:
        each.cancel()
    for visit in visits:
        if not visit.finished.is_set():
            visit.hang_up()


ROUTES = [
    web.post("/apps/{app}/dynos", create),
    web.post("/apps/{app}/dynos/{dyno}", create_inside),
    web.get("/localku/apps/{app}/dynos/{dyno}/run", run),
]
