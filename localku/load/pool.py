"""The connections of a generator: made when one is needed, kept, and let go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from localku.load.connection import Connection, Sink
from localku.load.plan import Target

CONNECTING_MAX = 64  # connections that are being made at once


class Pool:
    """At most so many connections. sink: whom they tell. ready: called when one has been made, or
    could not be. free: those without a request, the one that was used last at the end."""

    def __init__(self, target: Target, most: int, sink: Sink, ready: Callable[[], None]) -> None:
        self.free: list[Connection] = []
        self._target = target
        self._most = most
        self._sink = sink
        self._ready = ready
        self._all: set[Connection] = set()
        self._connecting = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self._all)

    def grow(self, *, at_once: bool = False) -> Connection | None:
        """One more, which may be used already: it sends when it is there. None when there are
        enough, or enough on their way (unless at_once)."""
        if len(self._all) >= self._most or (self._connecting >= CONNECTING_MAX and not at_once):
            return None
        connection = Connection(self._sink)
        self._all.add(connection)
        self._connecting += 1
        task = self._loop.create_task(self._connect(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return connection

    async def _connect(self, connection: Connection) -> None:
        target = self._target
        why = ""
        try:
            await self._loop.create_connection(
                lambda: connection,
                target.address,
                target.port,
                ssl=target.tls,
                server_hostname=target.server_name if target.tls else None,
            )
        except OSError as error:
            why = error.strerror or str(error) or type(error).__name__
        self._connecting -= 1
        if why and connection.is_open:
            connection.failed(why)
        self._ready()

    def drop(self, connection: Connection) -> None:
        """It is gone."""
        self._all.discard(connection)
        if not connection.busy and connection in self.free:
            self.free.remove(connection)

    def end(self, connection: Connection) -> None:
        """Close one that has no request."""
        connection.abort()
        self._all.discard(connection)

    def end_free(self) -> None:
        """Close what has no request."""
        for connection in self.free:
            connection.abort()
            self._all.discard(connection)
        self.free.clear()

    def overdue(self, oldest: float) -> list[Connection]:
        """Those whose request was sent at that moment or before; dropped, but not told."""
        found = [each for each in self._all if each.busy and each.sent <= oldest]
        for connection in found:
            connection.abort()
            self.drop(connection)
        return found

    def close(self) -> None:
        """End all at once."""
        for connection in self._all:
            connection.abort()
        for task in self._tasks:
            task.cancel()
        self._all.clear()
        self.free.clear()
