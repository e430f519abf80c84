"""What is measured on the platform: which dynos, for whom, and what is known of them now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localku.dynos.metering import Metering, Subject
from localku.metrics.metrics import Watcher
from localku.platform import features

if TYPE_CHECKING:
    from localku.dynos.oneoff import OneOff
    from localku.dynos.runner import Runner
    from localku.dynos.usage import Usage
    from localku.platform.app import App
    from localku.platform.hosting import Hosting

CHANGED, LOOKED = "changed", "looked"  # what watchers are told beside points and marks


@dataclass(frozen=True, slots=True)
class DynoNow:
    """A dyno as it is. since, of its state: seconds since the epoch. restarts: runs after the
    first. memory, load: None if nobody has looked. quota: bytes, 0 for none. in_flight: requests,
    None if unknown (several routers)."""

    name: str
    type: str
    state: str
    since: float
    restarts: int
    pid: int
    quota: int
    memory: int | None = None
    load: float | None = None
    in_flight: int | None = 0


class Telemetry:
    """scale: of all times. in_flight(app): what the router knows, by dyno."""

    def __init__(
        self,
        hosting: Hosting,
        scale: float,
        in_flight: Callable[[str], dict[str, int] | None],
    ) -> None:
        self._hosting = hosting
        self._in_flight = in_flight
        self._metering = Metering(self._subjects, scale, self._looked)

    def arm(self) -> None:
        """Dynos or features changed: there may be something to measure."""
        self._metering.arm()

    def close(self) -> None:
        """Measure nothing any more."""
        self._metering.close()
        for app in self._hosting.apps.values():
            app.metrics.close()

    def watch(self, app: App, watcher: Watcher) -> None:
        """Tell watcher what happens to app: points, marks, and that something changed."""
        app.metrics.watch(watcher)
        self._metering.arm(at_once=True)

    async def look(self) -> None:
        """Measure all dynos now."""
        await self._metering.look()

    async def usage(self, dyno: Runner) -> Usage | None:
        """What a dyno uses now, measured for this; None when it does not run."""
        for _ in range(2):  # a look that was under way already may have been at others only
            await self._metering.look()
            sample = self._metering.sample(dyno.current)
            if sample is not None:
                return sample.usage
        return None

    def changed(self) -> None:
        """Something of some app is another now."""
        for app in self._hosting.apps.values():
            app.metrics.tell(CHANGED, {})

    def dynos(self, app: App) -> list[DynoNow]:
        """All dynos of an app as they are: the formation in `ps` order, then one-off dynos."""
        in_flight = self._in_flight(app.name)
        found = [self._now(app, each, in_flight) for each in app.runners if not each.leaving]
        return [*found, *(self._now(app, each, in_flight) for each in app.oneoffs.values())]

    def _now(self, app: App, dyno: Runner | OneOff, in_flight: dict[str, int] | None) -> DynoNow:
        spec, run = dyno.spec, dyno.current
        sample = self._metering.sample(run)
        return DynoNow(
            spec.name,
            spec.type,
            dyno.state,
            dyno.changed_at,
            max(0, app.metrics.totals.starts.get(spec.name, 1) - 1),
            run.pid if run is not None else 0,
            spec.memory,
            sample.usage.total if sample is not None else None,
            round(sample.load.averages[0], 2) if sample is not None else None,
            in_flight.get(spec.name, 0) if in_flight is not None else None,
        )

    def _subjects(self) -> Iterator[Subject]:
        for app in self._hosting.apps.values():
            supervisor = app.supervisor
            if supervisor is None:
                continue
            reports = features.is_on(app, features.RUNTIME_METRICS)
            dynos: list[Runner | OneOff] = [*supervisor.runners.values()]
            for dyno in (*dynos, *supervisor.oneoffs.values()):
                yield Subject(dyno, app.id, reports, app.metrics.watched)

    def _looked(self) -> None:
        for app in self._hosting.apps.values():
            if not app.metrics.watched and not features.is_on(app, features.RUNTIME_METRICS):
                continue
            for now in self.dynos(app):
                if now.memory is not None and now.load is not None:
                    app.metrics.sampled(now.name, now.memory, now.quota, now.load)
            app.metrics.tell(LOOKED, {})
