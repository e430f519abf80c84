"""One app on the platform: what is kept of it, and what runs of it. What the API shows and changes.

Everything that changes the app comes through here or through the modules beside it (releasing,
features, domains): checked first, then written in one transaction, then said on the log stream as
Heroku's API does (`app[api]`), then carried out by one `apply` of the supervisor.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from localku.dynos.oneoff import OneOff
from localku.dynos.runner import Runner
from localku.dynos.supervisor import Supervisor
from localku.errors import UserError
from localku.logs.entry import Entry
from localku.logs.secrets import hidden
from localku.logs.stream import LogStream
from localku.logs.words import sentence
from localku.manifest.manifest import Manifest
from localku.metrics.metrics import Metrics
from localku.platform import capping, features
from localku.platform.bent import Bent
from localku.platform.catalog import DEFAULT_SIZE
from localku.platform.plan import Surroundings, dyno_specs
from localku.platform.state import AppState, Domain, Process
from localku.platform.store import Store
from localku.router.policy import POLICIES
from localku.router.table import AppRoute, Upstream

if TYPE_CHECKING:
    from localku.platform.drains import Drains

DEFAULT_USER = "you@localhost"
DEFAULT_ROUTING = POLICIES[0]


class App:
    """One app. manifest: what its folder says, None for an app without code.

    Times are seconds since the epoch; quantities are whole numbers from 0.
    """

    def __init__(
        self,
        state: AppState,
        store: Store,
        stream: LogStream,
        around: Surroundings,
        manifest: Manifest | None = None,
    ) -> None:
        self.state = state
        self.store = store
        self.stream = stream
        self.metrics = Metrics()
        self.around = around
        self.manifest = manifest
        self.processes: dict[str, Process] = store.formation(state.id)
        self.domains: list[Domain] = store.domains(state.id)
        self.switches = store.switches(state.id)
        newest = store.releases(state.id, 1)
        self.version = newest[0].version if newest else 0
        self.supervisor: Supervisor | None = None
        self.drains: Drains  # given by who hosts it
        self.on_change: Callable[[], None] = lambda: None  # the router has to look again
        self.said_of_caps: list[str] = []
        self.bent = Bent()
        self._affinity_key = os.urandom(32)

    # -- what it says --------------------------------------------------------------------------

    def say(self, text: str, when: float | None = None) -> None:
        """A line of `app[api]`, without its secrets. when: seconds since the epoch; now by
        default."""
        moment = time.time() if when is None else when
        self.stream.publish(Entry(moment, "app", "api", sentence(hidden(text, self.config))))

    # -- what there is -------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """A UUID, the same for as long as the app is there."""
        return self.state.id

    @property
    def name(self) -> str:
        """Its name, unique on the platform."""
        return self.state.name

    @property
    def config(self) -> dict[str, str]:
        """The config vars in force."""
        return self.state.config

    @property
    def commands(self) -> Mapping[str, str]:
        """The Procfile: type to command, in its order, without the release command."""
        if self.manifest is None:
            return {}
        entries = self.manifest.entries.items()
        return {kind: entry.command for kind, entry in entries if kind != "release"}

    def quantity(self, kind: str) -> int:
        """How many dynos of a process type are wanted."""
        process = self.processes.get(kind)
        return process.quantity if process is not None else 0

    def size(self, kind: str) -> str:
        """The dyno size of a process type."""
        process = self.processes.get(kind)
        return (process.size if process is not None else "") or DEFAULT_SIZE

    @property
    def chosen_sizes(self) -> dict[str, str]:
        """The sizes that somebody chose, by process type."""
        return {kind: each.size for kind, each in self.processes.items() if each.size}

    @property
    def formation(self) -> dict[str, int]:
        """The quantity of every process type of the Procfile, `release` among them."""
        types = self.manifest.types if self.manifest is not None else []
        return {kind: self.quantity(kind) for kind in types}

    @property
    def runners(self) -> list[Runner]:
        """The dynos of the formation in `ps` order."""
        runners = self.supervisor.runners.values() if self.supervisor else ()
        order = self.manifest.types if self.manifest is not None else []
        return sorted(runners, key=lambda r: (_place(order, r.spec.type), _number(r.spec.name)))

    @property
    def oneoffs(self) -> dict[str, OneOff]:
        """The one-off dynos that live, by name."""
        return self.supervisor.oneoffs if self.supervisor is not None else {}

    @property
    def time_scale(self) -> float:
        """By what every time is multiplied."""
        return self.manifest.settings.time_scale if self.manifest is not None else 1.0

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names under which the router finds it."""
        given = self.manifest.settings.domain if self.manifest is not None else []
        own = (each.hostname for each in self.domains)
        return tuple(dict.fromkeys((f"{self.name}.localhost", *given, *own)))

    @property
    def routing(self) -> str:
        """The routing policy in force."""
        chosen = self.state.routing
        if chosen or self.manifest is None:
            return chosen or DEFAULT_ROUTING
        return self.manifest.settings.routing

    def route(self) -> AppRoute:
        """What the router has to know."""
        serving = self.supervisor.serving if self.supervisor is not None else []
        web = sorted((r for r in serving if r.spec.binds), key=lambda r: _number(r.spec.name))
        upstreams = tuple(
            Upstream(r.spec.name, *self.bent.address(r, r.current), r.current.key)
            for r in web
            if r.state == "up" and r.current is not None
        )
        states = [runner.state for runner in web if not runner.leaving]
        return AppRoute(
            self.name,
            upstreams,
            quantity=self.quantity("web"),
            starting=states.count("starting"),
            crashed=states.count("crashed"),
            maintenance=self.state.maintenance,
            blank=self.manifest is None,
            error_page_url=self.config.get("ERROR_PAGE_URL", ""),
            maintenance_page_url=self.config.get("MAINTENANCE_PAGE_URL", ""),
            policy=self.routing,
            affinity=self._affinity_key if features.is_on(self, features.AFFINITY) else b"",
        )

    # -- what changes it -----------------------------------------------------------------------

    def apply(self, *, refresh: bool = False) -> None:
        """Make what runs equal to the formation. refresh: crashed dynos start again, too."""
        if self.supervisor is None:
            return
        specs = []
        if self.manifest is not None:
            env = {**self.config, **features.metadata(self), **self.bent.env}
            specs = dyno_specs(
                *(self.manifest, self.formation, env, self.around),
                *(self.version, self.chosen_sizes),
            )
            self.bent.bend(specs)
        self.supervisor.preboot = features.is_on(self, features.PREBOOT)
        self.supervisor.apply(specs, refresh=refresh)
        capping.announce(self)

    def update(self, **changes: object) -> None:
        """Change fields of the state, in a transaction of its own."""
        state = replace(self.state, updated_at=time.time(), **changes)  # type: ignore[arg-type]
        with self.store.change() as change:
            change.save_app(state)
        self.state = state

    def scale(
        self,
        quantities: Mapping[str, int],
        user: str = DEFAULT_USER,
        sizes: Mapping[str, str] | None = None,
    ) -> None:
        """Change quantities and sizes. UserError for a type that the Procfile does not have."""
        sizes = sizes or {}
        for name in (*quantities, *sizes):
            if name not in self.commands:
                raise UserError(f"Couldn't find that process type ({name}).")
        now = time.time()
        fresh = {}
        for name in dict.fromkeys((*quantities, *sizes)):
            known = self.processes.get(name)
            fresh[name] = Process(
                name,
                quantities.get(name, self.quantity(name)),
                sizes.get(name) or (known.size if known is not None else ""),
                known.created_at if known is not None else now,
                now,
            )
        with self.store.change() as change:
            for process in fresh.values():
                change.save_process(self.id, process)
        self.processes = {**self.processes, **fresh}
        self.say(f"Scaled to {self.described_formation()} by user {user}", now)
        self.apply()

    def maintain(self, on: bool, user: str = DEFAULT_USER) -> None:
        """Maintenance mode: every request is answered with H80 while the dynos run on."""
        if on != self.state.maintenance:
            self.update(maintenance=on)
            self.say(f"Maintenance mode {'enabled' if on else 'disabled'} by user {user}")
            self.on_change()

    def route_by(self, policy: str, user: str = DEFAULT_USER) -> None:
        """Use another routing policy from the next request on. UserError for an unknown one."""
        if policy not in POLICIES:
            raise UserError(f"No such routing policy: it is one of {', '.join(POLICIES)}.")
        if policy != self.routing:
            self.update(routing=policy)
            self.say(f"Routing {policy} by user {user}")
            self.on_change()

    def described_formation(self) -> str:
        """`web@2:Standard-1X worker@1:Standard-1X`: the whole formation in alphabetical order."""
        kinds = sorted(self.commands)
        return " ".join(f"{kind}@{self.quantity(kind)}:{self.size(kind)}" for kind in kinds)

    def restart(self, which: str = "") -> list[str]:
        """Restart a dyno (`web.1`), a type (`web`) or all (""); returns the names.

        UserError when there is none of that name.
        """
        oneoff = self.oneoffs.get(which)
        if oneoff is not None:
            oneoff.stop()
            return [which]
        picked = self._pick(which)
        for runner in picked:
            self.restart_runner(runner)
        return [runner.spec.name for runner in picked]

    def restart_runner(self, runner: Runner) -> None:
        """Restart one dyno; with preboot, the new run is up before the old one stops."""
        if self.supervisor is not None:
            self.supervisor.restart(runner)

    def stop(self, which: str) -> list[str]:
        """Stop a dyno or a type; returns the names. As on Heroku's Common Runtime it then starts
        again by itself, since the formation still has it: scaling is what keeps a dyno down. A
        one-off dyno stays down.

        UserError when there is none of that name.
        """
        oneoff = self.oneoffs.get(which)
        if oneoff is not None:
            oneoff.stop()
            return [which]
        picked = self._pick(which)
        for runner in picked:
            if runner.state in ("starting", "up"):
                runner.stop()
                runner.start()
            else:
                runner.restart()  # crashed: there is nothing to stop, its cool-off ends
        return [runner.spec.name for runner in picked]

    def _pick(self, which: str) -> list[Runner]:
        names = ("", *self.commands)
        runners = [r for r in self.runners if not r.leaving]
        picked = [r for r in runners if which in ("", r.spec.name, r.spec.type)]
        if not picked and which not in names:
            raise UserError(f"Couldn't find that process ({which}).")
        return picked


def _place(order: list[str], kind: str) -> int:
    return order.index(kind) if kind in order else len(order)


def _number(name: str) -> int:
    tail = name.rpartition(".")[2]
    return int(tail) if tail.isdigit() else 0
