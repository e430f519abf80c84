"""One app on the platform: its formation, and what runs of it. What the API shows and changes.

Everything that changes the app comes through here, says so on the log stream as Heroku's API
does (`app[api]`), and ends in one `apply` of the supervisor.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping

from localku.dynos.runner import Runner
from localku.dynos.supervisor import Supervisor
from localku.errors import UserError
from localku.logs.entry import Entry
from localku.logs.stream import LogStream
from localku.manifest.manifest import Manifest
from localku.platform.plan import Surroundings, dyno_specs
from localku.router.policy import POLICIES
from localku.router.table import AppRoute, Upstream

NAMESPACE = uuid.UUID("6c6f6361-6c6b-5500-8000-6c6f63616c6b")
SIZE = "Standard-1X"
DEFAULT_USER = "you@localhost"


class App:
    """One app. Times are seconds since the epoch; quantities are whole numbers from 0."""

    def __init__(self, manifest: Manifest, around: Surroundings, stream: LogStream) -> None:
        self.manifest = manifest
        self.around = around
        self.name = manifest.app
        self.id = str(
            uuid.uuid5(NAMESPACE, os.fsencode(f"{manifest.root}\0{manifest.app}").decode("latin-1"))
        )
        self.formation = dict(manifest.quantities)
        self.stream = stream
        self.created_at = time.time()
        self.release = 1  # counts the manifests that ran
        self.scaled_at = dict.fromkeys(self.formation, self.created_at)
        self.supervisor: Supervisor | None = None
        self.routing = manifest.settings.routing
        self.maintenance = False
        self.on_change: Callable[[], None] = lambda: None  # the router has to look again
        self._affinity_key = os.urandom(32)

    # -- what it says --------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """A line of `app[api]`."""
        self.stream.publish(Entry(time.time(), "app", "api", os.fsencode(text) + b"\n"))

    # -- what there is -------------------------------------------------------------------------

    @property
    def commands(self) -> Mapping[str, str]:
        """The Procfile: type to command, in its order, without the release command."""
        entries = self.manifest.entries.items()
        return {kind: entry.command for kind, entry in entries if kind != "release"}

    @property
    def runners(self) -> list[Runner]:
        """The dynos in `ps` order."""
        runners = self.supervisor.runners.values() if self.supervisor else ()
        order = self.manifest.types
        return sorted(runners, key=lambda r: (_place(order, r.spec.type), _number(r.spec.name)))

    def route(self) -> AppRoute:
        """What the router has to know."""
        web = [runner for runner in self.runners if runner.spec.binds]
        upstreams = tuple(
            Upstream(r.spec.name, r.current.host, r.current.port, r.current.key)
            for r in web
            if r.state == "up" and r.current is not None
        )
        states = [runner.state for runner in web if not runner.leaving]
        return AppRoute(
            self.name,
            upstreams,
            quantity=self.formation.get("web", 0),
            starting=states.count("starting"),
            crashed=states.count("crashed"),
            error_page_url=self.manifest.env.get("ERROR_PAGE_URL", ""),
            maintenance=self.maintenance,
            maintenance_page_url=self.manifest.env.get("MAINTENANCE_PAGE_URL", ""),
            policy=self.routing,
            affinity=self._affinity_key if self.manifest.settings.session_affinity else b"",
        )

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names under which the router finds it."""
        return (f"{self.name}.localhost", *self.manifest.settings.domain)

    # -- what changes it -----------------------------------------------------------------------

    def apply(self, *, refresh: bool = False) -> None:
        """Make what runs equal to the formation."""
        if self.supervisor is not None:
            specs = dyno_specs(self.manifest, self.formation, self.around)
            self.supervisor.apply(specs, refresh=refresh)

    def scale(self, quantities: Mapping[str, int], user: str = DEFAULT_USER) -> None:
        """Change quantities. UserError for a type that the Procfile does not have."""
        for name in quantities:
            if name not in self.commands:
                raise UserError(f"Couldn't find that process type ({name}).")
        now = time.time()
        for name, quantity in quantities.items():
            self.formation[name] = quantity
            self.scaled_at[name] = now
        self.say(f"Scaled to {self.described_formation()} by user {user}")
        self.apply()

    def maintain(self, on: bool, user: str = DEFAULT_USER) -> None:
        """Maintenance mode: every request is answered with H80 while the dynos run on."""
        if on != self.maintenance:
            self.maintenance = on
            self.say(f"Maintenance mode {'enabled' if on else 'disabled'} by user {user}")
            self.on_change()

    def route_by(self, policy: str, user: str = DEFAULT_USER) -> None:
        """Use another routing policy from the next request on. UserError for an unknown one."""
        if policy not in POLICIES:
            raise UserError(f"No such routing policy: it is one of {', '.join(POLICIES)}.")
        if policy != self.routing:
            self.routing = policy
            self.say(f"Routing {policy} by user {user}")
            self.on_change()

    def described_formation(self) -> str:
        """`web@2:Standard-1X worker@1:Standard-1X`: the whole formation in alphabetical order."""
        return " ".join(f"{t}@{self.formation.get(t, 0)}:{SIZE}" for t in sorted(self.commands))

    def restart(self, which: str = "") -> list[str]:
        """Restart a dyno (`web.1`), a type (`web`) or all (""); returns the names.

        UserError when there is none of that name.
        """
        picked = self._pick(which)
        for runner in picked:
            runner.restart()
        return [runner.spec.name for runner in picked]

    def stop(self, which: str) -> list[str]:
        """Stop a dyno or a type; returns the names. As on Heroku's Common Runtime it then starts
        again by itself, since the formation still has it: scaling is what keeps a dyno down.

        UserError when there is none of that name.
        """
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

    def reload(self, manifest: Manifest) -> None:
        """Take a changed Procfile, .env, app.json or localku.yml: new types start, removed stop.

        Quantities that were set while it ran are kept.
        """
        self.formation = self.formation_after(manifest)
        if manifest.settings.routing != self.manifest.settings.routing:
            self.routing = manifest.settings.routing
        self.manifest = manifest
        self.release += 1
        self.apply(refresh=True)
        self.on_change()

    def formation_after(self, manifest: Manifest) -> dict[str, int]:
        """The formation with that manifest: its quantities where it says another one than before,
        else those that are in force."""
        before = self.manifest.quantities
        return {
            kind: quantity if before.get(kind) != quantity else self.formation.get(kind, quantity)
            for kind, quantity in manifest.quantities.items()
        }


def _place(order: list[str], kind: str) -> int:
    return order.index(kind) if kind in order else len(order)


def _number(name: str) -> int:
    tail = name.rpartition(".")[2]
    return int(tail) if tail.isdigit() else 0
