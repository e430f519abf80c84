"""The half of `localku platform` that runs: all apps of the state, each from its own folder."""

from __future__ import annotations

import asyncio
import socket
import time
from _socket import socket as Socket
from typing import TYPE_CHECKING

from localku.cli.running import colored, doors_of
from localku.dynos.early import raise_limit
from localku.dynos.process import InitClient
from localku.errors import UserError
from localku.logs.console import Console
from localku.logs.entry import Entry
from localku.logs.format import Formatter
from localku.logs.palette import Palette
from localku.logs.words import sentence
from localku.manifest import manifest as manifests
from localku.manifest.manifest import Manifest
from localku.manifest.settings import Settings
from localku.platform.app import App
from localku.platform.home import Home
from localku.platform.hosting import Hosting
from localku.platform.plan import Surroundings
from localku.platform.platform import Platform
from localku.platform.state import AppState
from localku.platform.store import Store

if TYPE_CHECKING:
    from localku.cli.platform_log import LogFile

# variables of `localku start` that are about one app: they must not be about all
OF_AN_APP = ("APP", "ROOT", "PROCFILE", "ENV", "CONFIG", "FORMATION", "DOMAIN", "PORT_BASE")


class Named:
    """A reader of one app's stream that passes all on with the app's name: `app[shop/web.1]`."""

    def __init__(self, app: App, console: Console, file: LogFile | None) -> None:
        self._app = app
        self._console = console
        self._file = file

    def offer(self, entry: Entry) -> None:
        """Show it."""
        name = f"{self._app.name}/{entry.dyno}" if entry.dyno else self._app.name
        shown = Entry(entry.time, entry.source, name, entry.data, entry.continues)
        if self._file is not None:
            self._file.offer(shown)
        self._console.offer(shown)


class Many:
    """What `localku platform` has worked out. given: its flags, which hold for every app."""

    def __init__(
        self,
        settings: Settings,
        given: dict[str, object],
        around: Surroundings,
        home: Home,
        file: LogFile | None,
    ) -> None:
        self.settings = settings
        self.given = given
        self.around = around
        self.home = home
        self.file = file
        palette = Palette() if colored(settings) else None
        self.console = Console(1, Formatter(settings.format, palette))
        self.environ = {
            key: value
            for key, value in around.environ.items()
            if key.removeprefix("LOCALKU_") not in OF_AN_APP or not key.startswith("LOCALKU_")
        }

    def run(
        self, bound: list[Socket], secure: list[Socket], doors: list[Socket], init: InitClient
    ) -> int:
        """Run the platform until it ends; returns the exit status. secure: for https, or none.
        doors: for the API over TCP. Raises UserError."""
        sockets, https_sockets, gates = (
            [socket.socket(fileno=each.detach()) for each in group]
            for group in (bound, secure, doors)
        )
        store = Store(self.home.database)
        hosting = Hosting(
            self.settings, store, self.around, only=False, read=self._read, watch=self._watch
        )
        for state in store.apps():
            self._host(hosting, state)
        platform = Platform(
            self.settings,
            home=self.home,
            store=store,
            hosting=hosting,
            init=init,
            early=[],
            sockets=sockets,
            console=self.console,
        )
        if https_sockets:
            from localku.platform.https import Https

            hosts = [host for app in hosting.apps.values() for host in app.hosts]
            platform.https = Https(https_sockets, hosts, self.settings.http2, platform.say)
        platform.services += doors_of(platform, self.home.socket, gates)
        platform.on_ready = lambda: self._greet(platform)
        raise_limit()
        status = asyncio.run(platform.run())
        if platform.complaint:
            raise UserError(platform.complaint, status=status)
        return status

    def _read(self, root: str) -> Manifest:
        return manifests.load({**self.given, "root": root}, self.environ)

    def _watch(self, app: App) -> None:
        app.stream.subscribe(Named(app, self.console, self.file))

    def _host(self, hosting: Hosting, state: AppState) -> None:
        """Host an app of the state; one whose folder cannot be read is there without its code."""
        trouble: list[str] = []
        manifest = None
        if state.root:
            try:
                manifest = self._read(state.root)
            except UserError as error:
                trouble = str(error).splitlines()
        try:
            app = hosting.add(state, manifest)
        except UserError as error:
            trouble = str(error).splitlines()
            app = hosting.add(state, None)
        for line in trouble:
            app.say(f"No code: {line}")
        if trouble:
            app.say(f"When that is mended: localku apps:source {state.root} -a {state.name}")

    def _greet(self, platform: Platform) -> None:
        count = len(platform.apps)
        apps = f"{count or 'no'} app{'' if count == 1 else 's'}"
        place = f"http://APP.localhost:{platform.port}"
        text = f"Running {apps} on {place}, state in {self.home.path}"
        self.console.offer(Entry(time.time(), "heroku", "platform", sentence(text)))
