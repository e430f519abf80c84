"""A WebSocket client of the attach endpoint, and the app that it attaches to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from api_kit import socket_of
from conftest import Folder, Running

PATIENCE = 15.0  # seconds


class Terminal:
    """One attached terminal: what it has seen, and how it ended."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        self.socket = socket
        self.seen = bytearray()

    async def type(self, text: bytes) -> None:
        await self.socket.send_bytes(text)

    async def see(self, wanted: bytes) -> None:
        """Read until `wanted` was shown."""
        while wanted not in self.seen:
            message = await asyncio.wait_for(self.socket.receive(), PATIENCE)
            assert message.type is aiohttp.WSMsgType.BINARY, (message, self.seen)
            self.seen += message.data

    async def end(self) -> tuple[int, str]:
        """Read to the end: code and reason of the close."""
        while True:
            message = await asyncio.wait_for(self.socket.receive(), PATIENCE)
            if message.type is aiohttp.WSMsgType.CLOSE:
                return message.data, str(message.extra)
            assert message.type is aiohttp.WSMsgType.BINARY, message
            self.seen += message.data


@asynccontextmanager
async def attached(root: Path, dyno: str, query: str = "") -> AsyncIterator[Terminal]:
    connector = aiohttp.UnixConnector(path=socket_of(root))
    path = f"http://localhost/localku/apps/shop/dynos/{dyno}/attach{query}"
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.ws_connect(path) as ws,
    ):
        yield Terminal(ws)


def start(folder: Folder, procfile: str, *flags: str) -> Running:
    folder.write("Procfile", procfile)
    running = folder.start("--pty", *flags)
    _ = running.port
    for line in procfile.splitlines():
        running.wait_for(rf"heroku\[{line.split(':')[0]}\.1\]: State changed from starting to up")
    return running


def go(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(test(), 2 * PATIENCE)

    asyncio.run(bounded())
