"""A connection to a drain's receiver, over TCP or TLS. What both kinds of senders share.

The law: nothing here waits without a deadline of its caller, nothing that a receiver sends is
kept, and its resolver's threads need not be waited for.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

from localku.logs.drain_errors import DrainError
from localku.logs.drain_url import Target
from localku.logs.resolve import addresses

PARTING = 0.3  # seconds for the last bytes of a connection


class Line(asyncio.Protocol):
    """The connection. lost: it cannot be used any more. gone: done when it is closed.

    on_data: told of what the receiver says. on_lost: told when it cannot be used any more.
    """

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.lost = False
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_data: Callable[[bytes], None] = lambda data: None
        self.on_lost: Callable[[], None] = lambda: None
        self._room = asyncio.Event()
        self._room.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Room is there when nothing is kept back here."""
        assert isinstance(transport, asyncio.Transport)
        # not 0: asyncio's TLS would take an empty buffer for a full one
        transport.set_write_buffer_limits(1, 0)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """The receiver says something."""
        self.on_data(data)

    def eof_received(self) -> bool:
        """It reads no more, though it could: what is written now would be lost."""
        self.lose()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone."""
        self.lose()
        if not self.gone.done():
            self.gone.set_result(None)

    def pause_writing(self) -> None:
        """The kernel does not have all of it."""
        self._room.clear()

    def resume_writing(self) -> None:
        """Now it has."""
        self._room.set()

    def lose(self) -> None:
        """It is not to be used any more."""
        self.lost = True
        self._room.set()
        self.on_lost()

    async def write(self, data: bytes, patience: float) -> None:
        """Return when the kernel has data. Raises ConnectionError, asyncio.TimeoutError."""
        self.transport.write(data)
        if not self._room.is_set():  # mostly it is: no task is made for nothing
            await asyncio.wait_for(self._room.wait(), patience)
        if self.lost:
            raise ConnectionResetError

    def abort(self) -> None:
        """End it at once."""
        self.lose()
        self.transport.abort()

    async def part(self) -> None:
        """End it in order: over TLS, with its closing words."""
        self.transport.close()
        await asyncio.wait((self.gone,), timeout=PARTING)
        self.transport.abort()


class Dialer:
    """Connects to target. patience: seconds. context: makes the TLS context, in a thread."""

    def __init__(
        self, target: Target, patience: float, context: Callable[[], ssl.SSLContext]
    ) -> None:
        self._target = target
        self._patience = patience
        self._make_context = context
        self._context: ssl.SSLContext | None = None

    async def dial(self) -> Line:
        """A new connection. Raises DrainError, OSError, ssl.SSLError, asyncio.TimeoutError."""
        if self._target.is_tls and self._context is None:
            loop = asyncio.get_running_loop()
            self._context = await loop.run_in_executor(None, self._make_context)
        return await asyncio.wait_for(self._try_all(), self._patience)

    async def _try_all(self) -> Line:
        last: Exception = DrainError("host not found")
        for family, address in await addresses(self._target.host):
            try:
                return await self._try(family, address)
            except ssl.SSLError:
                raise
            except OSError as error:
                last = error
        raise last

    async def _try(self, family: int, address: str) -> Line:
        loop = asyncio.get_running_loop()
        own = socket.socket(family, socket.SOCK_STREAM)
        try:
            own.setblocking(False)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(own, (address, self._target.port))
            name = self._target.host if self._context is not None else None
            _, line = await loop.create_connection(
                Line, sock=own, ssl=self._context, server_hostname=name
            )
        except BaseException:
            own.close()
            raise
        return line
