"""/localku/apps/{app}/dynos/{dyno}/attach: a terminal joins a dyno's pty, over a WebSocket.

Binary messages are the terminal's bytes, both ways; a text message from the client is JSON,
{"resize": [rows, columns]}. The server closes with 4000 and a reason when the dyno's run has
ended, with 4001 when the terminal or the dyno reads nothing for half a minute. ?recent=1 begins
with what the dyno said last. Nothing is restarted, and the log goes on.
"""

from __future__ import annotations

import asyncio
import json

from aiohttp import WSMsgType, web

from localku.api import errors, lookup
from localku.api.apps import of_request
from localku.api.recent import recent
from localku.api.terminal import Outbox, Size, Sizes
from localku.dynos.inlet import Inlet
from localku.dynos.runner import Run, Runner
from localku.platform.app import App

ENDED, TOO_SLOW = 4000, 4001  # RFC 6455 section 7.4.2: 4000-4999 are for private use
MAX_MESSAGE = 64 << 10  # bytes
PATIENCE = 30.0  # seconds without a byte read, by the dyno or by the terminal; scaled
GOODBYE = 1.0  # seconds that a terminal gets to take its goodbye when the platform ends
FATE = 1.0  # seconds that a run gets to be gone, so that the reason can say what became of it
MAX_SIDE = 10_000  # rows or columns

SIZES = web.AppKey("sizes", Sizes)
OPEN: web.AppKey[set[Session]] = web.AppKey("open", set)


async def attach(request: web.Request) -> web.StreamResponse:
    """GET /localku/apps/{app}/dynos/{dyno}/attach"""
    app = of_request(request)
    runner = lookup.dyno(app, request.match_info["dyno"])
    run = _terminal_of(runner)
    if not web.WebSocketResponse().can_prepare(request).ok:
        raise errors.ApiError(426, "upgrade_required", "This endpoint speaks WebSocket.")
    socket = web.WebSocketResponse(max_msg_size=MAX_MESSAGE, compress=False, timeout=GOODBYE)
    await socket.prepare(request)
    if run.pump is None or run.pump.ended:  # it went meanwhile
        await socket.close(code=ENDED, message=f"{runner.spec.name} has ended".encode())
        return socket
    session = Session(app, runner, run, socket, request)
    request.app[OPEN].add(session)
    try:
        await session.serve(show_recent=request.query.get("recent") == "1")
    finally:
        request.app[OPEN].discard(session)
        session.finished.set_result(None)
    return socket


def _terminal_of(runner: Runner) -> Run:
    """The run of a dyno that has a terminal now. Raises ApiError."""
    name, run = runner.spec.name, runner.current
    if run is None or run.pump is None or run.pump.ended:
        raise errors.conflict(f"{name} is {runner.state}: there is no process to attach to.")
    if not run.terminal.path:
        raise errors.conflict(f"{name} has no terminal: start the app with localku start --pty.")
    return run


class Session:
    """One terminal at one run of a dyno."""

    def __init__(
        self,
        app: App,
        runner: Runner,
        run: Run,
        socket: web.WebSocketResponse,
        request: web.Request,
    ) -> None:
        self.app = app
        self.runner = runner
        self.run = run
        self.socket = socket
        self.transport = request.transport
        self.sizes = request.app[SIZES]
        self.outbox = Outbox()
        self.inlet = Inlet(run.terminal.output, lambda: self.outbox.put(b""))
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._goodbye: tuple[int, str] | None = None
        self._patience = PATIENCE * app.time_scale

    async def serve(self, *, show_recent: bool) -> None:
        """Carry bytes both ways until one side has enough."""
        assert self.run.pump is not None
        if show_recent:
            said = recent(self.app.stream.history(), self.runner.spec.name)
            if said:
                self.outbox.put(said)
        untap = self.run.pump.tap(self.outbox.put)
        sending = asyncio.ensure_future(self._send())
        try:
            await self._receive()
        finally:
            untap()
            self.inlet.close()
            self.sizes.forget(self.run, self, self._default_size())
            if self._goodbye is None:
                sending.cancel()  # the terminal left by itself
            await asyncio.wait([sending])
            if not sending.cancelled():
                sending.result()

    def dismiss(self, code: int, reason: str) -> None:
        """Let the terminal go, with these words."""
        if self._goodbye is None:
            self._goodbye = (code, reason)
            self.outbox.put(b"")

    def hang_up(self) -> None:
        """Cut the connection, if it is still there: the terminal does not even take its goodbye."""
        if self.transport is not None and not self.finished.done():
            self.transport.abort()

    # -- from the dyno -------------------------------------------------------------------------

    async def _send(self) -> None:
        while data := await self.outbox.get():
            try:
                await asyncio.wait_for(self.socket.send_bytes(data), self._patience)
            except asyncio.TimeoutError:
                self._goodbye = TOO_SLOW, "this terminal did not read"
                break
            except ConnectionError:
                return  # the receiver sees it too, and ends the session
        code, reason = self._goodbye or (ENDED, await self._fate())
        try:
            closing = self.socket.close(code=code, message=reason.encode())
            await asyncio.wait_for(closing, GOODBYE)
        except asyncio.TimeoutError:
            if self.transport is not None:
                self.transport.close()  # when it reads again it still gets what is on the way

    async def _fate(self) -> str:
        """What became of the run: known as soon as it is gone, just after its terminal closed."""
        name = self.runner.spec.name
        deadline = self._now() + FATE
        while self.runner.current is self.run and self.run.pump is not None:
            if self._now() > deadline:
                return f"{name} has closed its terminal"
            await asyncio.sleep(0.02)
        if self.runner.leaving:
            return f"{name} was stopped"
        return f"{name} crashed" if self.runner.state == "crashed" else f"{name} is restarting"

    # -- from the terminal ---------------------------------------------------------------------

    async def _receive(self) -> None:
        async for message in self.socket:
            if message.type is WSMsgType.BINARY:
                self.inlet.write(message.data)
                if self.inlet.full and not await self._got_room():
                    self.dismiss(TOO_SLOW, f"{self.runner.spec.name} does not read its input")
                    return
            elif message.type is WSMsgType.TEXT:
                self._control(message.data)

    async def _got_room(self) -> bool:
        """Wait until the dyno has read; the terminal's next bytes wait in its own pipe."""
        try:
            await asyncio.wait_for(self.inlet.room(), self._patience)
        except asyncio.TimeoutError:
            return False
        return True

    def _control(self, text: str) -> None:
        size = read_size(text)
        if size is None:
            self.dismiss(1007, 'a text message has to be {"resize": [rows, columns]}')
        elif not self.outbox.ended:
            self.sizes.set(self.run, self, size)

    def _default_size(self) -> Size:
        supervisor = self.app.supervisor
        return supervisor.size if supervisor is not None else (24, 80)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def read_size(text: str) -> Size | None:
    """Rows and columns from `{"resize": [rows, columns]}`; None for anything else."""
    try:
        rows, columns = json.loads(text)["resize"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not all(isinstance(n, int) and 0 < n <= MAX_SIDE for n in (rows, columns)):
        return None
    return rows, columns


async def dismiss_all(application: web.Application) -> None:
    """The platform ends: every attached terminal is told, and one that does not hear is cut off."""
    sessions = application[OPEN]
    sessions = sessions.copy()
    if not sessions:
        return
    for session in sessions:
        session.dismiss(1001, "localku is stopping")
    await asyncio.wait({session.finished for session in sessions}, timeout=GOODBYE)
    for session in sessions:
        session.hang_up()


ROUTES = [web.get("/localku/apps/{app}/dynos/{dyno}/attach", attach)]
