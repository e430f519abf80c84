"""A TCP relay of the platform: bytes through, both ways, with the trouble that a fault wants.

The law: a slow reader holds up its writer and nobody else (reads stop at asyncio's limit), and what
is open when the trouble ends goes on to its end.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from enum import Enum

CHUNK = 65536
BACKLOG = 1024
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset
HERE = "127.0.0.1"


class Fate(Enum):
    """What becomes of an answer: KEPT; LOST, reset before a byte of it; TORN, closed inside it."""

    KEPT = "kept"
    LOST = "lost"
    TORN = "torn"


class Trouble:
    """Asked for each answer: how many seconds it is late, and what becomes of it."""

    def delay(self) -> float:
        """Seconds."""
        return 0.0

    def fate(self, *, fresh: bool) -> Fate:
        """fresh: the first answer on its connection."""
        return Fate.KEPT


class Relay:
    """Listens on a port of its own on loopback, and connects on to target (host, port)."""

    def __init__(self, target: tuple[str, int], trouble: Trouble) -> None:
        self.target = target
        self.trouble = trouble
        self._door = _listening(0)
        self.port = int(self._door.getsockname()[1])
        self.refuses = False
        self.hurry = asyncio.Event()
        self.answered = asyncio.Event()  # somebody got an answer through it
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._talks: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._start()

    def _start(self) -> None:
        # clients wait in the socket's own queue until the server stands
        self._own(asyncio.get_running_loop().create_task(self._serve(self._door)))

    def _own(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, door: socket.socket) -> None:
        if door.fileno() < 0:
            return  # it was closed before this turn
        # made, and ours, before it listens: a close() meanwhile finds it
        server = await asyncio.start_server(
            self._meet, sock=door, backlog=BACKLOG, start_serving=False
        )
        if self._door is not door or door.fileno() < 0:
            return
        self._server = server
        await server.start_serving()

    def close(self) -> None:
        """Take no more connections; those that are open go on."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._door.close()

    def refuse(self) -> None:
        """Reset what is open, and have new connections refused."""
        self.close()
        self.refuses = True
        self._door = _bound(self.port)  # the port stays ours; nobody listens
        self.drop()

    def release(self) -> None:
        """Let go at once of the answers that are late."""
        self.hurry.set()
        self.hurry = asyncio.Event()

    def accept(self) -> None:
        """Take connections again."""
        self.refuses = False
        self._door.listen(BACKLOG)
        self._start()

    def drop(self) -> None:
        """Reset what is open."""
        for task, writers in list(self._talks.items()):
            for writer in writers:
                reset(writer)
            task.cancel()

    async def end(self) -> None:
        """Close all, and wait until nothing of it is left."""
        self.close()
        self.drop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- one connection ------------------------------------------------------------------------

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._talk(reader, writer))
        self._talks[task] = [writer]
        task.add_done_callback(self._talks.pop)
        self._own(task)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection(*self.target)
        except OSError:
            reset(writer)
            return
        task = asyncio.current_task()
        if task is not None and task in self._talks:
            self._talks[task].append(there[1])
        talk = _Talk(self, (reader, writer), there)
        try:
            await talk.carry()
        except EOFError:
            pass  # all has been said
        except OSError:
            reset(writer)
            reset(there[1])
        finally:
            writer.close()
            there[1].close()


Side = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Talk:
    """asked: a request has gone on whose answer has not begun."""

    def __init__(self, relay: Relay, near: Side, far: Side) -> None:
        self.relay = relay
        self.near = near
        self.far = far
        self.asked = False
        self.fresh = True

    async def carry(self) -> None:
        """Until the far side has said all, or one of them is gone."""
        forth = asyncio.ensure_future(self._forth())
        back = asyncio.ensure_future(self._back())
        try:
            await asyncio.wait((forth, back), return_when=asyncio.FIRST_EXCEPTION)
            for each in (forth, back):
                if each.done():
                    each.result()
        finally:
            for each in (forth, back):
                each.cancel()
            await asyncio.gather(forth, back, return_exceptions=True)

    async def _forth(self) -> None:
        reader, writer = self.near[0], self.far[1]
        while data := await reader.read(CHUNK):
            self.asked = True
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    async def _back(self) -> None:
        reader, writer = self.far[0], self.near[1]
        while data := await reader.read(CHUNK):
            if self.asked:
                self.asked = False
                data = await self._answer(data)
            writer.write(data)
            await writer.drain()
        raise EOFError

    async def _answer(self, data: bytes) -> bytes:
        """The beginning of an answer: late, lost or torn. Raises EOFError to end it."""
        self.relay.answered.set()
        trouble = self.relay.trouble
        late = trouble.delay()
        if late > 0:
            try:
                await asyncio.wait_for(self.relay.hurry.wait(), late)
            except asyncio.TimeoutError:
                pass
        fate = trouble.fate(fresh=self.fresh)
        self.fresh = False
        if fate is Fate.LOST:
            reset(self.near[1])
            raise EOFError
        if fate is Fate.TORN:
            self.near[1].write(data[: max(1, len(data) // 2)])
            await self.near[1].drain()
            raise EOFError
        return data


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with a reset, whatever it still holds."""
    sock = writer.get_extra_info("socket")
    if sock is not None and not writer.transport.is_closing():
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        except OSError:
            pass  # it is closed already
    writer.transport.abort()


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind((HERE, port))
    except OSError:
        sock.close()
        raise
    return sock


def _listening(port: int) -> socket.socket:
    sock = _bound(port)
    sock.listen(BACKLOG)
    return sock
