"""A fleet of real router processes, and which of them has a connection, as /proc tells."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router_rig import Conn, Rig, until

from localku.logs.entry import Entry
from localku.router.fleet import Fleet
from localku.router.hot import best_poller
from localku.router.listener import bind
from localku.router.settings import RouterSettings

UP = "State changed from starting to up"


class FleetRig(Rig):
    """said: what the fleet tells of its processes, "router.2: State changed ..."."""

    def __init__(self, count: int, settings: RouterSettings) -> None:
        super().__init__(settings, best_poller)
        self.said: list[str] = []
        self.fleet = Fleet(
            self.router,
            count,
            lambda app, entry: self.published.append((app, entry)),
            say=self._say,
            grace=1.0,
        )
        self.router = self.fleet  # type: ignore[assignment]

    def _say(self, entry: Entry) -> None:
        assert entry.source == "heroku"
        self.said.append(f"{entry.dyno}: {entry.data.decode().rstrip()}")

    @property
    def pids(self) -> list[int]:
        """The further routers that run."""
        running = (sibling._process for sibling in self.fleet._siblings)
        return [process.pid for process in running if process is not None]

    async def ups(self, count: int) -> None:
        """Wait until so many starts have succeeded, over all time."""
        await until(lambda: sum(line.endswith(UP) for line in self.said) >= count)

    async def dial_router(self, pid: int) -> Conn:
        """A connection to that very router (it has carried a request already)."""
        for _ in range(200):
            conn = await self.dial()
            assert (await conn.ask(GET))[0].startswith(b"HTTP/1.1 200 ")
            if self.router_of(conn) == pid:
                return conn
            await conn.close()
        raise AssertionError(f"200 connections, and none went to {pid} of {self.pids}")

    def router_of(self, conn: Conn) -> int:
        """The pid that holds the other end."""
        inode = _inode(self.port, conn.writer.get_extra_info("sockname")[1])
        return next(pid for pid in (os.getpid(), *self.pids) if f"socket:[{inode}]" in _fds(pid))


def _inode(port: int, client: int) -> str:
    with open("/proc/net/tcp", encoding="ascii") as lines:
        rows = [line.split() for line in lines][1:]
    ends = (f"{port:04X}", f"{client:04X}")
    return next(row[9] for row in rows if (row[1][-4:], row[2][-4:]) == ends)


def _fds(pid: int) -> set[str]:
    found = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            continue  # closed in the meantime
    return found


GET = b"GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n"


@asynccontextmanager
async def fleet_of(count: int, settings: RouterSettings | None = None) -> AsyncIterator[FleetRig]:
    """So many routers, all up, on one port; no dyno yet."""
    rig = FleetRig(count, settings or RouterSettings())
    sockets = bind("127.0.0.1", 0, shared=True)
    rig.port = sockets[0].getsockname()[1]
    await rig.fleet.serve(sockets)
    try:
        rig.table()
        await rig.ups(count - 1)
        yield rig
    finally:
        for client in rig.clients:
            client.writer.transport.abort()
        await rig.fleet.close(0)
        for dyno in rig.dynos:
            await dyno.stop()
