"""`localku attach web.1`: this terminal joins the dyno's, for pdb, byebug and the like.

Ctrl-] leaves; nothing is restarted, and the dyno's output goes on to the log as well. With a pipe
in place of a terminal its bytes are typed, and at its end, when the dyno has become silent, we go.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from localku.cli import terminal
from localku.cli.client import USAGE, Client, Options, connect, say
from localku.errors import UserError

if TYPE_CHECKING:
    from aiohttp import ClientSession, ClientWebSocketResponse

LEAVE = b"\x1d"  # Ctrl-], as in telnet(1)
SETTLED = 0.5  # seconds of silence after the last input from a pipe
LEAVING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def main(name: str, argv: list[str]) -> int:
    """Attach until the user leaves (0), the dyno's run ends (1) or a signal comes (128 + it)."""
    parser = Options("attach")
    parser.add_argument("dyno", nargs="?", default="")
    options = parser.read(argv)
    if not options.dyno:
        raise UserError("attach to which dyno?", hint="write localku attach web.1", status=USAGE)
    dyno = options.dyno if "." in options.dyno else f"{options.dyno}.1"
    client = connect(options)
    keys = os.isatty(terminal.STDIN)
    ending = asyncio.run(Attachment(client, dyno, keys=keys).run())
    if ending.reason or keys:
        say(f"\nDetached: {ending.reason or f'{dyno} runs on'}.")
    return ending.status


class Ending:
    """How it ended. status: the command's. reason: what the user does not know yet, or ""."""

    def __init__(self, status: int, reason: str = "") -> None:
        self.status = status
        self.reason = reason


class Attachment:
    """One WebSocket between this terminal and the dyno's. keys: stdin is a terminal."""

    def __init__(self, client: Client, dyno: str, *, keys: bool) -> None:
        self.client = client
        self.dyno = dyno
        self.path = "/localku" + client.at("dynos", dyno, "attach")
        self.keys = keys
        self.heard = 0.0  # loop time of the last output or input

    async def run(self) -> Ending:
        """Carry bytes both ways until something ends it. Raises UserError."""
        import aiohttp  # takes longer than all the rest

        connector = aiohttp.UnixConnector(path=self.client.path)
        async with aiohttp.ClientSession(connector=connector) as session:
            socket = await self._join(session)
            try:
                return await self._carry(socket)
            finally:
                await socket.close()

    async def _join(self, session: ClientSession) -> ClientWebSocketResponse[bool]:
        import aiohttp

        recent = "1" if self.keys else "0"
        try:
            return await session.ws_connect(
                f"http://localhost{self.path}?recent={recent}", max_msg_size=0, autoclose=True
            )
        except aiohttp.WSServerHandshakeError:
            self.client.get(self.path)  # asked plainly, it says why
            raise UserError("the platform would not attach us", hint="try again") from None
        except aiohttp.ClientError as error:
            raise UserError(f"the platform went away: {error}") from None

    async def _carry(self, socket: ClientWebSocketResponse[bool]) -> Ending:
        loop = asyncio.get_running_loop()
        self.heard = loop.time()
        stopped: asyncio.Future[Ending] = loop.create_future()
        resized = asyncio.Event()
        self._listen_to_signals(stopped, resized)
        with self._own_keys():
            return await self._race(socket, stopped, resized)

    @contextmanager
    def _own_keys(self) -> Iterator[None]:
        if not self.keys:
            yield
            return
        say(f"Attached to {self.dyno}: Ctrl-] leaves, and {self.dyno} runs on.")
        with terminal.raw():
            yield

    async def _race(
        self,
        socket: ClientWebSocketResponse[bool],
        stopped: asyncio.Future[Ending],
        resized: asyncio.Event,
    ) -> Ending:
        """The first ending. Until then bytes and sizes are carried."""
        loop = asyncio.get_running_loop()
        tasks = [
            loop.create_task(self._output(socket)),
            loop.create_task(self._input(socket)),
            loop.create_task(self._sizes(socket, resized)),
        ]
        try:
            done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
            # the dyno's end says more than our own
            return next(each for each in [stopped, *tasks] if each in done).result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _listen_to_signals(self, stopped: asyncio.Future[Ending], resized: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()

        def stop(number: int) -> None:
            if not stopped.done():
                stopped.set_result(Ending(128 + number))

        for number in LEAVING_SIGNALS:
            loop.add_signal_handler(number, stop, number)
        if self.keys:
            resized.set()  # the size is told at the beginning, too
            loop.add_signal_handler(signal.SIGWINCH, resized.set)

    async def _output(self, socket: ClientWebSocketResponse[bool]) -> Ending:
        import aiohttp

        loop = asyncio.get_running_loop()
        while True:
            message = await socket.receive()
            if message.type is aiohttp.WSMsgType.BINARY:
                try:
                    terminal.write(message.data)
                except OSError:
                    return Ending(128 + signal.SIGPIPE)  # nobody reads us any more
                self.heard = loop.time()
            elif message.type is aiohttp.WSMsgType.CLOSE:
                return Ending(1, str(message.extra or "the platform closed the connection"))
            elif message.type is not aiohttp.WSMsgType.TEXT:
                return Ending(1, "the platform went away")

    async def _input(self, socket: ClientWebSocketResponse[bool]) -> Ending:
        while data := await terminal.read():
            typed, leave, _ = data.partition(LEAVE) if self.keys else (data, b"", b"")
            if typed:
                await self._send(socket, typed)
            if leave:
                return Ending(0)
        if not self.keys:
            await self._settled()
        return Ending(0)

    async def _send(self, socket: ClientWebSocketResponse[bool], data: bytes) -> None:
        try:
            await socket.send_bytes(data)
        except ConnectionError:
            await asyncio.Event().wait()  # _output knows why, and ends it
        self.heard = asyncio.get_running_loop().time()

    async def _settled(self) -> None:
        """Return when nothing was heard for a while."""
        loop = asyncio.get_running_loop()
        self.heard = loop.time()
        while (wait := self.heard + SETTLED - loop.time()) > 0:
            await asyncio.sleep(wait)

    async def _sizes(self, socket: ClientWebSocketResponse[bool], resized: asyncio.Event) -> Ending:
        while True:
            await resized.wait()
            resized.clear()
            size = terminal.size()
            if size is not None:
                try:
                    await socket.send_str(json.dumps({"resize": size}))
                except ConnectionError:
                    await asyncio.Event().wait()
