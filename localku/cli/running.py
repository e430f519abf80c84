"""The slow half of `localku start`: event loop, platform, services. Imported while dynos boot."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from _socket import socket as Socket

from localku.api.control import ControlSocket
from localku.api.gate import Gate
from localku.api.serving import Serving
from localku.dynos.early import EarlyRun, raise_limit
from localku.dynos.process import InitClient
from localku.errors import UserError
from localku.logs.console import Console
from localku.logs.format import Formatter
from localku.logs.palette import Palette
from localku.manifest import manifest as manifests
from localku.manifest.manifest import Manifest
from localku.manifest.settings import Settings
from localku.platform.certificate import Certificate
from localku.platform.home import Home
from localku.platform.hosting import Hosting, folder_state
from localku.platform.plan import Surroundings
from localku.platform.platform import Platform, Service
from localku.platform.store import Store


class Start:
    """What `localku start` has worked out before the slow half is there.

    given, only: the parsed command line, for reading everything again when a file changes.
    began: when reading started, seconds since the epoch.
    """

    def __init__(
        self,
        manifest: Manifest,
        given: dict[str, object],
        only: list[str],
        around: Surroundings,
        home: Home,
        began: float,
    ) -> None:
        self.manifest = manifest
        self.given = given
        self.only = only
        self.around = around
        self.home = home
        self.began = began

    def _read(self, root: str) -> Manifest:
        return manifests.load({**self.given, "root": root}, os.environ, self.only)

    def run(
        self,
        bound: list[Socket],
        secure: list[Socket],
        doors: list[Socket],
        init: InitClient,
        runs: list[EarlyRun],
    ) -> int:
        """Run the platform until it ends; returns the exit status. secure: for https, or none.
        doors: for the API over TCP."""
        # the start path has no time for the `socket` module; its protocol number must stay TCP
        sockets, https_sockets, gates = (
            [socket.socket(fileno=each.detach()) for each in group]
            for group in (bound, secure, doors)
        )
        settings = self.manifest.settings
        console = Console(1, _formatter(self.manifest, settings))
        store = Store(self.home.database)
        hosting = Hosting(
            settings,
            store,
            self.around,
            only=True,
            read=self._read,
            watch=lambda app: app.stream.subscribe(console),
        )
        app = hosting.add(folder_state(store, self.manifest), self.manifest)
        platform = Platform(
            settings,
            home=self.home,
            store=store,
            hosting=hosting,
            init=init,
            early=runs,
            sockets=sockets,
            console=console,
        )
        if https_sockets:
            from localku.platform.https import Https

            platform.https = Https(https_sockets, app.hosts, settings.http2, app.say)
        platform.services += doors_of(platform, self.home.socket, gates)
        if self.manifest.settings.watch:
            from localku.platform.reload import Reloader

            platform.services.append(Reloader(app, self.given, self.only, self.began))
        raise_limit()  # a router under load has many connections open
        gc.freeze()  # what was imported stays: no collection need look at it again
        gc.enable()
        status = asyncio.run(platform.run())
        if platform.complaint:
            raise UserError(platform.complaint, status=status)
        return status


def doors_of(platform: Platform, path: str, sockets: list[socket.socket]) -> list[Service]:
    """The API: its server, and its doors at a Unix socket and at bound TCP sockets."""
    serving, certificate = Serving(platform), Certificate(os.environ)
    platform.ca = certificate.ca
    gate = Gate(platform, serving, sockets, certificate.context, serving.meet)
    return [serving, ControlSocket(serving, path), gate]


def _formatter(manifest: Manifest, settings: Settings) -> Formatter:
    widest = max((len(name) + 2 for name in manifest.entries), default=8)
    palette = Palette(manifest.entries) if colored(settings) else None
    return Formatter(settings.format, palette, widest)


def colored(settings: Settings) -> bool:
    """Whether stdout is to have colours. NO_COLOR: https://no-color.org."""
    if settings.color == "auto":
        return os.isatty(1) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return settings.color == "always"
