"""One app on the platform: its formation, and what runs of it. What the API shows and changes.

Everything that changes the app comes through here, says so on the log stream as Heroku's API
does (`app[api]`), and ends in one `apply` of the supervisor.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping

from localku.dynos.runner import Runner
from localku.dynos.supervisor import Supervisor
from localku.errors import UserError
from localku.logs.entry import Entry
from localku.logs.stream import LogStream
from localku.manifest.manifest import Manifest
from localku.platform.plan import dyno_specs
from localku.router.table import AppRoute, Upstream

NAMESPACE = uuid.UUID("6c6f6361-6c6b-5500-8000-6c6f63616c6b")
SIZE = "Standard-1X"
DEFAULT_USER = "you@localhost"


class App:
    """One app. Times are seconds since the epoch; quantities are whole numbers from 0."""

    def __init__(
        self, manifest: Manifest, formation: Mapping[str, int], stream: LogStream, *, pty: bool
    ) -> None:
        self.manifest = manifest
        self.name = manifest.name
        self.id = str(uuid.uuid5(NAMESPACE, f"{manifest.root}\0{manifest.name}"))
        self.formation = dict(formation)
        self.stream = stream
        self.pty = pty
        self.created_at = time.time()
        self.scaled_at = dict.fromkeys(self.formation, self.created_at)
        self.supervisor: Supervisor | None = None

    # -- what it says --------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """A line of `app[api]`."""
        self.stream.publish(Entry(time.time(), "app", "api", text.encode() + b"\n"))

    # -- what there is -------------------------------------------------------------------------

    @property
    def commands(self) -> Mapping[str, str]:
        """The Procfile: type to command, in its order, without the release command."""
        return {t: c for t, c in self.manifest.commands.items() if t != "release"}

    @property
    def runners(self) -> list[Runner]:
        """The dynos in `ps` order."""
        runners = self.supervisor.runners.values() if self.supervisor else ()
        order = list(self.manifest.commands)
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
            maintenance_page_url=self.manifest.env.get("MAINTENANCE_PAGE_URL", ""),
        )

    # -- what changes it -----------------------------------------------------------------------

    def apply(self, *, refresh: bool = False) -> None:
        """Make what runs equal to the formation."""
        if self.supervisor is not None:
            specs = dyno_specs(
                self.manifest, self.formation, pty=self.pty, parent=os.environ
            )
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

    def described_formation(self) -> str:
        """`web@2:Standard-1X worker@1:Standard-1X`: the whole formation in alphabetical order."""
        return " ".join(f"{t}@{self.formation.get(t, 0)}:{SIZE}" for t in sorted(self.commands))

    def restart(self, which: str = "") -> list[str]:
        """Restart a dyno (`web.1`), a type (`web`) or all (""); returns the names.

        UserError when there is none of that name.
        """
        runners = [r for r in self.runners if which in ("", r.spec.name, r.spec.type)]
        if which and not runners:
            raise UserError(f"Couldn't find that process ({which}).")
        for runner in runners:
            if not runner.leaving:
                runner.restart()
        return [runner.spec.name for runner in runners]

    def reload(self, manifest: Manifest) -> None:
        """Take a changed Procfile, .env, app.json or localku.yml: new types start, removed stop.

        Quantities that were set while it ran are kept.
        """
        before, self.manifest = self.manifest, manifest
        for name in self.commands:
            if name not in before.commands:
                self.formation[name] = manifest.formation.get(name, 0)
            elif before.formation.get(name) != manifest.formation.get(name):
                self.formation[name] = manifest.formation.get(name, 0)
        self.formation = {t: n for t, n in self.formation.items() if t in manifest.commands}
        self.apply(refresh=True)


def _place(order: list[str], kind: str) -> int:
    return order.index(kind) if kind in order else len(order)


def _number(name: str) -> int:
    tail = name.rpartition(".")[2]
    return int(tail) if tail.isdigit() else 0
