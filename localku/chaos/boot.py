"""The fault `boot`: a bound port counts later; Heroku's rules of booting do the rest."""

from __future__ import annotations

import asyncio

from localku.chaos.deed import Deed
from localku.chaos.faults import SECONDS, matches
from localku.chaos.scene import Scene
from localku.chaos.words import joined, seconds

MARGIN = 1.5  # times the boot timeout


class Boot(Deed):
    """delay: ms from a dyno's bind until it counts as bound; by default longer than it may take."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._released = asyncio.Event()
        self._on = False

    @property
    def timeout(self) -> float:
        """Seconds in which a dyno has to bind."""
        return max((runner.spec.boot for runner in self.scene.living()), default=0.0) or (
            self.scene.settings.boot_timeout
        )

    @property
    def delay(self) -> float:
        """Seconds."""
        return self.scene.wish.number("delay", MARGIN * self.timeout * 1000) / 1000

    @property
    def seconds(self) -> float:
        """Long enough for R10."""
        return max(SECONDS, MARGIN * self.timeout)

    @property
    def hint(self) -> str:
        """What comes of it."""
        patience = self.scene.settings.boot_wait
        if self.delay < self.timeout:
            return f"they are up {seconds(self.delay)} later"
        return (
            f"R10 after {seconds(self.timeout)}; requests that find no dyno up get H10 then, "
            f"or H20 after {seconds(patience)}"
        )

    def shown(self) -> dict[str, object]:
        """In ms."""
        return {"delay": self.delay * 1000}

    def act(self) -> None:
        """Restart them; their port counts later."""
        found = self.scene.chosen()
        self._delay = self.delay  # that of now: what boots has no say in it
        self._on = True
        self.scene.supervisor.holds.append(self._hold)
        names = joined([runner.spec.name for runner in found])
        self.scene.note(f"restarting {names}" if names else "no dyno runs: the next boot is met")
        for runner in found:
            self.scene.app.restart_runner(runner)

    async def _hold(self, dyno: str) -> None:
        if not matches(self.target or "web", dyno, dyno.rpartition(".")[0]):
            return
        self.scene.note(f"{dyno} has bound its port; that counts {seconds(self._delay)} later")
        try:
            await asyncio.wait_for(self._released.wait(), self._delay)
        except asyncio.TimeoutError:
            pass

    def undo(self, *, ending: bool = False) -> None:
        """A bound port counts at once."""
        if self._on:
            self._on = False
            self.scene.supervisor.holds.remove(self._hold)
            self._released.set()
            self.scene.note("a bound port counts at once again")
