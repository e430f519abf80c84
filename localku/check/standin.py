"""Stands where a config var points: passes on to the real service or to nobody, and counts."""

from __future__ import annotations

import asyncio


class StandIn:
    """A listener on loopback. target: (host, port) to pass on to; None: whoever comes is sent off.
    came: connections so far."""

    def __init__(self, target: tuple[str, int] | None) -> None:
        self.target = target
        self.came = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Let everybody go."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came += 1
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        other: asyncio.StreamWriter | None = None
        try:
            if self.target is not None:
                back, other = await asyncio.open_connection(*self.target)
                await asyncio.gather(_pass(reader, other), _pass(back, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for each in (writer, other):
                if each is not None:
                    each.transport.abort()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
