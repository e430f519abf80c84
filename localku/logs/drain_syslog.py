"""Batches to a syslog receiver: octet-counted frames on one TCP connection (RFC 6587 3.4.1), over
TLS for syslog+tls (RFC 5425).

Such a receiver never answers. A batch is taken when the kernel has all of it; when the connection
breaks before that, all of the batch is sent again on the next one. So batches are small.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

from localku.logs.delivery import Batch
from localku.logs.drain_errors import DrainError, explain
from localku.logs.drain_url import Target
from localku.logs.resolve import addresses

BATCH = 16 << 10  # bytes; Logplex has 4,096, which costs four times the wake-ups
PARTING = 0.3  # seconds for the last bytes of a connection


class SyslogSender:
    """Sends to target. connect, request: seconds for a connection, and for a batch to be taken.

    context: makes the TLS context, called in a thread; it may raise UserError.
    """

    def __init__(
        self,
        target: Target,
        *,
        connect: float,
        request: float,
        context: Callable[[], ssl.SSLContext],
    ) -> None:
        self._target = target
        self._connect = connect
        self._request = request
        self._make_context = context
        self._context: ssl.SSLContext | None = None
        self._line: _Line | None = None

    async def send(self, batch: Batch) -> None:
        """Return when the kernel has the batch. Raises DrainError."""
        try:
            if self._line is None or self._line.lost:
                self._drop()
                self._line = await self._open()
            await asyncio.wait_for(self._line.write(batch.body), self._request)
        except BaseException as error:
            self._drop()
            if not isinstance(error, Exception):
                raise
            raise explain(error) from None

    async def close(self) -> None:
        """Let go of the connection, in order: over TLS, with its closing words."""
        line, self._line = self._line, None
        if line is not None:
            line.transport.close()
            await asyncio.wait((line.gone,), timeout=PARTING)
            line.transport.abort()

    def _drop(self) -> None:
        if self._line is not None:
            self._line.transport.abort()
            self._line = None

    async def _open(self) -> _Line:
        if self._target.is_tls and self._context is None:
            loop = asyncio.get_running_loop()
            self._context = await loop.run_in_executor(None, self._make_context)
        return await asyncio.wait_for(self._try_all(), self._connect)

    async def _try_all(self) -> _Line:
        last: Exception = DrainError("host not found")
        for family, address in await addresses(self._target.host):
            try:
                return await self._try(family, address)
            except ssl.SSLError as error:
                raise explain(error) from None
            except OSError as error:
                last = error
        raise last

    async def _try(self, family: int, address: str) -> _Line:
        loop = asyncio.get_running_loop()
        own = socket.socket(family, socket.SOCK_STREAM)
        try:
            own.setblocking(False)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(own, (address, self._target.port))
            name = self._target.host if self._context is not None else None
            _, line = await loop.create_connection(
                _Line, sock=own, ssl=self._context, server_hostname=name
            )
        except BaseException:
            own.close()
            raise
        return line


class _Line(asyncio.Protocol):
    """The connection. lost: it cannot be used any more. gone: done when it is closed."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.lost = False
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._room = asyncio.Event()
        self._room.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Room is there when nothing is kept back here."""
        assert isinstance(transport, asyncio.Transport)
        # not 0: asyncio's TLS would take an empty buffer for a full one
        transport.set_write_buffer_limits(1, 0)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """A receiver has nothing to say: it is not kept."""

    def eof_received(self) -> bool:
        """It reads no more, though it could: what is written now would be lost."""
        self._lose()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone."""
        self._lose()
        self.gone.set_result(None)

    def _lose(self) -> None:
        self.lost = True
        self._room.set()

    def pause_writing(self) -> None:
        """The kernel does not have all of it."""
        self._room.clear()

    def resume_writing(self) -> None:
        """Now it has."""
        self._room.set()

    async def write(self, data: bytes) -> None:
        """Return when the kernel has data. Raises ConnectionError."""
        self.transport.write(data)
        await self._room.wait()
        if self.lost:
            raise ConnectionResetError
