"""The router: hosts to apps, apps to dynos, and what all connections share.

It serves a table that it is given whole, on sockets that are bound already, and publishes log
lines; it knows nothing of processes. Everything runs in one thread, on one asyncio loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from _socket import socket as Socket
from collections.abc import Callable, Sequence
from time import gmtime, monotonic, time
from typing import TYPE_CHECKING

from localku.logs.entry import Entry
from localku.router import codes, dispatch, forward, pages, record
from localku.router.acceptor import Acceptor
from localku.router.apps import App
from localku.router.carrier import Carrier, Client
from localku.router.clock import FOREVER, Clock
from localku.router.front import Front
from localku.router.grammar import is_address
from localku.router.hot import best_poller
from localku.router.ids import RequestIds
from localku.router.poller import Poller
from localku.router.settings import CLASSIC, RouterSettings
from localku.router.table import RoutingTable
from localku.router.upstream import Link
from localku.router.wire import READ_SIZE

if TYPE_CHECKING:
    from localku.router.handshake import Handshake
    from localku.router.tls import Identities

_EDGES_MAX = 1024  # client addresses whose edge is kept for their next connection
_HERE = ("localhost", "127.0.0.1", "[::1]")  # what most clients call the bare port


class Router:
    """settings: every number. publish(app, entry): takes an app's log lines of one loop turn.

    make_poller: how the sockets hear from the loop; the fastest way that there is by default.

    apps: by name. default: of the bare port. fronts: client connections. draining: no keep-alive.
    """

    def __init__(
        self,
        settings: RouterSettings,
        publish: Callable[[str, Entry], None],
        make_poller: Callable[[asyncio.AbstractEventLoop], Poller] = best_poller,
    ) -> None:
        self.settings = settings
        self.classic = settings.log_format == CLASSIC
        self.via = b"1.1 vegur" if self.classic else b"1.1 heroku-router"
        self.server = b"Cowboy" if self.classic else b"Heroku"
        self.keepalive = settings.upstream_keepalive
        self.ids = RequestIds(os.urandom)
        self.default: App | None = None
        self.fronts: set[Client] = set()
        self.draining = False
        self.poller: Poller
        self.clock: Clock
        self._publish = publish
        self._make_poller = make_poller
        self._hosts: dict[str, App] = {}
        self.apps: dict[str, App] = {}
        self._acceptors: list[Acceptor] = []
        self._edges: dict[tuple[str, int], forward.Edge] = {}
        self._departing: set[Link] = set()
        self._dirty: list[App] = []
        self._second = 0
        self._date = self._date_line = b""
        self._serving = False
        self._all_left: asyncio.Future[None] | None = None

    async def serve(self, sockets: Sequence[Socket]) -> None:
        """Take connections on these bound sockets from now on; returns at once."""
        loop = asyncio.get_running_loop()
        self.poller = self._make_poller(loop)
        self.clock = Clock(loop, self.settings.shortest(), self._sweep)
        self._serving = True
        for sock in sockets:
            self.accept(sock)

    def accept(self, sock: Socket) -> Acceptor:
        """Take the connections of one more socket, until release(). Raises OSError."""
        acceptor = Acceptor(self.poller, sock, self._accepted, self._exhausted)
        self._acceptors.append(acceptor)
        return acceptor

    def release(self, acceptor: Acceptor) -> None:
        """Take no more connections there; nothing happens when all is closed already."""
        if acceptor in self._acceptors:
            self._acceptors.remove(acceptor)
            acceptor.close()

    def serve_tls(self, sockets: Sequence[Socket], identities: Identities) -> None:
        """After serve(): take connections on these, too, and speak TLS there."""
        from localku.router.handshake import Handshake

        def accepted(sock: Socket, address: str, port: int) -> None:
            edge = self._edge(address, port, "https")
            self._welcome(Handshake(self, sock, edge, monotonic(), identities))

        def exhausted(_: Socket) -> None:
            self._log_exhausted(self._protocol("https"))  # no page: it would have to be enciphered

        for sock in sockets:
            self._acceptors.append(Acceptor(self.poller, sock, accepted, exhausted))

    def replace(self, table: RoutingTable) -> None:
        """Serve this table from now on. Requests that wait look again; others are not disturbed."""
        routes = {route.app: route for route in table.hosts.values()}
        if table.default is not None:
            routes[table.default.app] = table.default
        before = self.apps
        self.apps = {
            name: before.get(name) or App(name, self.settings, random.randrange) for name in routes
        }
        for name, app in self.apps.items():
            app.update(routes[name])
        vanished = [app for name, app in before.items() if name not in self.apps]
        for app in vanished:
            app.update(type(app.route)(app.name))
        self.default = self.apps[table.default.app] if table.default else None
        self._hosts = dict.fromkeys((*_HERE, *table.bare), self.default) if self.default else {}
        self._hosts |= {host: self.apps[route.app] for host, route in table.hosts.items()}
        for app in (*self.apps.values(), *vanished):
            self._wake(app)

    async def close(self, grace: float) -> None:
        """Take no more connections; requests in flight have `grace` seconds, then they are cut."""
        self.draining = True
        for acceptor in self._acceptors:
            acceptor.close()
        self._acceptors.clear()
        for front in tuple(self.fronts):
            if front.exchange is None:
                front.close()
        if self.fronts:
            self._all_left = asyncio.get_running_loop().create_future()
            await asyncio.wait((self._all_left,), timeout=grace)
        for front in tuple(self.fronts):
            if front.exchange is not None:
                front.exchange.cut()
        for front in tuple(self.fronts):
            front.abort()
        for app in self.apps.values():
            for dyno in app.dynos.values():
                dyno.retire()
        for link in tuple(self._departing):
            link.abort()
        if self._serving:
            self._serving = False
            self.clock.stop()
            self._flush()
            self.poller.close()

    def find(self, host_key: str) -> App | None:
        """The app of a host (lower case, without port); None: no such app."""
        app = self._hosts.get(host_key)
        return self._find_wide(host_key) if app is None else app

    def _find_wide(self, host_key: str) -> App | None:
        """The app of a wildcard domain, the nearest first; the default app for any address."""
        if is_address(host_key):
            return self.default
        rest = host_key
        while rest:
            _, _, rest = rest.partition(".")
            app = self._hosts.get(f"*.{rest}")
            if app is not None:
                return app
        return None

    def client_error(self, status: int, cause: str, fields: str = codes.NONE) -> codes.Code:
        """How a request that broke the protocol is logged."""
        return codes.request_error(status, cause, classic=self.classic, fields=fields)

    def log(self, app: App, line: bytes) -> None:
        """Publish a line, together with all others of this turn of the loop."""
        if not app.lines:
            if not self._dirty:
                self.poller.soon(self._flush)
            self._dirty.append(app)
        app.lines.append(line)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for app in dirty:
            data = b"".join(app.lines)
            app.lines.clear()
            try:
                self._publish(app.name, Entry(time(), "heroku", "router", data))
            except Exception as error:  # a log stream in trouble must not stop the router
                self.poller.report(error)

    def date(self, ahead: int = 0) -> bytes:
        """The value of Date now, or of a moment so many seconds ahead."""
        self.date_line()
        return forward.http_date(gmtime(self._second + ahead)) if ahead else self._date

    def date_line(self) -> bytes:
        """`Date: …` and the empty line that ends a head, formatted once a second."""
        second = int(time())
        if second != self._second:
            self._second = second
            self._date = forward.http_date(gmtime(second))
            self._date_line = b"Date: " + self._date + b"\r\n\r\n"
        return self._date_line

    def depart(self, link: Link) -> None:
        """Close a link once all is sent, but not later than idle_timeout from now."""
        link.deadline = monotonic() + self.settings.idle_timeout
        link.close()
        if not link.closed:
            self._departing.add(link)

    def left(self) -> None:
        """A client connection has gone."""
        if self._all_left is not None and not self.fronts and not self._all_left.done():
            self._all_left.set_result(None)

    def _accepted(self, sock: Socket, address: str, port: int) -> None:
        edge = self._edges.get((address, port))
        if edge is None:
            edge = self._edge(address, port, self.settings.forwarded_proto)
        self._welcome(Front(self, sock, edge, monotonic()))

    def _welcome(self, client: Front | Handshake) -> None:
        self.fronts.add(client)
        if self.clock.asleep:
            self.clock.note()
        client.resume_reading()

    def _edge(self, address: str, port: int, proto: str) -> forward.Edge:
        edge = self._edges.get((address, port))
        if edge is not None:
            return edge
        edge = forward.Edge(
            address.partition("%")[0].encode("ascii"),
            proto.encode("ascii"),
            self.settings.forwarded_port or port,
            self.via,
            self.keepalive > 0,
            self._protocol(proto),
        )
        if len(self._edges) >= _EDGES_MAX:
            self._edges.clear()
        self._edges[address, port] = edge
        return edge

    def _protocol(self, proto: str) -> bytes:
        return record.protocol_fields(self.classic, proto == "https")

    def _exhausted(self, sock: Socket) -> None:
        """Descriptors have run out: H22, without having heard what the client wants."""
        code = codes.H22
        page = pages.error_page(code.name, code.desc)
        head = pages.error_head(code.status, len(page), self.via, self.server, self.date())
        try:
            with contextlib.suppress(BlockingIOError):
                sock.recv(READ_SIZE)  # closing on unread bytes would reset the page away
            sock.send(head + page)
        except OSError:
            return  # the client has gone already, and nothing was asked of any app
        self._log_exhausted(self._protocol(self.settings.forwarded_proto))

    def _log_exhausted(self, protocol: bytes) -> None:
        code = codes.H22
        if self.default is not None:
            rest = (b"", b"", b"", self.ids.next(), b"", protocol)
            self.log(self.default, record.failed(code.opening(), *rest, status=code.status))

    def _wake(self, app: App) -> None:
        now = monotonic()
        for exchange in tuple(app.parked):
            dispatch.wake(exchange, now)

    def _expire(self, exchange: Carrier, now: float) -> None:
        try:
            exchange.expired(now)
        except Exception as error:  # one request's fault must not stop the clock of all others
            self.poller.report(error)
            exchange.crashed()

    def _sweep(self, now: float) -> tuple[float, float]:
        busy = idle = FOREVER
        for front in tuple(self.fronts):
            exchange = front.exchange
            if exchange is None:
                if front.deadline <= now:
                    front.expired()
                else:
                    idle = min(idle, front.deadline)
            else:
                if exchange.deadline <= now:
                    self._expire(exchange, now)
                busy = min(busy, max(exchange.deadline, now))
        for app in self.apps.values():
            if app.parked and app.quarantine.release_at() <= now:
                self._wake(app)
            for dyno in app.dynos.values():
                dyno.prune(now)
                if dyno.idle:
                    idle = min(idle, dyno.idle[0].deadline)
        for link in tuple(self._departing):
            if link.deadline <= now:
                link.abort()
            if link.closed:
                self._departing.discard(link)
            else:
                idle = min(idle, link.deadline)
        return busy, idle
