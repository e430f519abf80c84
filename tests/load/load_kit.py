"""Servers that answer well or badly, plans for them, and the generator run against them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from localku.load.plan import Ask, Plan, Progress, Target
from localku.load.rates import Profile
from localku.load.result import Step
from localku.load.step import run_step

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Answer = Callable[[bytes, Writer], Awaitable[None]]


class Server:
    """Answers each request with `answer(head, writer)`; heads are kept. One that raises or closes
    the writer ends the connection."""

    def __init__(self, answer: Answer | bytes = OK) -> None:
        self.answer = answer
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._writers: set[Writer] = set()

    async def __aenter__(self) -> Server:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.die()
        await self._server.wait_closed()

    def die(self) -> None:
        """Nobody listens any more, and all connections are gone."""
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        self._writers.add(writer)
        asked = 0
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                self.connections += not asked  # one that asks nothing only looks whether we listen
                asked += 1
                length = next(
                    (
                        int(line[15:])
                        for line in head.split(b"\r\n")
                        if line[:15] == b"Content-Length:"
                    ),
                    0,
                )
                self.bodies.append(await reader.readexactly(length) if length else b"")
                if isinstance(self.answer, bytes):
                    writer.write(self.answer)
                else:
                    await self.answer(head, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()


class Freezing:
    """A server that takes so long for each request, and stands still for a while after a moment."""

    def __init__(self, service: float, at: float, pause: float) -> None:
        self.service = service
        self.at = at
        self.pause = pause
        self.first = 0.0

    async def __call__(self, head: bytes, writer: Writer) -> None:
        now = time.monotonic()
        self.first = self.first or now
        since = now - self.first
        frozen = self.at + self.pause - since if self.at <= since < self.at + self.pause else 0.0
        await asyncio.sleep(frozen + self.service)
        writer.write(OK)


def plan_for(port: int, *asks: Ask, **more: Any) -> Plan:
    """A short test of a local server: constant arrivals, no warm-up, unless it says otherwise."""
    target = Target(f"http://127.0.0.1:{port}/", "127.0.0.1", port, f"127.0.0.1:{port}")
    rate = more.pop("rate", 50.0)
    profile = rate if isinstance(rate, Profile) else Profile.flat(rate)
    plan = Plan(target, asks or (Ask(),), arrivals="constant", rate=profile)
    return replace(plan, **{"duration": 0.5, "warmup": 0.0, "timeout": 5.0, **more})


async def measured(
    plan: Plan,
    watch: Callable[[Progress], None] = lambda progress: None,
    stop: asyncio.Event | None = None,
) -> Step:
    """What one step of a plan found."""
    return await run_step(plan, watch, stop or asyncio.Event())


def against(answer: Answer | bytes, *asks: Ask, **more: Any) -> tuple[Step, Server]:
    """A step against a server of that kind."""

    async def main() -> tuple[Step, Server]:
        async with Server(answer) as server:
            return await measured(plan_for(server.port, *asks, **more)), server

    return asyncio.run(main())
