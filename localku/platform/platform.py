"""The platform process: ties one app's supervisor, router and log stream together, and ends them.

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
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from localku.dynos import kernel, rites
from localku.dynos.backoff import BackoffPolicy
from localku.dynos.early import EarlyRun
from localku.dynos.metering import EVERY, Metering
from localku.dynos.process import InitClient
from localku.dynos.supervisor import Supervisor
from localku.logs.console import Console
from localku.logs.entry import Entry
from localku.manifest.settings import Settings
from localku.platform.app import App
from localku.platform.home import Home
from localku.router.router import Router
from localku.router.settings import RouterSettings
from localku.router.table import AppRoute, RoutingTable

if TYPE_CHECKING:
    from localku.platform.https import Https

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CONSOLE_PATIENCE = 2.0  # seconds that a slow reader of stdout gets at the very end
SHUTDOWN_MARGIN = 3.0
BROKEN_PIPE = 128 + signal.SIGPIPE
PLATFORM_ERROR, CANNOT_WRITE = 70, 74  # EX_SOFTWARE, EX_IOERR of sysexits.h


class Service(Protocol):
    """Something that lives as long as the platform: the control socket, the file watch."""

    async def start(self) -> None: ...
    async def close(self) -> None: ...


class Platform:
    """Hosts one app. `run` returns the exit status when all is over."""

    def __init__(
        self,
        app: App,
        *,
        home: Home,
        init: InitClient,
        early: list[EarlyRun],
        sockets: list[socket.socket],
        console: Console,
    ) -> None:
        self.app = app
        self.home = home
        self.init = init
        self.early = early
        self.sockets = sockets
        self.console = console
        self.services: list[Service] = []
        self.https: Https | None = None
        self.status = 0
        self.complaint = ""  # why it ended, for the user, when the status alone does not tell
        self._ending: asyncio.Event | None = None
        self._hurried = False
        self._init_lost = False
        self._table_due = False
        self._route: AppRoute | None = None

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.app.manifest.settings

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
        self.supervisor = self._supervise()
        self.router = Router(_router_settings(self.settings), self._publish_router)
        try:
            self.supervisor.adopt(self.early)
            self._refresh_table()
            await self.router.serve(self.sockets)
            if self.https is not None:
                self.https.serve(self.router)
            for service in self.services:
                await service.start()
            # only now: whoever reads the announcement or the greeting may ask at once
            self.home.announce(self.app.name, self.port)
            self._greet()
            await self._ending.wait()
        finally:
            await self._wind_up()
        return self.status

    @property
    def port(self) -> int:
        """The router's port."""
        return int(self.sockets[0].getsockname()[1])

    def end(self, status: int) -> None:
        """Begin the end: stop all dynos and leave with `status`. Again: at once."""
        assert self._ending is not None
        if not self._ending.is_set():
            self.status = status
            self._ending.set()
        elif not self._hurried:
            self._hurried = True
            self.supervisor.kill()

    # -- the start -----------------------------------------------------------------------------

    def _supervise(self) -> Supervisor:
        settings = self.settings
        policy = BackoffPolicy(settings.backoff_first, settings.backoff_max, settings.backoff_reset)
        supervisor = Supervisor(
            self.init,
            publish=self.app.stream.publish,
            on_change=self._changed,
            on_crash=self._crashed,
            on_lost=self._lost,
            backoff=policy,
            partial_after=settings.partial_line,
            size=terminal_size(),
        )
        self.app.supervisor = supervisor
        self.metering = Metering(supervisor.runners.values, EVERY * settings.time_scale)
        if self.app.around.pty:
            self.loop.add_signal_handler(
                signal.SIGWINCH, lambda: supervisor.resize(*terminal_size())
            )
        return supervisor

    def _connect_console(self) -> None:
        self.console.on_pressure = lambda on: self.supervisor.pause(on)
        self.console.on_closed = self._mute
        self.console.start(self.loop)
        if stat.S_ISFIFO(os.fstat(1).st_mode):
            # the poll tells when a pipe's last reader went, before anything is written to it
            self.loop.add_reader(1, self._mute)

    def _greet(self) -> None:
        places = _addresses("http", self.app.name, self.port)
        if self.https is not None:
            places += f", {_addresses('https', self.app.name, self.https.port)}"
        for place, text in self.app.manifest.warnings:
            self.app.say(f"{place}: {text}")
        if self.https is not None and self.https.is_new:
            self.app.say("https has a CA of its own here: see `localku certs:trust`")
        self.app.say(f"Running {self.app.described_formation() or 'no dynos'} on {places}")

    # -- what happens --------------------------------------------------------------------------

    def _signalled(self, number: int) -> None:
        self.end(128 + number)

    def _mute(self, code: int = errno.EPIPE) -> None:
        """Nobody reads what we say: stop as a program that writes to a closed pipe stops."""
        self.loop.remove_reader(1)
        gone = code in (errno.EPIPE, errno.EIO)
        if not gone:
            self.complaint = f"cannot write its output: {os.strerror(code)}"
        if self._ending is not None and not self._ending.is_set():
            self.end(BROKEN_PIPE if gone else CANNOT_WRITE)

    def _crashed(self, name: str, status: int) -> None:
        if self.settings.exit_on_crash and self._ending is not None and not self._ending.is_set():
            self.app.say(f"{name} exited with status {status}: stopping (--exit-on-crash)")
            self.end(status)

    def _lost(self, why: str) -> None:
        text = f"Error R99 (Platform error) -> the init process of the dynos is gone: {why}\n"
        self.app.stream.publish(Entry(time.time(), "heroku", "init", text.encode()))
        self._init_lost = True
        self.end(PLATFORM_ERROR)

    def _unexpected(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        loop.default_exception_handler(context)
        if isinstance(context.get("exception"), Exception):
            self.end(PLATFORM_ERROR)

    def _publish_router(self, app: str, entry: Entry) -> None:
        self.app.stream.publish(entry)

    def _changed(self) -> None:
        self.metering.arm()
        if not self._table_due:
            self._table_due = True
            self.loop.call_soon(self._refresh_table)

    def _refresh_table(self) -> None:
        self._table_due = False
        route = self.app.route()
        if route == self._route:
            return
        self._route = route
        self.router.replace(RoutingTable({f"{self.app.name}.localhost": route}, route))

    # -- the end -------------------------------------------------------------------------------

    async def _wind_up(self) -> None:
        # a dyno that waits for a slow reader could not heed SIGTERM; lines may be lost for it (L10)
        self.console.on_pressure = lambda _: None
        self.supervisor.pause(False)
        services = [service.close() for service in reversed(self.services)]
        self.metering.close()
        grace = self.settings.shutdown_grace
        if self._init_lost:
            # its dynos are ours now: we are the next subreaper above them
            await self.loop.run_in_executor(None, rites.end_all, self.supervisor.leaders())
            self.supervisor.abandon()
        try:
            dynos = (self.supervisor.shut_down(grace), self.router.close(grace))
            stopping = asyncio.gather(*services, *dynos)
            # the supervisor keeps the grace by itself; this bound is for a fault of our own
            await asyncio.wait_for(stopping, grace + SHUTDOWN_MARGIN)
        finally:
            await self.loop.run_in_executor(None, self.init.close)
            self.console.close(CONSOLE_PATIENCE)
            self.home.close()


def _addresses(scheme: str, app: str, port: int) -> str:
    return f"{scheme}://localhost:{port} and {scheme}://{app}.localhost:{port}"


def _router_settings(settings: Settings) -> RouterSettings:
    """The router's numbers: its own ones scaled, those of the table as they were given."""
    own = RouterSettings().scaled(settings.time_scale)
    return replace(
        own,
        request_timeout=settings.request_timeout,
        idle_timeout=settings.idle_timeout,
        connect_timeout=settings.connect_timeout,
        quarantine=settings.quarantine,
        boot_wait=settings.boot_wait,
        log_format=settings.router_log,
    )


def terminal_size() -> tuple[int, int]:
    """Rows and columns of localku's own terminal, or 24 and 80."""
    try:
        size = os.get_terminal_size(1)
    except OSError:
        return 24, 80
    return (size.lines, size.columns) if size.lines and size.columns else (24, 80)
