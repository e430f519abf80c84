"""The platform process: ties apps, supervisors, router and log streams together, and ends them.

It owns the event loop's signals and the order of things at the start and at the end. Whatever
goes wrong in here ends in the same place: dynos stopped, init closed, nothing left.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import stat
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from localku.dynos import kernel, rites
from localku.dynos.early import EarlyRun
from localku.dynos.hub import InitHub
from localku.dynos.process import InitClient
from localku.dynos.runner import SIGNALS
from localku.logs.console import Console
from localku.logs.entry import Entry
from localku.logs.words import sentence
from localku.manifest.settings import Settings
from localku.platform import key
from localku.platform.app import App
from localku.platform.drains import FLUSH
from localku.platform.home import Home
from localku.platform.hosting import Hosting
from localku.platform.routing import in_flight, make_router, own_names
from localku.platform.store import Store
from localku.platform.telemetry import Telemetry
from localku.router.table import RoutingTable

if TYPE_CHECKING:
    from localku.platform.https import Https

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CONSOLE_PATIENCE = 2.0  # seconds that a slow reader of stdout gets at the very end
SHUTDOWN_MARGIN = 3.0
ECHO = 0.1  # seconds: `timeout`, npm and the like send one signal twice, to us and to our group
BROKEN_PIPE = 128 + signal.SIGPIPE
PLATFORM_ERROR, CANNOT_WRITE = 70, 74  # EX_SOFTWARE, EX_IOERR of sysexits.h


class Service(Protocol):
    """Something that lives as long as the platform: the control socket, the file watch."""

    async def start(self) -> None: ...
    async def close(self) -> None: ...


class Platform:
    """Hosts apps. `run` returns the exit status when all is over.

    settings: of the platform itself (router, time). early: dynos of the first app that run already.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        home: Home,
        store: Store,
        hosting: Hosting,
        init: InitClient,
        early: list[EarlyRun],
        sockets: list[socket.socket],
        console: Console,
    ) -> None:
        self.settings = settings
        self.home = home
        self.store = store
        self.hosting = hosting
        self.hub = InitHub(init)
        self.early = early
        self.sockets = sockets
        self.console = console
        self.services: list[Service] = []
        self.on_ready: Callable[[], None] = lambda: None
        self.api_port = 0  # of the API over TCP, once it listens
        self.ca = ""  # the file with the CA whose certificates the API over TCP has
        self._key = ""
        self.https: Https | None = None
        self.status = 0
        self.complaint = ""  # why it ended, for the user, when the status alone does not tell
        self._ending: asyncio.Event | None = None
        self._hurried = False
        self._signalled_at: float | None = None  # the first time, on the loop's clock
        self._init_lost = False
        self._table_due = False
        self._table: RoutingTable | None = None
        self._announced: str | None = None
        self._names = own_names()

    async def run(self) -> int:
        """Run until a signal, a closed stdout or a crash (--exit-on-crash) ends it."""
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(self._unexpected)
        self._ending = asyncio.Event()
        kernel.adopt_orphans()
        self._connect_console()
        for number in ENDING_SIGNALS:
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # nohup asked for it
            self.loop.add_signal_handler(number, self._signalled, number)
        if self.hosting.around.pty:
            self.loop.add_signal_handler(signal.SIGWINCH, self._resized)
        self._first, self.router = make_router(self.settings, self._publish_router, self._publish)
        self.telemetry = Telemetry(
            self.hosting, self.settings.time_scale, partial(in_flight, self.router)
        )
        https = (self.https.port,) if self.https is not None else ()
        self.hosting.router.ports = (self.port, *https)
        self.hosting.router.names = self._names
        try:
            self._begin_apps()
            self._refresh_table()
            await self.router.serve(self.sockets)
            if self.https is not None:
                # with several routers, https is the first one's
                self.https.serve(self._first)
            for service in self.services:
                await service.start()
            # only now: whoever reads the announcement or the greeting may ask at once
            self._announce()
            self.hosting.greet(self.port, *(https or (0,)), self.api_port)
            if self.https is not None and self.https.is_new:
                self.say("https has a CA of its own here: see `localku certs:trust`")
            self.on_ready()
            await self._ending.wait()
        finally:
            await self._wind_up()
        return self.status

    @property
    def port(self) -> int:
        """The router's port."""
        return int(self.sockets[0].getsockname()[1])

    @property
    def key(self) -> str:
        """What clients of the API over TCP have to know. Raises UserError."""
        if not self._key:
            self._key = key.keep(key.path_in(self.home.path))
        return self._key

    @property
    def apps(self) -> dict[str, App]:
        """The apps, by name."""
        return self.hosting.apps

    def end(self, status: int) -> None:
        """Begin the end: stop all dynos and leave with `status`. Again: at once."""
        assert self._ending is not None
        if not self._ending.is_set():
            self.status = status
            self._ending.set()
        elif not self._hurried:
            self._hurried = True
            for supervisor in self.hosting.supervisors:
                supervisor.kill()
            self.hub.signal_strays(SIGNALS["KILL"])

    def say(self, text: str) -> None:
        """A line of the platform's own, on the log of every app."""
        for app in self.apps.values():
            app.say(text)

    # -- the start -----------------------------------------------------------------------------

    def _begin_apps(self) -> None:
        self.hosting.begin(
            self.hub, on_change=self._changed, on_crash=self._crashed, size=terminal_size()
        )
        if self.early:
            self.hosting.supervisors[0].adopt(self.early)
            for app in self.apps.values():
                for runner in app.runners:
                    runner.belongs_to(app.version)
        self.hub.attach(self.loop, self._lost)
        if not self.early:
            for app in self.apps.values():
                app.apply()

    def _connect_console(self) -> None:
        self.console.on_pressure = self._pause
        self.console.on_closed = self._mute
        self.console.start(self.loop)
        if stat.S_ISFIFO(os.fstat(1).st_mode):
            # the poll tells when a pipe's last reader went, before anything is written to it
            self.loop.add_reader(1, self._mute)

    # -- what happens --------------------------------------------------------------------------

    def _pause(self, paused: bool) -> None:
        for supervisor in self.hosting.supervisors:
            supervisor.pause(paused)

    def _resized(self) -> None:
        for supervisor in self.hosting.supervisors:
            supervisor.resize(*terminal_size())

    def _signalled(self, number: int) -> None:
        now = self.loop.time()
        if self._signalled_at is None:
            self._signalled_at = now
        elif now - self._signalled_at < ECHO:
            return
        self.end(128 + number)

    def _mute(self, code: int = errno.EPIPE) -> None:
        """Nobody reads what we say: stop as a program that writes to a closed pipe stops."""
        self.loop.remove_reader(1)
        gone = code in (errno.EPIPE, errno.EIO)
        if not gone:
            self.complaint = f"cannot write its output: {os.strerror(code)}"
        if self._ending is not None and not self._ending.is_set():
            self.end(BROKEN_PIPE if gone else CANNOT_WRITE)

    def _crashed(self, app: App, name: str, status: int) -> None:
        ends_all = app.supervisor is not None and not app.supervisor.backoff.restarts
        if ends_all and self._ending is not None and not self._ending.is_set():
            app.say(f"{name} exited with status {status}: stopping (--exit-on-crash)")
            self.end(status)

    def _lost(self, why: str) -> None:
        text = f"Error R99 (Platform error) -> the init process of the dynos is gone: {why}"
        self._publish(Entry(time.time(), "heroku", "init", sentence(text)))
        self._init_lost = True
        self.end(PLATFORM_ERROR)

    def _unexpected(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        loop.default_exception_handler(context)
        if isinstance(context.get("exception"), Exception):
            self.end(PLATFORM_ERROR)

    def _publish(self, entry: Entry) -> None:
        """An entry of the platform's own, on the log of every app."""
        for app in self.apps.values():
            app.stream.publish(entry)

    def _publish_router(self, app: str, entry: Entry) -> None:
        found = self.apps.get(app)
        if found is not None:
            found.stream.publish(entry)

    def _changed(self) -> None:
        self.telemetry.arm()
        if not self._table_due:
            self._table_due = True
            self.loop.call_soon(self._refresh_table)

    def _announce(self) -> None:
        self._announced = self.hosting.announced
        self.home.announce(self._announced, self.port, self.api_port, self.ca)

    def _refresh_table(self) -> None:
        self._table_due = False
        self.telemetry.changed()
        if self._announced is not None and self.hosting.announced != self._announced:
            self._announce()  # it was renamed
        table = self.hosting.table(self._names)
        if table != self._table:
            self._table = table
            self.router.replace(table)
            if self.https is not None:
                self.https.follow(table.hosts)

    # -- the end -------------------------------------------------------------------------------

    async def _wind_up(self) -> None:
        # a dyno that waits for a slow reader could not heed SIGTERM; lines may be lost for it (L10)
        self.console.on_pressure = lambda _: None
        self.router.draining = True
        self.hosting.let_go()
        self._pause(False)
        services = [service.close() for service in reversed(self.services)]
        self.telemetry.close()
        grace = self.settings.shutdown_grace
        supervisors = self.hosting.supervisors
        if self._init_lost:
            # its dynos are ours now: we are the next subreaper above them
            leaders = [pid for each in supervisors for pid in each.leaders()]
            await self.loop.run_in_executor(None, rites.end_all, leaders)
            for supervisor in supervisors:
                supervisor.abandon()
        self.hub.signal_strays(SIGNALS["TERM"])  # daemons that no dyno can be found for
        try:
            at_most = self.settings.is_default("shutdown_grace")
            dynos = [each.shut_down(grace, at_most=at_most) for each in supervisors]
            stopping = asyncio.gather(*services, *dynos, self.router.close(grace))
            # the supervisors keep the grace by themselves; this bound is for a fault of our own
            await asyncio.wait_for(stopping, grace + SHUTDOWN_MARGIN)
            self.hub.signal_strays(SIGNALS["KILL"])
        finally:
            await self.hosting.drain(0.0 if self._hurried else FLUSH)
            await self.loop.run_in_executor(None, self.hub.init.close)
            await self.hosting.close()
            self.console.close(CONSOLE_PATIENCE)
            self.store.close()
            self.home.close()


def _addresses(scheme: str, app: str, port: int) -> str:
    return f"{scheme}://localhost:{port} and {scheme}://{app}.localhost:{port}"


def terminal_size() -> tuple[int, int]:
    """Rows and columns of localku's own terminal, or 24 and 80."""
    try:
        size = os.get_terminal_size(1)
    except OSError:
        return 24, 80
    return (size.lines, size.columns) if size.lines and size.columns else (24, 80)
