"""A router on real sockets, with dynos and clients that say exactly the bytes a test wants."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from localku.logs.entry import Entry
from localku.router.hot import best_poller
from localku.router.listener import bind
from localku.router.poller import Poller
from localku.router.router import Router
from localku.router.settings import RouterSettings
from localku.router.table import AppRoute, RoutingTable, Upstream
from localku.router.tls import Identities

PATIENCE = 10.0  # seconds until a test gives up; nothing here takes long when it works


class Conn:
    """One connection, of a client or of a dyno."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def head(self) -> bytes:
        """A head with its empty line; b"" when the peer has hung up instead."""
        try:
            return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            return getattr(error, "partial", b"")

    async def exactly(self, size: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(size), PATIENCE)

    async def until(self, mark: bytes) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(mark), PATIENCE)

    async def rest(self) -> bytes:
        """Everything until the peer hangs up, however it does it."""
        parts = []
        try:
            while part := await asyncio.wait_for(self.reader.read(65536), PATIENCE):
                parts.append(part)
        except ConnectionError:
            parts.append(b"<reset>")
        return b"".join(parts)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await asyncio.wait_for(self.writer.drain(), PATIENCE)

    async def response(self) -> tuple[bytes, bytes]:
        """(head, body) of a response that has a Content-Length."""
        head = await self.head()
        found = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        return head, await self.exactly(int(found[1]) if found else 0)

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        await self.send(request)
        return await self.response()

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


MakePoller = Callable[[asyncio.AbstractEventLoop], Poller]
Handler = Callable[[Conn], Awaitable[None]]


class Dyno:
    """A server that runs `handler` for each connection; heads: what keepalive_dyno() received."""

    def __init__(self, name: str = "web.1") -> None:
        self.name = name
        self.connections = 0
        self.heads: list[bytes] = []
        self.port = 0
        self.handler: Handler = self.keepalive
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[Any], Conn] = {}

    async def start(self, handler: Handler | None = None) -> Dyno:
        self.handler = handler or self.handler
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**24)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        conn = self._open[task] = Conn(reader, writer)
        try:
            await self.handler(conn)
        except ConnectionError:
            pass
        finally:
            await conn.close()
            del self._open[task]

    async def keepalive(self, conn: Conn) -> None:
        """Answer every request without a body with `answer`."""
        while head := await conn.head():
            self.heads.append(head)
            await conn.send(self.answer)

    def upstream(self, generation: int = 1) -> Upstream:
        return Upstream(self.name, "127.0.0.1", self.port, generation)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for conn in list(self._open.values()):
            conn.writer.transport.abort()
        if self._open:
            await asyncio.wait(list(self._open), timeout=PATIENCE)


@dataclass
class Pki:
    """files: host -> PEM file. trust: a client's context that believes them."""

    files: dict[str, str]
    trust: ssl.SSLContext


class Rig:
    """The router under test. lines: its log lines, decoded; published: its entries."""

    def __init__(self, settings: RouterSettings, poller: MakePoller) -> None:
        self.published: list[tuple[str, Entry]] = []
        self.router = Router(
            settings, lambda app, entry: self.published.append((app, entry)), poller
        )
        self.port = 0
        self.tls_port = 0
        self.trust: ssl.SSLContext | None = None  # what a client believes in
        self.identities: Identities | None = None
        self.clients: list[Conn] = []
        self.dynos: list[Dyno] = []
        self.route = AppRoute("app")

    @property
    def lines(self) -> list[str]:
        text = b"".join(entry.data for _, entry in self.published)
        return text.decode("latin-1").splitlines()

    async def dial(self, host: str = "127.0.0.1") -> Conn:
        conn = Conn(*await asyncio.open_connection(host, self.port, limit=2**24))
        self.clients.append(conn)
        return conn

    async def dial_tls(self, name: str = "app.localhost", **options: Any) -> Conn:
        context = options.pop("ssl", self.trust)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.tls_port, ssl=context, server_hostname=name, limit=2**24, **options
        )
        conn = Conn(reader, writer)
        self.clients.append(conn)
        return conn

    async def line(self, number: int = 0) -> str:
        await until(lambda: len(self.lines) > number)
        return self.lines[number]

    async def dyno(self, handler: Handler | None = None, name: str = "") -> Dyno:
        """Start a dyno and put it into the table."""
        dyno = await Dyno(name or f"web.{len(self.dynos) + 1}").start(handler)
        self.dynos.append(dyno)
        self.table(upstreams=(*self.route.upstreams, dyno.upstream()))
        return dyno

    def table(self, **changes: Any) -> None:
        """Replace the table by one with these changes to the app's route."""
        if "upstreams" in changes:
            changes.setdefault("quantity", max(len(changes["upstreams"]), self.route.quantity))
        self.route = replace(self.route, **changes)
        self.router.replace(RoutingTable({"app.localhost": self.route}, self.route))


@asynccontextmanager
async def rigged(
    settings: RouterSettings | None = None,
    poller: MakePoller = best_poller,
    pki: Pki | None = None,
    protocols: Sequence[str] = ("http/1.1",),
) -> AsyncIterator[Rig]:
    """A router that serves on a free port, with no dyno yet; everything is closed behind it.

    pki: certificates to serve with TLS on a second port.
    """
    rig = Rig(settings or RouterSettings(), poller)
    sockets = bind("127.0.0.1", 0)
    rig.port = sockets[0].getsockname()[1]
    await rig.router.serve(sockets)
    if pki is not None:
        secure = bind("127.0.0.1", 0)
        rig.tls_port = secure[0].getsockname()[1]
        rig.identities = Identities(pki.files, "localhost", protocols)
        rig.router.serve_tls(secure, rig.identities)
        rig.trust = pki.trust
    rig.table()
    try:
        yield rig
    finally:
        for client in rig.clients:
            client.writer.transport.abort()
        await rig.router.close(0)
        for dyno in rig.dynos:
            await dyno.stop()


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, with a deadline."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while not condition():
        assert loop.time() < end, "the condition never came true"
        await asyncio.sleep(0.002)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    """Run a scenario to its end, in its own loop."""
    asyncio.run(asyncio.wait_for(scenario, 3 * PATIENCE))


def fields_of(line: str) -> dict[str, str]:
    """The key=value pairs of a log line."""
    return {key: value.strip('"') for key, value in re.findall(r'(\w+)=("[^"]*"|\S*)', line)}


GET = b"GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n"


def refused_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
