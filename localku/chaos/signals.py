"""Faults that are signals and orders: kill, term, freeze, cycle."""

from __future__ import annotations

import signal

from localku.chaos.deed import Deed
from localku.chaos.faults import SECONDS
from localku.chaos.words import joined, seconds
from localku.dynos.runner import Runner

MARGIN = 1.3  # times as long as it takes until the router gives up, for the code to be seen


class Signalled(Deed):
    """A dyno gets a signal that nobody expected."""

    number: signal.Signals

    def act(self) -> None:
        """Send it."""
        found = self.scene.chosen()
        for runner in found:
            self.scene.note(f"{self.number.name} to {runner.spec.name}")
            if runner.current is not None:
                self.scene.signal(runner.current.key, self.number)
        if not found:
            self.scene.note(f"no {self.target or 'dyno'} runs now: nothing done")


class Kill(Signalled):
    """It is gone, without a word."""

    number = signal.SIGKILL


class Term(Signalled):
    """It is asked to go; nothing follows when it does not."""

    number = signal.SIGTERM


class Freeze(Signalled):
    """It stands still: its port takes connections, and nobody answers."""

    number = signal.SIGSTOP

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._frozen: list[tuple[Runner, int]] = []

    @property
    def seconds(self) -> float:
        """Long enough for H12."""
        return max(SECONDS, MARGIN * self.scene.settings.request_timeout)

    @property
    def hint(self) -> str:
        """When H12 comes."""
        patience = self.scene.settings.request_timeout
        return f"requests that it holds for {seconds(patience)} get H12"

    def act(self) -> None:
        """SIGSTOP."""
        found = self.scene.chosen()
        for runner in found:
            if runner.current is not None:
                self._frozen.append((runner, runner.current.key))
                self.scene.signal(runner.current.key, self.number)
        names = joined([runner.spec.name for runner in found])
        self.scene.note(f"SIGSTOP to {names}" if names else "no dyno runs now: nothing done")

    def undo(self, *, ending: bool = False) -> None:
        """SIGCONT to those runs that are still there."""
        frozen, self._frozen = self._frozen, []
        found = []
        for runner, key in frozen:
            self.scene.signal(key, signal.SIGCONT)
            if runner.current is not None and runner.current.key == key:
                found.append(runner.spec.name)
        if found:
            self.scene.note(f"SIGCONT to {joined(found)}")


class Cycle(Deed):
    """Heroku restarts each dyno once a day; here, now (Dev Center, "Dyno Restarts")."""

    def act(self) -> None:
        """Restart them, with Heroku's word for it."""
        found = self.scene.chosen()
        self.scene.note(f"the daily restart of {joined([r.spec.name for r in found])}, now")
        for runner in found:
            runner.restart("Cycling")
