"""Several routers on one port, as Heroku has them: each a process with a state of its own.

The law: routers share nothing but the table. Round robin, quarantine, pools and the backlog (H11)
are each router's own; that is why a fleet routes as if at random, however orderly each one is.
localku holds the listening sockets of all. Whenever one of the others is not up (it starts, it
died), router 1 takes its connections, so that nobody waits for it.
"""

from __future__ import annotations

import asyncio
from _socket import socket as Socket
from collections.abc import Callable, Sequence
from time import time

from localku.logs.entry import Entry
from localku.router import listener
from localku.router.router import Router
from localku.router.sibling import Sibling
from localku.router.table import RoutingTable

LATE = 1.5  # seconds beyond the grace until a router that does not end is killed


class Fleet:
    """Router 1 and `count` - 1 processes beside it; speaks to the platform as one Router does.

    publish(app, entry): takes the log lines of all. say(entry): what happens to the processes.
    grace: seconds for requests in flight of a process that is asked to end by somebody else.
    draining: none that ends is replaced.
    """

    def __init__(
        self,
        first: Router,
        count: int,
        publish: Callable[[str, Entry], None],
        *,
        say: Callable[[Entry], None],
        grace: float,
    ) -> None:
        self.first = first
        self.publish = publish
        self.grace = grace
        self.table = RoutingTable()
        self._numbers = range(2, count + 1)
        self._say = say
        self._siblings: list[Sibling] = []
        self._lives: list[asyncio.Task[None]] = []

    @property
    def draining(self) -> bool:
        """Whether the end has begun."""
        return self.first.draining

    @draining.setter
    def draining(self, on: bool) -> None:
        self.first.draining = on

    async def serve(self, sockets: Sequence[Socket]) -> None:
        """Take connections on these sockets, bound as shared; returns at once. Raises UserError."""
        await self.first.serve(sockets)
        for number in self._numbers:
            doors = [listener.join(sock) for sock in sockets]
            self._siblings.append(Sibling(self, number, doors))
        for sibling in self._siblings:
            life = asyncio.create_task(sibling.live())
            life.add_done_callback(_report)
            self._lives.append(life)

    def replace(self, table: RoutingTable) -> None:
        """All serve this table from now on."""
        self.table = table
        self.first.replace(table)
        for sibling in self._siblings:
            sibling.replace()

    async def close(self, grace: float) -> None:
        """Take no more connections; requests in flight have `grace` seconds, then they are cut."""
        self.draining = True
        loop = asyncio.get_running_loop()
        latest = loop.time() + grace + LATE
        for sibling in self._siblings:
            sibling.close(grace)
        await self.first.close(grace)
        if self._lives:
            _, late = await asyncio.wait(self._lives, timeout=max(0.0, latest - loop.time()))
            for sibling in self._siblings if late else ():
                sibling.kill()
            await asyncio.gather(*late, return_exceptions=True)

    def say(self, name: str, text: str) -> None:
        """A line about one of the processes, in the voice of dynos."""
        self._say(Entry(time(), "heroku", name, text.encode() + b"\n"))


def _report(life: asyncio.Task[None]) -> None:
    """A fault of ours in the care for a process ends localku, as any other does."""
    error = None if life.cancelled() else life.exception()
    if error is not None:
        context = {"message": "fault in the fleet of routers", "exception": error}
        life.get_loop().call_exception_handler(context)
