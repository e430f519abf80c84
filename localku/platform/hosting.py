"""The apps of a platform: which there are, how they come and go, and the router's table of them.

`localku start` hosts the one app of its folder, `localku platform` any number, each with the folder
of its code, or none yet.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Container
from dataclasses import replace

from localku.dynos.backoff import BackoffPolicy
from localku.dynos.hub import InitHub
from localku.dynos.supervisor import Supervisor
from localku.errors import UserError
from localku.logs.history import HistoryFile
from localku.logs.keeper import Keeper
from localku.logs.stream import LogStream
from localku.manifest.appname import checked
from localku.manifest.manifest import Manifest
from localku.manifest.settings import Settings
from localku.platform import capping, releasing
from localku.platform.app import DEFAULT_USER, App
from localku.platform.drains import Drains, Router
from localku.platform.plan import Surroundings
from localku.platform.state import AppState
from localku.platform.store import Store
from localku.platform.telemetry import CHANGED
from localku.router.table import RoutingTable

PORTS_PER_APP = 1000  # between the first dynos' ports of two apps
HISTORY = "history"  # the folder, beside the state, with the files of each app's log

Crashed = Callable[[App, str, int], None]


class Hosting:
    """All apps, by name. settings: the platform's. only: `localku start`: one app, at the bare
    port. watch(app): told of each stream that there is, so that somebody can show it."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        around: Surroundings,
        *,
        only: bool,
        read: Callable[[str], Manifest],
        watch: Callable[[App], None],
    ) -> None:
        self.settings = settings
        self.store = store
        self.around = around
        self.only = only
        self.apps: dict[str, App] = {}
        self._read = read
        self._watch = watch
        self.router = Router()
        self.before_end: list[Callable[[], None]] = []  # called when the platform's end begins
        self.on_destroy: list[Callable[[App], None]] = []  # told of an app that goes
        self.on_gone: list[Callable[[App], Awaitable[None]]] = []  # told when its dynos have gone
        self._hub: InitHub | None = None
        self._on_change: Callable[[], None] = lambda: None
        self._on_crash: Crashed = lambda app, dyno, status: None
        self._size = (24, 80)
        self._count = 0
        self._leaving: set[asyncio.Task[None]] = set()
        self._keepers: dict[str, Keeper] = {}  # by the app's id
        self._histories = os.path.join(os.path.dirname(store.path), HISTORY)

    @property
    def supervisors(self) -> list[Supervisor]:
        """Of all apps that have begun."""
        return [app.supervisor for app in self.apps.values() if app.supervisor is not None]

    @property
    def announced(self) -> str:
        """The app that commands mean when they name none, or ""."""
        return next(iter(self.apps)) if self.only else ""

    def table(self, names: frozenset[str]) -> RoutingTable:
        """What the router has to know. names: of this machine."""
        routes = {app.name: app.route() for app in self.apps.values()}
        hosts = {host: routes[app.name] for app in self.apps.values() for host in app.hosts}
        default = next(iter(routes.values())) if self.only else None
        return RoutingTable(hosts, default, names)

    # -- the start -----------------------------------------------------------------------------

    def add(self, state: AppState, manifest: Manifest | None) -> App:
        """Host an app that is in the store. Its dynos begin with `begin`, or at once if that was.

        What its files say now is taken over, and said.
        """
        offset = PORTS_PER_APP * self._count
        self._count += 1
        around = Surroundings(
            self.around.environ, self.around.router_port + offset, pty=self.around.pty
        )
        app = App(state, self.store, LogStream(), around)
        self._keep(app)
        self._watch(app)
        settings = manifest.settings if manifest is not None else self.settings
        app.drains = Drains(app, settings, self.router)
        app.stream.subscribe(app.metrics)
        if manifest is not None:
            releasing.adopt(app, manifest, asked=manifest.asked)
        self.apps[app.name] = app
        if self._hub is not None:
            self._keepers[app.id].start()
            self._supervise(app)
            app.drains.begin()
            app.apply()
            self._on_change()
        return app

    def _keep(self, app: App) -> None:
        """Have its log go on where it ended in the platform's last run."""
        keeper = Keeper(app.stream, HistoryFile(os.path.join(self._histories, app.id)))
        keeper.say = app.say
        self._keepers[app.id] = keeper

    def begin(
        self,
        hub: InitHub,
        *,
        on_change: Callable[[], None],
        on_crash: Crashed,
        size: tuple[int, int],
    ) -> None:
        """The event loop runs: give every app its supervisor. size: of the dynos' terminals."""
        self._hub, self._on_change, self._on_crash = hub, on_change, on_crash
        self._size = size
        for app in self.apps.values():
            self._supervise(app)
            self._keepers[app.id].start()
            app.drains.begin()
        sweep(self._histories, self._keepers)

    def let_go(self) -> None:
        """The platform's end begins."""
        for call in self.before_end:
            call()

    async def close(self) -> None:
        """All has been said: write what is not on disk yet."""
        await asyncio.gather(*(keeper.close() for keeper in self._keepers.values()))

    async def drain(self, patience: float) -> None:
        """What was said last goes to the log drains, for at most patience seconds; they end."""
        closing = (app.drains.close(patience) for app in self.apps.values())
        gone = (tell(app) for app in self.apps.values() for tell in self.on_gone)
        await asyncio.gather(*closing, *gone, *self._leaving, return_exceptions=True)

    def _supervise(self, app: App) -> None:
        assert self._hub is not None
        settings = app.manifest.settings if app.manifest is not None else self.settings
        app.supervisor = Supervisor(
            self._hub,
            publish=app.stream.publish,
            on_change=self._on_change,
            on_crash=lambda dyno, status: self._on_crash(app, dyno, status),
            backoff=BackoffPolicy(
                settings.backoff_first,
                settings.backoff_max,
                settings.backoff_reset,
                restarts=not settings.exit_on_crash,
            ),
            partial_after=settings.partial_line,
            size=self._size,
        )
        app.on_change = self._on_change

    def greet(self, port: int, https: int = 0, api: int = 0) -> None:
        """Say where the apps are. port: the router's. https: its port for https, 0 without. api:
        the port of the API over TCP, 0 without."""
        door = f", dashboard and API on http://127.0.0.1:{api}" if api else ""
        for app in self.apps.values():
            places = self._places(app, "http", port)
            if https:
                places += f", {self._places(app, 'https', https)}"
            for place, text in app.manifest.warnings if app.manifest is not None else ():
                app.say(f"{place}: {text}")
            capping.announce(app)
            app.say(f"Running {app.described_formation() or 'no dynos'} on {places}{door}")

    def _places(self, app: App, scheme: str, port: int) -> str:
        place = f"{scheme}://{app.name}.localhost:{port}"
        return f"{scheme}://localhost:{port} and {place}" if self.only else place

    # -- apps come and go ----------------------------------------------------------------------

    def create(self, name: str, root: str = "", user: str = DEFAULT_USER) -> App:
        """A new app. root: the folder of its code, or "". UserError: a bad or taken name, a folder
        that is none, or a platform that has its one app."""
        self._refuse_only("create")
        name = self._free(name)
        manifest = self._read(root) if root else None
        if manifest is not None:
            releasing.check_config(manifest.env)  # before anything of it is there
        state = releasing.new_state(name, root, time.time())
        with self.store.change() as change:
            releasing.create(change, state, user)
        app = self.add(state, manifest)
        app.say(f"Release v1 created by user {user}", state.created_at)
        app.say(f"{releasing.INITIAL} by user {user}", state.created_at)
        return app

    def rename(self, app: App, name: str) -> None:
        """Give an app another name. UserError: a bad or taken one."""
        if name == app.name:
            return
        name = self._free(name)
        before = app.name
        app.update(name=name)
        self.apps = {each.name: each for each in self.apps.values()}
        app.say(f"Renamed from {before} to {name}")
        self._on_change()

    def source(self, app: App, root: str) -> None:
        """Use the code of another folder. UserError when there is no app in it."""
        manifest = self._read(root)
        for line in releasing.adopt(app, manifest):
            app.say(line)
        app.apply(refresh=True)
        self._on_change()

    def destroy(self, app: App) -> None:
        """End an app's dynos and forget it. UserError on a platform that has this one only."""
        self._refuse_only("destroy")
        with self.store.change() as change:
            change.remove_app(app.id)
        for tell in self.on_destroy:
            tell(app)
        del self.apps[app.name]
        self._keepers.pop(app.id).forget()
        app.metrics.close()
        app.metrics.tell(CHANGED, {})  # who looks on sees that it has gone
        self._on_change()
        leaving = asyncio.get_running_loop().create_task(self._leave(app))
        self._leaving.add(leaving)  # the supervisor goes when its dynos have gone
        leaving.add_done_callback(self._leaving.discard)

    async def _leave(self, app: App) -> None:
        if app.supervisor is not None:
            await app.supervisor.shut_down(self.settings.shutdown_grace)
        for tell in self.on_gone:
            await tell(app)
        await app.drains.close()

    def _refuse_only(self, what: str) -> None:
        if self.only:
            raise UserError(
                f"`localku start` runs the one app of its folder: to {what} apps, "
                "run `localku platform`."
            )

    def _free(self, name: str) -> str:
        try:
            name = checked(name, "")
        except UserError as error:
            raise UserError(f"Name is invalid: {error.hint}.") from None
        if name in self.apps:
            raise UserError(f"Name {name} is already taken.")
        return name


def sweep(folder: str, known: Container[str]) -> None:
    """Remove the histories of apps that there are no more: the platform was killed meanwhile."""
    try:
        names = os.listdir(folder)
    except OSError:
        return  # there is none yet
    for name in names:
        if name.removesuffix(".1") not in known:
            os.unlink(os.path.join(folder, name))


def folder_state(store: Store, manifest: Manifest) -> AppState:
    """The one app of a folder's state; made when there is none yet. A name that was given with a
    flag or in localku.yml wins over the one in the state."""
    states = store.apps()
    given = manifest.settings.origin("app") != "default"
    if not states:
        state = releasing.new_state(manifest.app, manifest.root, time.time())
        with store.change() as change:
            releasing.create(change, state)
        return state
    state = states[0]
    if given and manifest.app != state.name:
        state = replace(state, name=manifest.app, updated_at=time.time())
        with store.change() as change:
            change.save_app(state)
    return state
